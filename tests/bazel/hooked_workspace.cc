#include "tests/bazel/hooked_workspace.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace filemon {
namespace {

namespace fs = std::filesystem;

CommandResult Shell(const std::string& command) {
  CommandResult result;
  FILE* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return result;
  char piece[4096];
  size_t size;
  while ((size = fread(piece, 1, sizeof(piece), pipe)) > 0) {
    result.output.append(piece, size);
  }
  const int status = pclose(pipe);
  result.status =
      WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

// Of a program that this test has in its runfiles, where it starts.
std::string Runfile(const std::string& name) {
  return fs::canonical(name).string();
}

void MustSucceed(const std::string& command) {
  const CommandResult result = Shell("{ " + command + "; } 2>&1");
  ASSERT_EQ(result.status, 0) << command << "\n" << result.output;
}

}  // namespace

HookedWorkspace::HookedWorkspace() : filemon_(Runfile("core/filemon")) {
  std::string pattern = absl::StrCat(getenv("TEST_TMPDIR"), "/hook.XXXXXX");
  root_ = mkdtemp(pattern.data());
  dir_ = root_ + "/workspace";
  logs_ = root_ + "/hook/logs";
  // Its server ends by itself should this test be killed.
  bazel_ = absl::StrCat("bazel --output_user_root=", root_,
                        "/bazel --max_idle_secs=60 ");
  // What an outer Bazel has told this test must not reach the inner one.
  unsetenv("TEST_TMPDIR");
  unsetenv("RUNFILES_DIR");
  unsetenv("TEST_SRCDIR");
  unsetenv("RUNFILES_MANIFEST_FILE");

  MustSucceed(absl::StrCat("tests/bazel/make_workspace.sh '", dir_,
                           "' bazel third_party"));
  // The hook wants the library with $LIB in its name, as it is installed.
  const std::string library = fs::canonical("interpose/lib64/libfilemon.so")
                                  .parent_path()
                                  .parent_path()
                                  .string();
  MustSucceed(absl::StrCat("'", dir_, "/filemon/bazel/hook' --dir=", root_,
                           "/hook --library='", library,
                           "/$LIB/libfilemon.so' '", dir_, "'"));
}

HookedWorkspace::~HookedWorkspace() {
  Bazel("shutdown");
  // Bazel takes away the write permission of the folders that it makes.
  Shell(absl::StrCat("chmod -R u+w ", root_, "; rm -rf ", root_));
}

CommandResult HookedWorkspace::Bazel(const std::string& arguments) const {
  return Shell(absl::StrCat("cd '", dir_, "' && ", bazel_, arguments, " 2>&1"));
}

CommandResult HookedWorkspace::Lint(const std::string& aquery_arguments,
                                    const std::string& options) const {
  const std::string aquery = root_ + "/aquery.json";
  // Bazel's progress, on its other stream, is shown only if it fails.
  MustSucceed(absl::StrCat("cd '", dir_, "' && ", bazel_,
                           "aquery --config=filemon --output=jsonproto "
                           "--ui_event_filters=-info --noshow_progress ",
                           aquery_arguments, " > ", aquery));
  return Shell(absl::StrCat("cd '", dir_, "' && ", filemon_,
                            " bazel lint --aquery=", aquery, " ", options, " ",
                            logs_));
}

void HookedWorkspace::RemoveLogs() const {
  for (const auto& entry : fs::directory_iterator(logs_)) {
    fs::remove(entry.path());
  }
}

std::string HookedWorkspace::Unzipped(const std::string& zip,
                                      const std::string& file) const {
  // Of the tools that can do it, the one that is here in any case.
  return Shell(absl::StrCat("python3 -c 'import sys, zipfile; "
                            "sys.stdout.buffer.write(zipfile.ZipFile("
                            "sys.argv[1]).read(sys.argv[2]))' '",
                            zip, "' ", file))
      .output;
}

}  // namespace filemon
