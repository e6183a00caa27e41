#include "bazel/lint/lint_options.h"

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "bazel/lint/whole_file.h"
#include "core/paths.h"

namespace filemon::lint {
namespace {

constexpr char kHelp[] =
    R"(usage: bazel aquery --output=jsonproto 'deps(//...)' |
           filemon bazel lint [OPTIONS] LOGS...

Compares what the actions of a Bazel build have read and written with what
they declare. LOGS are filemon's logs of the actions, or folders of them.

  --aquery=FILE    what bazel aquery --output=jsonproto printed, for the targets
                   and with the options of the build; default: standard input
  --workspace=DIR  the folder of the sources; default: the one with a
                   MODULE.bazel or WORKSPACE file that we are in
  --allow=PREFIX   what is there need not be declared; an absolute path, or one
                   below the workspace; may be repeated
  --allow-file=FILE
                   a prefix on each line; # begins a comment
  --strict         allow no system folders (/usr, /etc, /tmp...)
  --unread=all     also unread files of toolchains, other repositories and
                   runfiles, and of actions that Bazel prunes by itself
  --most=N         at most N files of a kind for each action, 0: all; default 10
  --format=text|json|sarif
  --error[=KINDS]  exit with 1 if there is one of these: undeclared (an input,
                   the default), outputs (undeclared ones), unread (an input),
                   incomplete (an action could not be judged); or several, with
                   commas between them
  --help
)";

absl::Status AddAllowFile(const std::string& file,
                          std::vector<std::string>* allow) {
  const auto text = WholeFile(file);
  if (!text.ok()) return text.status();
  for (absl::string_view line : absl::StrSplit(*text, '\n')) {
    line = absl::StripAsciiWhitespace(line);
    if (!line.empty() && line[0] != '#') allow->emplace_back(line);
  }
  return absl::OkStatus();
}

absl::Status TakeErrors(absl::string_view kinds, LintOptions::Errors* errors) {
  for (absl::string_view kind : absl::StrSplit(kinds, ',')) {
    if (kind == "undeclared") {
      errors->undeclared = true;
    } else if (kind == "outputs") {
      errors->outputs = true;
    } else if (kind == "unread") {
      errors->unread = true;
    } else if (kind == "incomplete") {
      errors->incomplete = true;
    } else {
      return absl::InvalidArgumentError(absl::StrCat(
          "--error: ", kind,
          " is none of undeclared, outputs, unread and incomplete"));
    }
  }
  return absl::OkStatus();
}

absl::Status TakeOption(absl::string_view argument, LintOptions* options) {
  const size_t equals = argument.find('=');
  const bool has_value = equals != argument.npos;
  const absl::string_view name = argument.substr(0, equals);
  const std::string value(has_value ? argument.substr(equals + 1)
                                    : absl::string_view());
  const auto wrong = [argument](absl::string_view why) {
    return absl::InvalidArgumentError(absl::StrCat(argument, ": ", why));
  };

  bool* flag = nullptr;
  if (name == "--help") flag = &options->help;
  if (name == "--error") {
    return TakeErrors(has_value ? value : "undeclared", &options->errors);
  }
  bool strict = false;
  if (name == "--strict") flag = &strict;
  if (flag != nullptr) {
    if (has_value) return wrong("takes no value");
    *flag = true;
    if (strict) options->allow_system = false;
    return absl::OkStatus();
  }

  if (name != "--aquery" && name != "--workspace" && name != "--allow" &&
      name != "--allow-file" && name != "--unread" && name != "--most" &&
      name != "--format") {
    return wrong("no such option");
  }
  if (value.empty()) return wrong("needs a value, as in --option=value");
  if (name == "--aquery") options->aquery = value;
  if (name == "--workspace") options->workspace = value;
  if (name == "--allow") options->allow.push_back(value);
  if (name == "--allow-file") return AddAllowFile(value, &options->allow);
  if (name == "--unread") {
    if (value != "all") return wrong("the one value is all");
    options->all_unread = true;
  }
  if (name == "--most" && !absl::SimpleAtoi(value, &options->most)) {
    return wrong("is no number");
  }
  if (name == "--format") {
    if (value == "text") {
      options->format = ReportFormat::kText;
    } else if (value == "json") {
      options->format = ReportFormat::kJson;
    } else if (value == "sarif") {
      options->format = ReportFormat::kSarif;
    } else {
      return wrong("the formats are text, json and sarif");
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<LintOptions> ParseLintOptions(
    const std::vector<std::string>& arguments) {
  LintOptions options;
  bool names_only = false;
  for (const std::string& argument : arguments) {
    if (!names_only && argument == "--") {
      names_only = true;
    } else if (!names_only && absl::StartsWith(argument, "--")) {
      const absl::Status status = TakeOption(argument, &options);
      if (!status.ok()) return status;
    } else {
      options.logs.push_back(argument);
    }
  }
  // `//a/b` is a package, and CleanPath() would take it for /a/b.
  for (std::string& prefix : options.allow) {
    prefix = CleanPath(absl::StartsWith(prefix, "//")
                           ? absl::string_view(prefix).substr(2)
                           : absl::string_view(prefix));
  }
  if (options.logs.empty() && !options.help) {
    return absl::InvalidArgumentError("which logs? (--help)");
  }
  return options;
}

absl::string_view LintHelp() { return kHelp; }

}  // namespace filemon::lint
