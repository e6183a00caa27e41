#include "core/operands.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "core/paths.h"

namespace filemon {

using wire::Kind;

namespace {

void DropLastComponent(std::string* path) {
  const size_t slash = path->rfind('/');
  path->resize(slash == std::string::npos ? 0 : slash);
}

// `name` without what says nothing, relative to who knows what.
void CleanRelative(absl::string_view name, std::string* made) {
  made->clear();
  for (absl::string_view part : absl::StrSplit(name, '/', absl::SkipEmpty())) {
    if (part != ".") absl::StrAppend(made, made->empty() ? "" : "/", part);
  }
  if (made->empty()) *made = ".";
}

}  // namespace

inline absl::string_view Operands::Operand(pid_t pid, absl::string_view cwd,
                                           absl::string_view dir,
                                           absl::string_view name,
                                           std::string* made) {
  // As nearly all are.
  if (style_ == PathStyle::kGiven && dir.empty() && !IsRemoved(cwd)) {
    return name;
  }
  return RareOperand(pid, cwd, dir, name, made);
}

void Operands::Write(const Record& record, absl::string_view cwd) {
  const pid_t pid = record.pid;
  const absl::string_view* const names = record.names;
  switch (record.kind) {
    case Kind::kOpen: {
      if (names[1].empty() && names[0] == wire::kNoDirectory) {
        log_->Comment(
            absl::StrCat("unnamed ", pid, " (a file): opened by its handle"));
        return;
      }
      const absl::string_view path =
          Operand(pid, cwd, names[0], names[1], &first_);
      if (record.a & wire::kReads) log_->Read(pid, path);
      if (record.a & wire::kWrites) log_->Write(pid, path);
      break;
    }
    case Kind::kUnlink:
      log_->Unlink(pid, Operand(pid, cwd, names[0], names[1], &first_));
      break;
    case Kind::kLink: {
      const absl::string_view old =
          Operand(pid, cwd, names[0], names[1], &first_);
      log_->Link(pid, old, Operand(pid, cwd, names[2], names[3], &second_));
      break;
    }
    case Kind::kSymlink:
      log_->Link(pid, names[0], Operand(pid, cwd, names[1], names[2], &first_));
      break;
    case Kind::kRename:
      // An exchange is two.
      for (int i = 0; i <= (record.a == wire::kExchange ? 2 : 0); i += 2) {
        const absl::string_view from =
            Operand(pid, cwd, names[i], names[i + 1], &first_);
        log_->Rename(pid, from,
                     Operand(pid, cwd, names[2 - i], names[3 - i], &second_));
      }
      break;
    default:
      break;
  }
}

absl::string_view Operands::Whole(absl::string_view path) {
  return style_ == PathStyle::kAbsolute ? AbsoluteOperand("", path, &first_)
                                        : path;
}

std::string Operands::Absolute(absl::string_view cwd, absl::string_view dir,
                               absl::string_view name) {
  std::string path;
  Resolve(dir.empty() ? cwd : dir, name, &path);
  return absl::StartsWith(path, "/") ? path : "";
}

std::string Operands::Canonical(absl::string_view cwd, absl::string_view dir,
                                absl::string_view name) {
  const std::string path = Absolute(cwd, dir, name);
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos || absl::EndsWith(path, "/..")) return "";
  if (slash > 0) {
    const std::string real = host_->RealPath(path.substr(0, slash));
    if (!real.empty()) return JoinPath(real, path.substr(slash + 1));
  }
  return path;
}

absl::string_view Operands::RareOperand(pid_t pid, absl::string_view cwd,
                                        absl::string_view dir,
                                        absl::string_view name,
                                        std::string* made) {
  const bool relative = !absl::StartsWith(name, "/");
  if (relative && dir == wire::kNoDirectory) {
    log_->Comment(absl::StrCat("unknown directory of ", pid, ": ", name));
    return name;
  }
  if (style_ == PathStyle::kAbsolute) {
    return AbsoluteOperand(dir.empty() ? cwd : dir, name, made);
  }
  if (!relative) return name;
  // In a directory without a name a relative one would say nothing.
  if (dir.empty()) dir = cwd;
  if (!name.empty()) log_->At(pid, name);
  if (IsRemoved(dir)) {
    Resolve(dir, name, made);
  } else {
    made->assign(dir.data(), dir.size());
    AppendPath(name, made);
  }
  return *made;
}

absl::string_view Operands::AbsoluteOperand(absl::string_view base,
                                            absl::string_view name,
                                            std::string* made) {
  if (IsCleanPath(name)) return name;
  made->assign(base.data(), base.size());
  AppendPath(name, made);
  if (!IsCleanPath(*made)) Resolve(base, name, made);
  return *made;
}

void Operands::Resolve(absl::string_view base, absl::string_view name,
                       std::string* made) {
  if (absl::StartsWith(name, "/")) {
    made->clear();
  } else if (absl::StartsWith(base, "/")) {
    const absl::string_view bare = absl::StripSuffix(base, "/");
    made->assign(bare.data(), bare.size());
  } else {
    return CleanRelative(name, made);
  }
  // Whether what has been made is a name of the kernel's, or has a component
  // whose `..` is unknown.
  bool canonical = true;
  bool open = false;
  for (absl::string_view part : absl::StrSplit(name, '/', absl::SkipEmpty())) {
    if (part == ".") continue;
    if (part != "..") {
      absl::StrAppend(made, "/", part);
      canonical = false;
      continue;
    }
    if (!canonical && !open) {
      std::string real = host_->RealPath(*made);
      canonical = !real.empty();
      open = !canonical;
      if (canonical) *made = std::move(real);
    }
    if (open) {
      absl::StrAppend(made, "/..");
    } else {
      DropLastComponent(made);
    }
  }
  if (made->empty()) *made = "/";
}

}  // namespace filemon
