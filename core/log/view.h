// Which files a verb shows, and by what names.
#ifndef FILEMON_CORE_LOG_VIEW_H_
#define FILEMON_CORE_LOG_VIEW_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace filemon::log {

// The options that every verb has.
struct Options {
  std::vector<std::string> logs;
  bool json = false;
  bool zero = false;  // -0: names end in NUL
  bool strict = false;
  bool system = false;
  // Names below it are shown relative to it; empty for the log's Cwd.
  std::string relative_to;
  std::vector<std::string> only;
  std::vector<std::string> leave_out;
};

// True if `path` is in a folder that the system owns and no build changes.
bool IsSystemPath(absl::string_view path);

// True of what the kernel makes up: it changes by itself, and is nobody's
// input.
bool IsPseudoFile(absl::string_view path);

class View {
 public:
  // `cwd` is the log's, empty if it does not say.
  View(const Options& options, absl::string_view cwd, bool with_system);

  // Whether `path`, a name of a trace, is to be shown.
  bool Shows(absl::string_view path) const;
  // `path` as it is shown.
  std::string Name(absl::string_view path) const;
  // A pattern of --only or --not was never met by Shows(): the first such;
  // empty if there is none.
  std::string UnmetPattern() const;

 private:
  struct Pattern {
    std::string text;
    mutable bool met = false;
  };
  static bool Matches(const Pattern& pattern, const std::string& path,
                      const std::string& shown);

  std::string relative_to_;
  std::vector<Pattern> only_;
  std::vector<Pattern> leave_out_;
  bool with_system_;
};

}  // namespace filemon::log

#endif  // FILEMON_CORE_LOG_VIEW_H_
