#include "bazel/lint/exec_root.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/types/span.h"
#include "bazel/lint/file_use.h"

namespace filemon::lint {
namespace {

using Parts = std::vector<absl::string_view>;

std::string Joined(absl::Span<const absl::string_view> parts) {
  return absl::StrJoin(parts, "/");
}

bool IsNumber(absl::string_view text) {
  for (const char c : text) {
    if (!absl::ascii_isdigit(c)) return false;
  }
  return !text.empty();
}

// The sandbox in .../KIND/NUMBER/execroot/NAME; empty if it is none.
std::string SandboxOf(const Parts& parts) {
  const size_t n = parts.size();
  if (n < 5 || parts[n - 2] != "execroot" || !IsNumber(parts[n - 3])) return "";
  // linux-sandbox, processwrapper-sandbox, darwin-sandbox...
  if (!absl::EndsWith(parts[n - 4], "-sandbox")) return "";
  return Joined(absl::MakeSpan(parts).first(n - 2));
}

// Empty if `folder` does not tell.
std::string OutputBaseOf(const Parts& parts, bool sandboxed) {
  const size_t n = parts.size();
  if (n < 3 || parts[n - 2] != "execroot") return "";
  if (!sandboxed) return Joined(absl::MakeSpan(parts).first(n - 2));
  // With --sandbox_base the sandboxes are somewhere else.
  if (n < 6 || parts[n - 5] != "sandbox") return "";
  return Joined(absl::MakeSpan(parts).first(n - 5));
}

}  // namespace

ExecRoot::ExecRoot(absl::string_view folder, absl::string_view workspace)
    : folder_(folder) {
  const Parts parts = absl::StrSplit(folder, '/');
  sandbox_ = SandboxOf(parts);
  // Where Bazel 7 keeps a sandbox's /tmp for itself, and the output base is
  // below /tmp, the action sees its folder there.
  sandboxed_ =
      !sandbox_.empty() || IsAtOrBelow(folder, "/tmp/bazel-working-directory");

  // Deeper ones before those that they are in.
  if (!folder.empty()) places_.push_back({folder_, ""});
  const std::string output_base = OutputBaseOf(parts, sandboxed_);
  if (!output_base.empty()) {
    places_.push_back(
        {absl::StrCat(output_base, "/execroot/", parts.back()), ""});
    places_.push_back({absl::StrCat(output_base, "/external"), "external"});
  }
  if (!workspace.empty()) places_.push_back({std::string(workspace), ""});
}

bool ExecRoot::Contains(absl::string_view path) const {
  if (folder_.empty()) return !absl::StartsWith(path, "/");
  return IsAtOrBelow(path, folder_);
}

absl::optional<std::string> ExecRoot::ExecPath(absl::string_view path) const {
  if (!absl::StartsWith(path, "/")) {
    if (path == ".") return "";
    if (path == ".." || absl::StartsWith(path, "../")) return absl::nullopt;
    return std::string(path);
  }
  for (const Place& place : places_) {
    if (!IsAtOrBelow(path, place.folder)) continue;
    const absl::string_view rest =
        absl::StripPrefix(absl::StripPrefix(path, place.folder), "/");
    if (place.prefix.empty()) return std::string(rest);
    return absl::StrCat(place.prefix, rest.empty() ? "" : "/", rest);
  }
  return absl::nullopt;
}

bool ExecRoot::IsMachinery(absl::string_view path) const {
  if (!sandbox_.empty() && IsAtOrBelow(path, sandbox_) && !Contains(path)) {
    return true;
  }
  // Programs that Bazel and its hook put around an action, wherever they are.
  const absl::string_view name = path.substr(path.rfind('/') + 1);
  return name == "linux-sandbox" || name == "process-wrapper" ||
         name == "build-runfiles" || name == "filemon-bazel-shell";
}

std::vector<std::string> RunfileTargets(absl::string_view exec_path) {
  constexpr absl::string_view kRunfiles = ".runfiles/";
  const size_t at = exec_path.rfind(kRunfiles);
  if (at == exec_path.npos) return {};
  const std::vector<absl::string_view> inside = absl::StrSplit(
      exec_path.substr(at + kRunfiles.size()), absl::MaxSplits('/', 1));
  if (inside.size() < 2) return {};
  const absl::string_view repository = inside[0];
  const absl::string_view rest = inside[1];

  std::vector<std::string> targets = {
      std::string(rest), absl::StrCat("external/", repository, "/", rest)};
  const Parts parts = absl::StrSplit(exec_path.substr(0, at), '/');
  if (parts.size() > 3 && parts[0] == "bazel-out") {
    const std::string bin = Joined(absl::MakeSpan(parts).first(3));
    targets.push_back(absl::StrCat(bin, "/", rest));
    targets.push_back(absl::StrCat(bin, "/external/", repository, "/", rest));
  }
  return targets;
}

}  // namespace filemon::lint
