// `filemon log fsatrace`: the lines that fsatrace writes and Shake reads.
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "core/log/verbs.h"

namespace filemon::log {
namespace {

// "r|FILE", "w|FILE", "d|FILE", "q|FILE", "m|NEW|OLD"; each once.
class Lines : public Listener {
 public:
  explicit Lines(Output* out) : out_(out) {}
  void Attach(const Names* names, const View* view) {
    names_ = names;
    view_ = view;
  }

  void On(const Event& event) override {
    switch (event.action) {
      case Action::kRead:
      case Action::kExecute:
        return Add('r', event.file);
      case Action::kWrite:
        return Add('w', event.file);
      case Action::kDelete:
        return Add('d', event.file);
      case Action::kProbe:
      case Action::kAbsent:
        return Add('q', event.file);
      case Action::kLink:
        return Add('w', event.second);
      case Action::kRename:
        // Each one counts: a name may come and go many times.
        out_->Add(absl::StrCat("m|", (*names_)[event.second], "|",
                               (*names_)[event.file], "\n"));
        return;
      case Action::kEnter:
        return;
    }
  }

 private:
  void Add(char letter, NameId file) {
    if (!seen_.insert({letter, file}).second) return;
    out_->Add(absl::StrCat(absl::string_view(&letter, 1), "|", (*names_)[file],
                           "\n"));
  }

  Output* const out_;
  const Names* names_ = nullptr;
  const View* view_ = nullptr;
  absl::flat_hash_set<std::pair<char, NameId>> seen_;
};

}  // namespace

int RunFsatrace(const Options& options, Output* out) {
  Lines lines(out);
  Trace trace(&lines);
  lines.Attach(&trace.names(), nullptr);
  const absl::Status status = ReadTraces(options.logs, &trace);
  if (!status.ok()) {
    out->Flush();
    Complain(status.message());
    return kTrouble;
  }
  return Conclude(trace, options, nullptr, out, kFine);
}

}  // namespace filemon::log
