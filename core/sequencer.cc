#include "core/sequencer.h"

#include <algorithm>

namespace filemon {
namespace {

// How far a record is moved to its place at once. Two threads of a process, or
// two processes at the pipe, overtake each other by a few records; whoever
// invents stamps shall not make this quadratic.
constexpr size_t kShortWay = 16;

}  // namespace

void Sequencer::Add(size_t stream, uint64_t stamp, absl::string_view record) {
  if (streams_.size() <= stream) streams_.resize(stream + 1);
  Stream& s = streams_[stream];
  const Entry entry = {stamp, static_cast<uint32_t>(s.bytes.size()),
                       static_cast<uint32_t>(record.size())};
  s.bytes.append(record.data(), record.size());
  s.entries.push_back(entry);
  ++waiting_;
  if (!s.sorted) return;
  size_t place = s.entries.size() - 1;
  const size_t first = std::max(s.next, place - std::min(place, kShortWay));
  while (place > first && s.entries[place - 1].stamp > stamp) {
    s.entries[place] = s.entries[place - 1];
    --place;
  }
  s.entries[place] = entry;
  s.sorted = place == s.next || s.entries[place - 1].stamp <= stamp;
}

void Sequencer::Sort(Stream* stream) {
  if (stream->sorted) return;
  std::stable_sort(
      stream->entries.begin() + stream->next, stream->entries.end(),
      [](const Entry& a, const Entry& b) { return a.stamp < b.stamp; });
  stream->sorted = true;
}

void Sequencer::Compact(Stream* stream) {
  if (stream->next == stream->entries.size()) {
    stream->bytes.clear();
    stream->entries.clear();
  } else if (stream->next > 0) {
    std::string rest;
    stream->entries.erase(stream->entries.begin(),
                          stream->entries.begin() + stream->next);
    for (Entry& entry : stream->entries) {
      const size_t offset = rest.size();
      rest.append(stream->bytes, entry.offset, entry.size);
      entry.offset = static_cast<uint32_t>(offset);
    }
    stream->bytes = std::move(rest);
  }
  stream->next = 0;
}

void Sequencer::Deliver(
    uint64_t before, absl::FunctionRef<void(absl::string_view record)> sink) {
  // Those that have records which are due.
  std::vector<Stream*> due;
  for (Stream& stream : streams_) {
    if (stream.entries.empty()) continue;
    Sort(&stream);
    if (stream.entries.front().stamp < before) due.push_back(&stream);
  }
  while (!due.empty()) {
    // The stream that is first goes on until another one's turn has come.
    auto first = due.begin();
    uint64_t until = before;
    for (auto it = due.begin() + 1; it < due.end(); ++it) {
      const uint64_t other = (*it)->entries[(*it)->next].stamp;
      const uint64_t least = (*first)->entries[(*first)->next].stamp;
      if (other < least) {
        until = std::min(until, least);
        first = it;
      } else {
        until = std::min(until, other);
      }
    }
    Stream& stream = **first;
    do {
      const Entry& entry = stream.entries[stream.next++];
      --waiting_;
      sink(absl::string_view(stream.bytes).substr(entry.offset, entry.size));
    } while (stream.next < stream.entries.size() &&
             stream.entries[stream.next].stamp < until);
    if (stream.next == stream.entries.size() ||
        stream.entries[stream.next].stamp >= before) {
      due.erase(first);
    }
  }
  for (Stream& stream : streams_) Compact(&stream);
}

}  // namespace filemon
