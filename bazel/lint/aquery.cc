#include "bazel/lint/aquery.h"

#include <stdint.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "absl/types/optional.h"

namespace filemon::lint {
namespace {

using Json = nlohmann::json;
using Indices = absl::flat_hash_map<uint64_t, size_t>;

// None of these throws, whatever type of value is there.
const Json* Field(const Json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

const Json::array_t& List(const Json& object, const char* name) {
  static const auto* const kNone = new Json::array_t;
  const Json* const field = Field(object, name);
  return field != nullptr && field->is_array()
             ? *field->get_ptr<const Json::array_t*>()
             : *kNone;
}

std::string Text(const Json& object, const char* name) {
  const Json* const field = Field(object, name);
  return field != nullptr && field->is_string()
             ? *field->get_ptr<const Json::string_t*>()
             : std::string();
}

bool Flag(const Json& object, const char* name) {
  const Json* const field = Field(object, name);
  return field != nullptr && field->is_boolean() &&
         *field->get_ptr<const Json::boolean_t*>();
}

// protobuf prints an integer of 64 bits as a string.
absl::optional<uint64_t> Number(const Json& value) {
  if (value.is_number_unsigned()) {
    return *value.get_ptr<const Json::number_unsigned_t*>();
  }
  uint64_t number;
  if (value.is_string() &&
      absl::SimpleAtoi(*value.get_ptr<const Json::string_t*>(), &number)) {
    return number;
  }
  return absl::nullopt;
}

absl::optional<uint64_t> NumberField(const Json& object, const char* name) {
  const Json* const field = Field(object, name);
  return field == nullptr ? absl::nullopt : Number(*field);
}

// What `object` refers to by the numbers in its field `name`.
std::vector<size_t> References(const Json& object, const char* name,
                               const Indices& indices) {
  std::vector<size_t> found;
  for (const Json& value : List(object, name)) {
    const auto number = Number(value);
    if (!number) continue;
    const auto index = indices.find(*number);
    if (index != indices.end()) found.push_back(index->second);
  }
  return found;
}

Indices IndicesOf(const Json::array_t& objects) {
  Indices indices;
  for (size_t i = 0; i < objects.size(); ++i) {
    if (const auto id = NumberField(objects[i], "id")) indices[*id] = i;
  }
  return indices;
}

class PathFragments {
 public:
  explicit PathFragments(const Json& json)
      : fragments_(List(json, "pathFragments")),
        indices_(IndicesOf(fragments_)) {}

  // Empty if there is no such path.
  std::string Path(uint64_t id) const {
    std::vector<std::string> labels;
    for (absl::optional<uint64_t> next = id; next && *next != 0;) {
      const auto index = indices_.find(*next);
      if (index == indices_.end()) return "";
      labels.push_back(Text(fragments_[index->second], "label"));
      if (labels.size() > fragments_.size()) return "";  // a cycle
      next = NumberField(fragments_[index->second], "parentId");
    }
    std::reverse(labels.begin(), labels.end());
    return absl::StrJoin(labels, "/");
  }

 private:
  const Json::array_t& fragments_;
  const Indices indices_;
};

std::vector<Artifact> Artifacts(const Json& json) {
  const PathFragments fragments(json);
  std::vector<Artifact> artifacts;
  for (const Json& object : List(json, "artifacts")) {
    Artifact artifact;
    artifact.path = Text(object, "execPath");
    if (const auto id = NumberField(object, "pathFragmentId")) {
      artifact.path = fragments.Path(*id);
    }
    artifact.is_tree = Flag(object, "isTreeArtifact");
    artifacts.push_back(std::move(artifact));
  }
  return artifacts;
}

std::vector<InputSet> InputSets(const Json& json, const Indices& artifacts) {
  const Json::array_t& objects = List(json, "depSetOfFiles");
  const Indices indices = IndicesOf(objects);
  std::vector<InputSet> sets;
  for (const Json& object : objects) {
    sets.push_back({References(object, "transitiveDepSetIds", indices),
                    References(object, "directArtifactIds", artifacts)});
  }
  return sets;
}

// Bazel 6 and later may say `@//a:b` or `@@//a:b` of the main repository.
std::string MainRepositoryLabel(absl::string_view label) {
  absl::string_view rest = absl::StripPrefix(label, "@");
  rest = absl::StripPrefix(rest, "@");
  return std::string(absl::StartsWith(rest, "//") ? rest : label);
}

absl::flat_hash_map<uint64_t, std::string> Labels(const Json& json) {
  absl::flat_hash_map<uint64_t, std::string> labels;
  for (const Json& object : List(json, "targets")) {
    if (const auto id = NumberField(object, "id")) {
      labels[*id] = MainRepositoryLabel(Text(object, "label"));
    }
  }
  return labels;
}

std::vector<Action> Actions(const Json& json, const Indices& artifacts) {
  const auto labels = Labels(json);
  const Indices sets = IndicesOf(List(json, "depSetOfFiles"));
  std::vector<Action> actions;
  for (const Json& object : List(json, "actions")) {
    Action action;
    if (const auto id = NumberField(object, "targetId")) {
      const auto label = labels.find(*id);
      if (label != labels.end()) action.target = label->second;
    }
    action.mnemonic = Text(object, "mnemonic");
    action.discovers_inputs = Flag(object, "discoversInputs");
    action.input_sets = References(object, "inputDepSetIds", sets);
    action.outputs = References(object, "outputIds", artifacts);
    if (const auto id = NumberField(object, "primaryOutputId")) {
      const auto primary = artifacts.find(*id);
      if (primary != artifacts.end()) {
        const auto found = std::find(action.outputs.begin(),
                                     action.outputs.end(), primary->second);
        std::rotate(action.outputs.begin(), found,
                    found == action.outputs.end() ? found : found + 1);
      }
    }
    actions.push_back(std::move(action));
  }
  return actions;
}

}  // namespace

absl::StatusOr<ActionGraph> ParseAquery(absl::string_view json) {
  const Json parsed = Json::parse(json.begin(), json.end(), nullptr,
                                  /*allow_exceptions=*/false);
  if (parsed.is_discarded()) {
    return absl::InvalidArgumentError("this is not JSON");
  }
  if (!parsed.is_object()) {
    return absl::InvalidArgumentError(
        "this is not what bazel aquery --output=jsonproto prints");
  }
  // A query that matches nothing prints an object without anything in it.
  if (!parsed.empty() && Field(parsed, "actions") == nullptr) {
    return absl::InvalidArgumentError("there are no actions in it");
  }
  const Indices artifacts = IndicesOf(List(parsed, "artifacts"));
  return ActionGraph(Artifacts(parsed), InputSets(parsed, artifacts),
                     Actions(parsed, artifacts));
}

}  // namespace filemon::lint
