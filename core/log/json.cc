// `filemon log json`: the log as JSON lines.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/log/verbs.h"

namespace filemon::log {
namespace {

absl::string_view NameOf(Action action) {
  switch (action) {
    case Action::kRead:
      return "read";
    case Action::kWrite:
      return "write";
    case Action::kExecute:
      return "exec";
    case Action::kDelete:
      return "delete";
    case Action::kRename:
      return "rename";
    case Action::kLink:
      return "link";
    case Action::kEnter:
      return "chdir";
    case Action::kProbe:
      return "probe";
    case Action::kAbsent:
      return "absent";
  }
  return "";
}

// One line an event. The header waits for the first of them.
class Lines : public Listener {
 public:
  explicit Lines(Output* out) : out_(out) {}
  void Attach(const Trace* trace) { trace_ = trace; }

  void On(const Event& event) override {
    Header();
    line_.clear();
    absl::StrAppend(&line_, "{\"kind\":\"", NameOf(event.action), "\"");
    Whose(*event.process);
    const bool is_link = event.action == Action::kLink;
    line_ += ',';
    AddJsonName(is_link ? "target" : "path",
                is_link ? event.text : trace_->names()[event.file], &line_);
    if (event.second != kNoName) {
      line_ += ',';
      AddJsonName(is_link ? "path" : "to", trace_->names()[event.second],
                  &line_);
    }
    line_ += "}\n";
    out_->Add(line_);
  }

  void OnBegin(const Process& process) override {
    Header();
    line_ = "{\"kind\":\"begin\"";
    Whose(process);
    absl::StrAppend(&line_, ",\"parent\":",
                    process.parent != nullptr
                        ? absl::StrCat(process.parent->index)
                        : "null",
                    "}\n");
    out_->Add(line_);
  }

  void OnEnd(const Process& process) override {
    line_ = "{\"kind\":\"end\"";
    Whose(process);
    absl::StrAppend(&line_, ",\"status\":", process.status,
                    ",\"signal\":", process.signal, "}\n");
    out_->Add(line_);
  }

  void Header() {
    if (has_header_) return;
    has_header_ = true;
    line_ = "{\"kind\":\"header\",\"format\":1";
    for (const auto& [key, text] :
         {std::pair<absl::string_view, const std::string&>("version",
                                                           trace_->version()),
          {"cwd", trace_->cwd()},
          {"command", trace_->command()}}) {
      if (text.empty()) continue;
      line_ += ',';
      AddJsonName(key, text, &line_);
    }
    if (trace_->start() != 0) {
      absl::StrAppendFormat(&line_, ",\"start\":%.6f", trace_->start());
    }
    line_ += "}\n";
    out_->Add(line_);
  }

 private:
  void Whose(const Process& process) {
    absl::StrAppend(&line_, ",\"pid\":", process.pid,
                    ",\"process\":", process.index);
  }

  Output* const out_;
  const Trace* trace_ = nullptr;
  bool has_header_ = false;
  std::string line_;
};

}  // namespace

int RunJson(const Options& options, Output* out) {
  Lines lines(out);
  Trace trace(&lines);
  lines.Attach(&trace);
  const absl::Status status = ReadTraces(options.logs, &trace);
  if (!status.ok()) {
    out->Flush();
    Complain(status.message());
    return kTrouble;
  }
  lines.Header();
  for (const std::string& text : trace.explanations()) {
    std::string line = "{\"kind\":\"gap\",";
    AddJsonName("text", text, &line);
    out->Add(absl::StrCat(line, "}\n"));
  }
  return Conclude(trace, options, nullptr, out, kFine);
}

}  // namespace filemon::log
