#include "core/log/log_command.h"

#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <memory>
#include <numeric>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/log/verbs.h"

namespace filemon::log {
namespace {

// What one call of the command is about.
struct Call {
  Options options;
  std::vector<std::string> files;  // who
  std::string folder;              // unused
  DepsOptions deps;
  PackagesOptions packages;
  std::function<int(Output*)> run;
};

struct Verb {
  const char* name;
  const char* summary;
  int (*run)(const Call& call, Output* out);
  // How many words come before the logs: `who` has one, or more behind --.
  const char* operand;
};

constexpr Verb kVerbs[] = {
    {"files", "what became of each file",
     [](const Call& call, Output* out) { return RunFiles(call.options, out); },
     nullptr},
    {"who", "which processes touched a file, how, and who started them",
     [](const Call& call, Output* out) {
       return RunWho(call.options, call.files, out);
     },
     "PATH"},
    {"tree", "the processes, and what each wrote",
     [](const Call& call, Output* out) { return RunTree(call.options, out); },
     nullptr},
    {"deps", "a dependency file for make and ninja",
     [](const Call& call, Output* out) {
       return RunDeps(call.options, call.deps, out);
     },
     nullptr},
    {"stale", "is the result still what the command would make?",
     [](const Call& call, Output* out) { return RunStale(call.options, out); },
     nullptr},
    {"unused", "files in a folder that nobody read",
     [](const Call& call, Output* out) {
       return RunUnused(call.options, call.folder, out);
     },
     "DIR"},
    {"diff", "what one log has and the other has not",
     [](const Call& call, Output* out) { return RunDiff(call.options, out); },
     nullptr},
    {"packages", "the packages whose files were used",
     [](const Call& call, Output* out) {
       return RunPackages(call.options, call.packages, out);
     },
     nullptr},
    {"json", "the log as JSON lines",
     [](const Call& call, Output* out) { return RunJson(call.options, out); },
     nullptr},
    {"check", "is the log complete?",
     [](const Call& call, Output* out) { return RunCheck(call.options, out); },
     nullptr},
    {"fsatrace", "the log as fsatrace writes it",
     [](const Call& call, Output* out) {
       return RunFsatrace(call.options, out);
     },
     nullptr},
};

// How many letters must change (Levenshtein).
size_t Distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
    }
  }
  return row[b.size()];
}

int UnknownVerb(const std::string& word) {
  const Verb* const nearest = std::min_element(
      std::begin(kVerbs), std::end(kVerbs), [&](const Verb& a, const Verb& b) {
        return Distance(word, a.name) < Distance(word, b.name);
      });
  Complain(absl::StrCat(
      "there is no verb ", word,
      Distance(word, nearest->name) <= 3
          ? absl::StrCat("; do you mean ", nearest->name, "?")
          : "",
      " (try filemon log --help; filemon -- log runs a program named log)"));
  return kTrouble;
}

void AddVerb(const Verb& verb, CLI::App* app, Call* call) {
  CLI::App* const sub = app->add_subcommand(verb.name, verb.summary);
  sub->add_flag("--json", call->options.json, "lines of JSON, for programs");
  sub->add_flag("-0,--zero", call->options.zero, "names that end in NUL");
  sub->add_flag("--strict", call->options.strict,
                "exit with 2 if the log does not have everything");
  sub->add_flag("--system", call->options.system,
                "also what is in /usr, /etc, /lib*, /proc, /sys and /dev");
  sub->add_option("--relative-to", call->options.relative_to,
                  "names below it are relative (default: the log's directory)")
      ->type_name("DIR");
  sub->add_option("--only", call->options.only, "only names like this")
      ->type_name("GLOB")
      ->allow_extra_args(false);
  sub->add_option("--not", call->options.leave_out, "no names like this")
      ->type_name("GLOB")
      ->allow_extra_args(false);
  if (absl::string_view(verb.name) == "deps") {
    sub->add_option("--target", call->deps.targets,
                    "what depends on the files; may be repeated")
        ->type_name("NAME")
        ->allow_extra_args(false);
    const std::map<std::string, DepfileReader> readers = {
        {"both", DepfileReader::kBoth},
        {"make", DepfileReader::kMake},
        {"ninja", DepfileReader::kNinja}};
    sub->add_option("--for", call->deps.reader,
                    "who reads it: both (default), make, ninja")
        ->transform(CLI::CheckedTransformer(readers));
  }
  if (absl::string_view(verb.name) == "packages") {
    sub->add_option("--against", call->packages.against,
                    "compare with what a debian/control declares")
        ->type_name("FILE");
    sub->add_option("--database", call->packages.database,
                    "dpkg's folder (default: /var/lib/dpkg)")
        ->type_name("DIR");
  }
  if (absl::string_view(verb.name) == "who") {
    sub->add_option("--path", call->files, "one more file; may be repeated")
        ->type_name("PATH")
        ->allow_extra_args(false);
  }
  auto* const words =
      sub->add_option("words", call->options.logs, "")
          ->type_name(verb.operand != nullptr
                          ? absl::StrCat(verb.operand, " LOG")
                          : std::string("LOG"))
          ->option_text(verb.operand != nullptr
                            ? absl::StrCat(verb.operand, " LOG...")
                            : "LOG...");
  (void)words;
  sub->callback([&verb, call] {
    call->run = [&verb, call](Output* out) { return verb.run(*call, out); };
    std::vector<std::string>& logs = call->options.logs;
    if (verb.operand != nullptr) {
      if (logs.empty()) {
        throw CLI::RequiredError(verb.operand);
      }
      call->folder = logs.front();
      call->files.insert(call->files.begin(), logs.front());
      logs.erase(logs.begin());
    }
    if (logs.empty()) throw CLI::RequiredError("LOG");
  });
}

}  // namespace

int RunLogCommand(const std::vector<std::string>& arguments) {
  signal(SIGPIPE, SIG_IGN);
  if (!arguments.empty() && !absl::StartsWith(arguments[0], "-")) {
    const bool known = std::any_of(
        std::begin(kVerbs), std::end(kVerbs),
        [&](const Verb& verb) { return arguments[0] == verb.name; });
    if (!known) return UnknownVerb(arguments[0]);
  }
  CLI::App app(
      "Answers questions from logs of filemon. LOG is a file, or - for "
      "standard input;\nseveral are read as one.",
      "filemon log");
  app.require_subcommand(1);
  app.footer(
      "Exit status: 0 found, or as it should be; 1 nothing found, or a "
      "difference;\n2 trouble. See filemon-log(1).");
  Call call;
  for (const Verb& verb : kVerbs) AddVerb(verb, &app, &call);
  Output out(STDOUT_FILENO);
  // CLI11 takes them from the end.
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    app.parse(std::move(reversed));
  } catch (const CLI::CallForHelp&) {
    // Of the verb that was named, if one was.
    const auto chosen = app.get_subcommands();
    out.Add(chosen.empty() ? app.help() : chosen.front()->help());
    return out.Flush() ? kFine : kTrouble;
  } catch (const CLI::ParseError& error) {
    Complain(absl::StrCat(error.what(), " (try filemon log --help)"));
    return kTrouble;
  }
  return call.run(&out);
}

}  // namespace filemon::log
