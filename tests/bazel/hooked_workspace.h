// A workspace in which a real Bazel builds under the hook.
#ifndef FILEMON_TESTS_BAZEL_HOOKED_WORKSPACE_H_
#define FILEMON_TESTS_BAZEL_HOOKED_WORKSPACE_H_

#include <string>

namespace filemon {

struct CommandResult {
  // As a shell has it.
  int status = -1;
  // What it printed, on both of its streams where `command` joins them.
  std::string output;
};

// The workspace of make_workspace.sh with the hook in it, and a Bazel with an
// output base of its own. Fails the test that makes it if something is missing.
class HookedWorkspace {
 public:
  HookedWorkspace();
  // Ends Bazel's server.
  ~HookedWorkspace();

  HookedWorkspace(const HookedWorkspace&) = delete;
  HookedWorkspace& operator=(const HookedWorkspace&) = delete;

  // The command.
  const std::string& filemon() const { return filemon_; }
  // The folder of the logs.
  const std::string& logs() const { return logs_; }
  // The file of the workspace with this name.
  std::string File(const std::string& name) const { return dir_ + "/" + name; }

  // Runs `bazel ARGUMENTS` in the workspace; a shell reads the arguments.
  CommandResult Bazel(const std::string& arguments) const;

  // Asks aquery with `arguments` and then runs
  // `filemon bazel lint OPTIONS LOGS`.
  CommandResult Lint(const std::string& aquery_arguments,
                     const std::string& options) const;

  void RemoveLogs() const;

  // The contents of `file` in the archive `zip`.
  std::string Unzipped(const std::string& zip, const std::string& file) const;

 private:
  std::string bazel_;
  std::string filemon_;
  std::string root_;
  std::string dir_;
  std::string logs_;
};

}  // namespace filemon

#endif  // FILEMON_TESTS_BAZEL_HOOKED_WORKSPACE_H_
