#include "core/operands.h"

#include "absl/strings/match.h"
#include "core/paths.h"

namespace filemon {

using wire::Kind;

namespace {

// The same of PathStyle::kAbsolute, which has no A.
absl::string_view AbsoluteOperand(absl::string_view cwd, absl::string_view dir,
                                  absl::string_view name, std::string* made) {
  if (IsCleanPath(name)) return name;
  // Without a current directory it has to stay relative.
  made->assign(cwd.data(), cwd.size());
  AppendPath(dir, made);
  AppendPath(name, made);
  if (!IsCleanPath(*made)) CleanInPlace(made);
  return *made;
}

}  // namespace

void Operands::Write(const Record& record, absl::string_view cwd) {
  const pid_t pid = record.pid;
  const absl::string_view* const names = record.names;
  switch (record.kind) {
    case Kind::kOpen: {
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
    case Kind::kRename: {
      const absl::string_view from =
          Operand(pid, cwd, names[0], names[1], &first_);
      log_->Rename(pid, from, Operand(pid, cwd, names[2], names[3], &second_));
      break;
    }
    default:
      break;
  }
}

absl::string_view Operands::Whole(absl::string_view path) {
  return style_ == PathStyle::kAbsolute ? AbsoluteOperand("", "", path, &first_)
                                        : path;
}

absl::string_view Operands::Operand(pid_t pid, absl::string_view cwd,
                                    absl::string_view dir,
                                    absl::string_view name, std::string* made) {
  const bool is_whole = dir.empty() || absl::StartsWith(name, "/");
  if (style_ == PathStyle::kAbsolute) {
    return AbsoluteOperand(cwd, is_whole ? "" : dir, name, made);
  }
  if (is_whole) return name;
  if (!name.empty()) log_->At(pid, name);
  made->assign(dir.data(), dir.size());
  AppendPath(name, made);
  return *made;
}

}  // namespace filemon
