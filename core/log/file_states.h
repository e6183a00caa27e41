// What a trace has done to each file.
#ifndef FILEMON_CORE_LOG_FILE_STATES_H_
#define FILEMON_CORE_LOG_FILE_STATES_H_

#include <stdint.h>

#include <string>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "core/log/names.h"
#include "core/log/trace.h"

namespace filemon::log {

struct FileState {
  // What was done to it, at any time.
  bool read : 1;
  bool written : 1;
  bool executed : 1;
  bool deleted : 1;
  bool renamed_to : 1;
  bool renamed_from : 1;
  bool linked : 1;
  bool entered : 1;
  bool probed : 1;
  bool absent : 1;
  // Its content was there before the trace, and somebody has read it.
  bool input : 1;
  // It is there at the end as the trace has made or changed it.
  bool output : 1;
  // The trace has made or changed it, whether it is still there or not.
  bool made : 1;
  // Not there at the end: deleted, or renamed.
  bool gone : 1;

  bool touched() const {
    return read || written || executed || deleted || renamed_to ||
           renamed_from || linked;
  }
};

// Follows a trace. Names below a directory that was renamed move with it, and
// what is read through a symbolic link that the trace has made counts as its
// target's.
class FileStates : public Listener {
 public:
  // `names` is the trace's.
  explicit FileStates(Names* names) : names_(names) {}

  void On(const Event& event) override;

  // Of every name; those that no record had are all false.
  FileState operator[](NameId id) const {
    return id < states_.size() ? states_[id] : FileState{};
  }
  size_t size() const { return states_.size(); }

 private:
  FileState& State(NameId id) {
    if (id >= states_.size()) states_.resize(id + 1);
    return states_[id];
  }
  void Read(NameId id);
  void Write(NameId id);
  void Make(NameId id);
  void Delete(NameId id);
  void Rename(NameId from, NameId to);
  void Link(const Event& event);
  // Takes the outputs that are `name` or below it out of the set of outputs.
  std::vector<NameId> TakeOutputs(absl::string_view name);
  // Below a directory that came by renaming, or through a link of the trace's.
  bool CameWithRename(absl::string_view name) const;
  NameId Followed(NameId id);

  struct ByText {
    using is_transparent = void;
    bool operator()(absl::string_view a, absl::string_view b) const {
      return a < b;
    }
  };

  Names* const names_;
  std::vector<FileState> states_;
  // The texts of those that are outputs now.
  absl::btree_set<absl::string_view, ByText> outputs_;
  absl::flat_hash_set<NameId> renamed_;
  // Symbolic links that the trace has made.
  absl::flat_hash_map<NameId, NameId> links_;
  // The last record, if it was an R that made an input of a file.
  const Process* last_reader_ = nullptr;
  NameId last_read_ = kNoName;
};

}  // namespace filemon::log

#endif  // FILEMON_CORE_LOG_FILE_STATES_H_
