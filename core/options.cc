#include "core/options.h"

#include <stdlib.h>

#include <utility>

#include "absl/flags/commandlineflag.h"
#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace filemon {

// For absl's flags.
bool AbslParseFlag(absl::string_view text, PathStyle* style,
                   std::string* error) {
  if (text == "given") {
    *style = PathStyle::kGiven;
  } else if (text == "absolute") {
    *style = PathStyle::kAbsolute;
  } else {
    *error = "it is `given` or `absolute`";
    return false;
  }
  return true;
}

std::string AbslUnparseFlag(PathStyle style) {
  return style == PathStyle::kGiven ? "given" : "absolute";
}

namespace log {

bool AbslParseFlag(absl::string_view text, DepfileReader* reader,
                   std::string* error) {
  if (text == "both") {
    *reader = DepfileReader::kBoth;
  } else if (text == "make") {
    *reader = DepfileReader::kMake;
  } else if (text == "ninja") {
    *reader = DepfileReader::kNinja;
  } else {
    *error = "it is `both`, `make` or `ninja`";
    return false;
  }
  return true;
}

std::string AbslUnparseFlag(DepfileReader reader) {
  return reader == DepfileReader::kBoth   ? "both"
         : reader == DepfileReader::kMake ? "make"
                                          : "ninja";
}

}  // namespace log
}  // namespace filemon

ABSL_FLAG(std::string, output, "filemon.out", "where the log goes");
ABSL_FLAG(filemon::PathStyle, paths, filemon::PathStyle::kGiven,
          "how names are written");
ABSL_FLAG(bool, wait_all, false, "wait for all descendants of CMD");
ABSL_FLAG(bool, stats, false, "print a summary at the end");
ABSL_FLAG(std::string, deps, "", "a dependency file to be made");
ABSL_FLAG(std::string, deps_target, "", "what depends on the files");
ABSL_FLAG(filemon::log::DepfileReader, deps_for,
          filemon::log::DepfileReader::kBoth, "who reads the dependency file");
ABSL_FLAG(bool, strict, false, "make no dependency file that may lack files");

namespace filemon {
namespace {

// absl::ParseCommandLine() looks for options among CMD's arguments too, and
// ends the process by itself on a bad one: here each of our options is handed
// to its flag singly.
struct OptionName {
  absl::string_view name;
  // The name of its flag; empty for those that have none.
  absl::string_view flag;
  bool takes_value;
};

constexpr OptionName kOptions[] = {
    {"--output", "output", true},
    {"-o", "output", true},
    {"--paths", "paths", true},
    {"--wait-all", "wait_all", false},
    {"--stats", "stats", false},
    {"--version", "", false},
    {"--help", "", false},
    {"-h", "", false},
    {"--deps", "deps", true},
    {"--deps-target", "deps_target", true},
    {"--deps-for", "deps_for", true},
    {"--strict", "strict", false},
};

const OptionName* FindOption(absl::string_view name) {
  for (const OptionName& option : kOptions) {
    if (option.name == name) return &option;
  }
  return nullptr;
}

// One option, as it stands on the command line.
struct Given {
  std::string name;
  bool has_value = false;
  std::string value;
};

// `--name=VALUE`, `--name`, `-n`, `-nVALUE`
Given Split(absl::string_view argument) {
  if (!absl::StartsWith(argument, "--")) {
    Given given{std::string(argument.substr(0, 2)), argument.size() > 2, ""};
    given.value = std::string(argument.substr(2));
    return given;
  }
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(argument, absl::MaxSplits('=', 1));
  return {std::string(parts.first), absl::StrContains(argument, "="),
          std::string(parts.second)};
}

absl::Status SetFlag(absl::string_view flag, absl::string_view value,
                     absl::string_view source) {
  std::string error;
  if (absl::FindCommandLineFlag(flag)->ParseFrom(value, &error)) {
    return absl::OkStatus();
  }
  // absl's own words end in what AbslParseFlag() said.
  const absl::string_view reason =
      absl::string_view(error).substr(error.rfind("; ") + 1);
  return absl::InvalidArgumentError(
      absl::StrCat(source, ": bad value '", value,
                   "':", absl::StartsWith(reason, " ") ? "" : " ", reason));
}

absl::Status TakeDeps(log::DependencyFileOptions* deps) {
  deps->file = absl::GetFlag(FLAGS_deps);
  deps->reader = absl::GetFlag(FLAGS_deps_for);
  deps->strict = absl::GetFlag(FLAGS_strict);
  if (deps->file.empty()) {
    return deps->targets.empty()
               ? absl::OkStatus()
               : absl::InvalidArgumentError("--deps-target needs --deps");
  }
  if (!deps->targets.empty()) return absl::OkStatus();
  // As compilers do: a.o.d is that of a.o.
  absl::string_view target = deps->file;
  if (!absl::ConsumeSuffix(&target, ".d") || target.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--deps: ", deps->file,
                     " does not end in .d: name a target by --deps-target"));
  }
  deps->targets.emplace_back(target);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Options> ParseOptions(
    const std::vector<std::string>& arguments) {
  Options options;
  const char* paths = getenv("FILEMON_PATHS");
  if (paths != nullptr && *paths != '\0') {
    const absl::Status status = SetFlag("paths", paths, "FILEMON_PATHS");
    if (!status.ok()) return status;
  }

  const char* deps = getenv("FILEMON_DEPS");
  if (deps != nullptr) absl::SetFlag(&FLAGS_deps, deps);

  const char* wait_all = getenv("FILEMON_WAIT_ALL");
  if (wait_all != nullptr && *wait_all != '\0') {
    const absl::string_view value = wait_all;
    if (value != "0" && value != "1") {
      return absl::InvalidArgumentError(absl::StrCat(
          "FILEMON_WAIT_ALL: bad value '", value, "': it is `1` or `0`"));
    }
    absl::SetFlag(&FLAGS_wait_all, value == "1");
  }

  auto argument = arguments.begin();
  for (; argument != arguments.end(); ++argument) {
    if (*argument == "--") {
      ++argument;
      break;
    }
    if (argument->size() < 2 || !absl::StartsWith(*argument, "-")) break;
    Given given = Split(*argument);
    const OptionName* option = FindOption(given.name);
    if (option == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("unknown option ", *argument, " (try --help)"));
    }
    if (!option->takes_value && given.has_value) {
      return absl::InvalidArgumentError(
          absl::StrCat(option->name, " takes no value"));
    }
    if (option->takes_value && !given.has_value) {
      if (++argument == arguments.end()) {
        return absl::InvalidArgumentError(
            absl::StrCat(option->name, " needs a value"));
      }
      given.value = *argument;
    }
    if (option->flag.empty()) {
      (given.name == "--version" ? options.version : options.help) = true;
      continue;
    }
    const absl::Status status = SetFlag(
        option->flag, option->takes_value ? given.value : "true", option->name);
    if (!status.ok()) return status;
    if (option->flag == "deps_target") {
      options.dependency_file.targets.push_back(given.value);
    }
  }
  options.command.assign(argument, arguments.end());
  options.output = absl::GetFlag(FLAGS_output);
  options.paths = absl::GetFlag(FLAGS_paths);
  options.wait_all = absl::GetFlag(FLAGS_wait_all);
  options.stats = absl::GetFlag(FLAGS_stats);
  const absl::Status status = TakeDeps(&options.dependency_file);
  if (!status.ok()) return status;
  if (options.output.empty()) {
    return absl::InvalidArgumentError("--output: the name is empty");
  }
  if (options.command.empty() && !options.help && !options.version) {
    return absl::InvalidArgumentError("no command given (try --help)");
  }
  return options;
}

absl::string_view HelpText() {
  return R"(Usage: filemon [OPTIONS] [--] CMD [ARGS...]

Runs CMD and logs which files it and its descendants read, write, remove, link,
rename and execute, in the text format of FreeBSD's filemon(4).

  -o, --output FILE        the log; - is standard output, fd:N an inherited
                           descriptor (default: filemon.out)
      --paths=given        names as the programs gave them (default; the
                           environment variable FILEMON_PATHS changes it)
      --paths=absolute     names absolute and lexically clean
      --wait-all           wait for all descendants of CMD, not for CMD only
                           (the environment's FILEMON_WAIT_ALL=1 says so, too)
      --stats              print a summary on standard error at the end
      --deps FILE          make a dependency file, as compilers do with -MD,
                           when CMD succeeds (the environment's FILEMON_DEPS)
      --deps-target NAME   what depends on the files; may be repeated
                           (default: FILE without its .d)
      --deps-for=make      for make alone, or ninja: more names can be in it
      --strict             no dependency file that may lack files, and then 125
      --version            print the version
  -h, --help               print this text

The exit status is CMD's; 128+N if signal N ended it; 127 if CMD is not found,
126 if it cannot be executed, 125 if filemon itself fails.

Examples:
  filemon make -j8
  filemon -o build.filemon -- sh -c 'cc -c a.c && cc -o a a.o'
  filemon -o - --paths=absolute cat /etc/hostname
  filemon --deps=out.d -- sh recipe.sh
  filemon log files filemon.out

See filemon(1), filemon-log(1) and, for the log, filemon(5).
)";
}

}  // namespace filemon
