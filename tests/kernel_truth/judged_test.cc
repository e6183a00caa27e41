#include "tests/kernel_truth/judged_test.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace filemon {
namespace truth {
namespace {

std::string MakeFolder(const std::string& path) {
  EXPECT_EQ(mkdir(path.c_str(), 0777), 0) << path;
  return path;
}

// "R 12 name (O_RDONLY)" as "R name (O_RDONLY)".
std::string WithoutPid(const std::string& record) {
  const size_t pid = record.find(' ');
  return record.substr(0, pid) + record.substr(record.find(' ', pid + 1));
}

void TakeGap(const Gap& gap, Verdict* verdict) {
  for (size_t i = 0; i < verdict->missing.size(); ++i) {
    if (WithoutPid(verdict->missing[i]) != gap.record) continue;
    printf("known gap: %s (%s)\n", verdict->missing[i].c_str(),
           gap.reason.c_str());
    verdict->missing.erase(verdict->missing.begin() + i);
    return;
  }
  ADD_FAILURE() << "a gap that is none any more: " << gap.record;
}

}  // namespace

std::string Runfile(const std::string& path) {
  char real[PATH_MAX];
  if (realpath(path.c_str(), real) == nullptr) {
    ADD_FAILURE() << "no such runfile: " << path;
    return path;
  }
  return real;
}

Session NewSession(const std::string& name) {
  char real[PATH_MAX];
  if (realpath(getenv("TEST_TMPDIR"), real) == nullptr) {
    ADD_FAILURE() << "no TEST_TMPDIR";
  }
  const std::string top = MakeFolder(absl::StrCat(real, "/", name));
  Session session;
  session.filemon = Runfile("core/filemon");
  session.filemon_args = {"--wait-all"};
  session.directory = MakeFolder(absl::StrCat(top, "/work"));
  session.evidence = MakeFolder(absl::StrCat(top, "/evidence"));
  session.environment = {
      "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
      absl::StrCat("HOME=", session.directory),
      absl::StrCat("TMPDIR=", MakeFolder(absl::StrCat(top, "/tmp"))),
  };
  return session;
}

Judgement ExpectTruth(const Session& session, const std::vector<Gap>& gaps) {
  absl::StatusOr<Judgement> judgement = Judge(session);
  if (!judgement.ok()) {
    ADD_FAILURE() << judgement.status();
    return Judgement();
  }
  EXPECT_EQ(judgement->exit_status, 0) << judgement->output;
  Verdict& verdict = judgement->verdict;
  for (const Gap& gap : gaps) TakeGap(gap, &verdict);
  // A wholly wrong log would be told record by record.
  const std::string report = verdict.Report().substr(0, 8000);
  if (verdict.ok()) {
    printf("%s", report.c_str());
  } else {
    ADD_FAILURE() << report;
  }
  return *std::move(judgement);
}

}  // namespace truth
}  // namespace filemon
