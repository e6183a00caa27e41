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

Judgement ExpectTruth(const Session& session) {
  absl::StatusOr<Judgement> judgement = Judge(session);
  if (!judgement.ok()) {
    ADD_FAILURE() << judgement.status();
    return Judgement();
  }
  EXPECT_EQ(judgement->exit_status, 0) << judgement->output;
  const std::string report = judgement->verdict.Report();
  if (!judgement->verdict.ok()) {
    // A wholly wrong log would be told record by record.
    ADD_FAILURE() << report.substr(0, 8000);
  } else {
    printf("%s", report.substr(0, 2000).c_str());
  }
  return *std::move(judgement);
}

}  // namespace truth
}  // namespace filemon
