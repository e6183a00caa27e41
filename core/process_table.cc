#include "core/process_table.h"

#include <type_traits>
#include <utility>

#include "absl/algorithm/container.h"

namespace filemon {
namespace {

// How many ended processes are remembered for a parent's late report: as many
// as pids take to come round (pid_max is 32,768 at least). The report of one
// child is a few system calls late, but thousands may have ended since the last
// look.
constexpr size_t kMaxTombstones = 32768;

uint32_t LifeOf(ProcessKey key) { return static_cast<uint32_t>(key >> 32); }

template <typename Map, typename Key, typename Value>
void EraseIfIs(Map* map, const Key& key, const Value& value) {
  const auto it = map->find(key);
  if (it != map->end() && it->second == value) map->erase(it);
}

template <typename Map, typename Key>
auto FindOrNull(Map& map, const Key& key) ->
    typename std::decay_t<decltype(map.find(key)->second)> {
  const auto it = map.find(key);
  return it != map.end() ? it->second : nullptr;
}

}  // namespace

Process* ProcessTable::FindByOtherKey(ProcessKey key) {
  return FindOrNull(other_keys_, key);
}

Process* ProcessTable::At(Place place) const {
  return FindOrNull(places_, place.packed());
}

Process* ProcessTable::OfLife(uint32_t life) const {
  return FindOrNull(lives_, life);
}

Process& ProcessTable::Add(ProcessKey key, pid_t number, Place place) {
  Process& process = processes_[key];
  process.key = key;
  process.number = number;
  process.space = place.space;
  Count(place.space, 1);
  AddPlace(place, &process);
  if (place.space != 0) AddPlace({0, number}, &process);
  lives_[LifeOf(key)] = &process;
  return process;
}

void ProcessTable::AddKey(ProcessKey key, Process* process) {
  process->other_keys.push_back(key);
  other_keys_[key] = process;
  lives_[LifeOf(key)] = process;
}

void ProcessTable::SetLife(ProcessKey key, Process* process) {
  process->life_is_unknown = false;
  AddKey(key, process);
}

void ProcessTable::AddPlace(Place place, Process* process) {
  process->places.push_back(place);
  places_[place.packed()] = process;
}

void ProcessTable::Move(Place place, Process* process) {
  Count(process->space, -1);
  process->space = place.space;
  Count(place.space, 1);
  AddPlace(place, process);
}

void ProcessTable::Count(uint32_t space, int difference) {
  if (space != 0 && (members_[space] += difference) == 0) members_.erase(space);
}

void ProcessTable::Bury(Process* process, int wait_status) {
  for (const ProcessKey key : process->other_keys) {
    EraseIfIs(&other_keys_, key, process);
    EraseIfIs(&lives_, LifeOf(key), process);
  }
  for (const Place place : process->places) {
    EraseIfIs(&places_, place.packed(), process);
  }
  const ProcessKey key = process->key;
  EraseIfIs(&lives_, LifeOf(key), process);

  const bool is_elsewhere = process->space != 0;
  Count(process->space, -1);
  order_.push_back({key, std::move(process->other_keys),
                    std::move(process->places), process->parent,
                    process->number, wait_status, process->Nameless(),
                    process->forked_by_parent, process->forked_by_child,
                    /*waited=*/false});
  Tombstone* const tombstone = &order_.back();
  const auto remember = [&](ProcessKey name) {
    ended_[name] = tombstone;
    if (is_elsewhere) ended_elsewhere_[LifeOf(name)] = tombstone;
  };
  remember(key);
  for (const ProcessKey other : tombstone->other_keys) remember(other);
  for (const Place place : tombstone->places) {
    ended_at_[place.packed()] = tombstone;
  }
  processes_.Erase(key);
  if (order_.size() > kMaxTombstones) {
    Tombstone* const oldest = &order_.front();
    const auto forget = [&](ProcessKey name) {
      EraseIfIs(&ended_, name, oldest);
      EraseIfIs(&ended_elsewhere_, LifeOf(name), oldest);
    };
    forget(oldest->key);
    for (const ProcessKey other : oldest->other_keys) forget(other);
    for (const Place place : oldest->places) {
      EraseIfIs(&ended_at_, place.packed(), oldest);
    }
    order_.pop_front();
  }
}

Tombstone* ProcessTable::FindEnded(ProcessKey key) {
  return FindOrNull(ended_, key);
}

Tombstone* ProcessTable::EndedAt(Place place) const {
  return FindOrNull(ended_at_, place.packed());
}

Tombstone* ProcessTable::EndedElsewhere(uint32_t life) const {
  return FindOrNull(ended_elsewhere_, life);
}

void ProcessTable::AddPlace(Place place, Tombstone* tombstone) {
  tombstone->places.push_back(place);
  ended_at_[place.packed()] = tombstone;
}

std::vector<ProcessKey> ProcessTable::Keys() const {
  std::vector<std::pair<pid_t, ProcessKey>> numbered;
  for (const auto& entry : processes_) {
    numbered.emplace_back(entry.second->number, entry.first);
  }
  absl::c_sort(numbered);
  std::vector<ProcessKey> keys;
  for (const auto& entry : numbered) keys.push_back(entry.second);
  return keys;
}

std::vector<ProcessKey> ProcessTable::KeysIn(uint32_t space) const {
  std::vector<ProcessKey> keys;
  if (!members_.contains(space)) return keys;
  for (const ProcessKey key : Keys()) {
    if (processes_.Find(key)->space == space) keys.push_back(key);
  }
  return keys;
}

}  // namespace filemon
