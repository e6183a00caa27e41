#include "core/sequencer.h"

#include <algorithm>

namespace filemon {
namespace {

// How far a record is moved to its place at once. Two threads of a process, or
// two processes at the pipe, overtake each other by a few records; whoever
// invents stamps shall not make this quadratic.
constexpr size_t kShortWay = 16;

// What a collector keeps that was held up once, and had much to take in.
constexpr size_t kKept = 512 * 1024;

}  // namespace

void Sequencer::Add(size_t stream, uint64_t stamp, absl::string_view record) {
  if (runs_.empty() || stream != stream_) {
    runs_.push_back({entries_.size(), entries_.size(), true});
    stream_ = stream;
  }
  Run& run = runs_.back();
  const Entry entry = {stamp, static_cast<uint32_t>(bytes_.size()),
                       static_cast<uint32_t>(record.size())};
  bytes_.append(record.data(), record.size());
  entries_.push_back(entry);
  size_t place = run.end++;
  if (!run.sorted || place == run.next || entries_[place - 1].stamp <= stamp) {
    return;
  }
  const size_t first = std::max(run.next, place - std::min(place, kShortWay));
  while (place > first && entries_[place - 1].stamp > stamp) {
    entries_[place] = entries_[place - 1];
    --place;
  }
  entries_[place] = entry;
  run.sorted = place == run.next || entries_[place - 1].stamp <= stamp;
}

void Sequencer::Sort(Run* run) {
  if (run->sorted) return;
  std::stable_sort(
      entries_.begin() + run->next, entries_.begin() + run->end,
      [](const Entry& a, const Entry& b) { return a.stamp < b.stamp; });
  run->sorted = true;
}

void Sequencer::Compact() {
  spare_bytes_.clear();
  spare_entries_.clear();
  for (const Run& run : runs_) {
    for (size_t i = run.next; i < run.end; ++i) {
      const Entry& entry = entries_[i];
      spare_entries_.push_back({entry.stamp,
                                static_cast<uint32_t>(spare_bytes_.size()),
                                entry.size});
      spare_bytes_.append(bytes_, entry.offset, entry.size);
    }
  }
  runs_.clear();
  bytes_.swap(spare_bytes_);
  entries_.swap(spare_entries_);
  if (spare_bytes_.capacity() > kKept) {
    spare_bytes_ = {};
    spare_entries_ = {};
  }
  if (entries_.empty()) return;
  runs_.push_back({0, entries_.size(), false});
  Sort(&runs_.back());
}

void Sequencer::Deliver(
    uint64_t before, absl::FunctionRef<void(absl::string_view record)> sink) {
  const auto is_due = [&](const Run* run) {
    return run->next < run->end && entries_[run->next].stamp < before;
  };
  std::vector<Run*> due;
  for (Run& run : runs_) {
    Sort(&run);
    if (is_due(&run)) due.push_back(&run);
  }
  const auto stamp_of = [this](const Run* run) {
    return entries_[run->next].stamp;
  };
  while (!due.empty()) {
    // The run that is first goes on until another one's turn has come.
    const auto first = std::min_element(
        due.begin(), due.end(),
        [&](const Run* a, const Run* b) { return stamp_of(a) < stamp_of(b); });
    uint64_t until = before;
    for (const Run* other : due) {
      if (other != *first) until = std::min(until, stamp_of(other));
    }
    Run* const run = *first;
    do {
      const Entry& entry = entries_[run->next++];
      sink(absl::string_view(bytes_).substr(entry.offset, entry.size));
    } while (run->next < run->end && entries_[run->next].stamp < until);
    if (!is_due(run)) due.erase(first);
  }
  Compact();
}

}  // namespace filemon
