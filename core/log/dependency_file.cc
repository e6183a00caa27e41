#include "core/log/dependency_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/log/deps.h"
#include "core/log/verbs.h"
#include "core/log_writer.h"

namespace filemon::log {
namespace {

absl::Status Failure(const std::string& file) {
  return absl::ErrnoToStatus(
      errno, absl::StrCat("cannot write the dependency file ", file));
}

// Puts a file with this text in the place of what is there.
absl::Status Replace(const std::string& file, absl::string_view text) {
  std::string name = absl::StrCat(file, ".XXXXXX");
  const int fd = mkostemp(&name[0], O_CLOEXEC);
  if (fd < 0) return Failure(file);
  const mode_t mask = umask(0);
  umask(mask);
  bool written = FdSink(fd)(text).ok() && fchmod(fd, 0666 & ~mask) == 0;
  written = close(fd) == 0 && written;
  if (written && rename(name.c_str(), file.c_str()) == 0) {
    return absl::OkStatus();
  }
  const absl::Status status = Failure(file);
  unlink(name.c_str());
  return status;
}

}  // namespace

DependencyFile::DependencyFile(DependencyFileOptions options)
    : options_(std::move(options)), states_(trace_.mutable_names()) {
  trace_.Follow(&states_);
  trace_.Begin("the log");
}

void DependencyFile::Feed(absl::string_view bytes) {
  for (;;) {
    const size_t end = bytes.find('\n');
    if (end == bytes.npos) break;
    if (begun_.empty()) {
      trace_.Line(bytes.substr(0, end));
    } else {
      absl::StrAppend(&begun_, bytes.substr(0, end));
      trace_.Line(begun_);
      begun_.clear();
    }
    bytes.remove_prefix(end + 1);
  }
  absl::StrAppend(&begun_, bytes);
}

absl::Status DependencyFile::Write(std::vector<std::string>* remarks) {
  trace_.End(!begun_.empty());
  const std::string missing = WhatIsMissing(trace_);
  if (!missing.empty()) {
    remarks->push_back(absl::StrCat("the dependency file ", options_.file,
                                    " may lack files: ", missing));
  }
  const View view(Options(), trace_.cwd(), /*with_system=*/true);
  std::vector<std::string> inputs;
  for (const NameId id : Dependencies(states_, trace_.names())) {
    inputs.push_back(view.Name(trace_.names()[id]));
  }
  const Depfile depfile =
      MakeDepfile(options_.targets, inputs, options_.reader);
  for (const std::string& name : depfile.left_out) {
    remarks->push_back(absl::StrCat("the dependency file ", options_.file,
                                    " cannot have the name ", name));
  }
  if (options_.strict && !remarks->empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the dependency file ", options_.file, " is not written"));
  }
  if (depfile.text.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the dependency file ", options_.file, " can have no such target"));
  }
  return Replace(options_.file, depfile.text);
}

}  // namespace filemon::log
