#include "core/wire_encode.h"

#include <string.h>

#include <algorithm>

namespace filemon {

std::string EncodeRecord(uint32_t cookie, wire::Kind kind, int32_t pid,
                         int32_t a, int32_t b,
                         const std::vector<std::string>& names,
                         uint32_t pid_namespace, uint32_t life) {
  wire::Header header = {};
  std::string bytes(sizeof(header), '\0');
  for (const std::string& name : names)
    bytes.append(name.c_str(), name.size() + 1);
  header.cookie = cookie;
  header.size = static_cast<uint16_t>(bytes.size());
  header.kind = static_cast<uint8_t>(kind);
  header.names = static_cast<uint8_t>(names.size());
  header.pid = pid;
  header.a = a;
  header.b = b;
  header.pid_namespace = pid_namespace;
  header.life = life;
  memcpy(&bytes[0], &header, sizeof(header));
  return bytes;
}

std::vector<std::string> EncodeFragments(const std::string& record,
                                         int32_t number, size_t piece) {
  wire::Header whole;
  memcpy(&whole, record.data(), sizeof(whole));
  std::vector<std::string> fragments;
  for (size_t at = 0; at < record.size(); at += piece) {
    std::string fragment = EncodeRecord(
        whole.cookie, wire::Kind::kFragment, whole.pid, number,
        static_cast<int32_t>(at), {}, whole.pid_namespace, whole.life);
    fragment += record.substr(at, piece);
    const uint16_t size = static_cast<uint16_t>(fragment.size());
    memcpy(&fragment[offsetof(wire::Header, size)], &size, sizeof(size));
    fragments.push_back(fragment);
  }
  return fragments;
}

}  // namespace filemon
