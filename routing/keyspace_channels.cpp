#include "routing/keyspace_channels.hpp"

#include <algorithm>

#include "routing/glob.hpp"

namespace slotway::routing {
namespace {

constexpr std::string_view kPrefixes[] = {"__keyspace@", "__keyevent@"};

bool may_match(std::string_view pattern, std::string_view prefix) {
  std::size_t at = 0;
  for (const char c : prefix) {
    if (at == pattern.size()) return false;
    if (pattern[at] == '*') return true;
    if (!glob_part_matches(pattern, at, c)) return false;
  }
  return true;
}

}  // namespace

bool is_keyspace_channel(std::string_view channel) {
  return std::ranges::any_of(kPrefixes, [&](std::string_view prefix) { return channel.starts_with(prefix); });
}

bool may_match_keyspace_channel(std::string_view pattern) {
  return std::ranges::any_of(kPrefixes, [&](std::string_view prefix) { return may_match(pattern, prefix); });
}

}  // namespace slotway::routing
