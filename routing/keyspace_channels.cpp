#include "routing/keyspace_channels.hpp"

#include <algorithm>

namespace slotway::routing {
namespace {

constexpr std::string_view kPrefixes[] = {"__keyspace@", "__keyevent@"};

// Whether the class that follows a '[' has `c`; `at` moves behind it. As stringmatchlen (util.c) reads it.
bool class_has(std::string_view pattern, std::size_t& at, char c) {
  const bool negated = at < pattern.size() && pattern[at] == '^';
  if (negated) ++at;
  bool found = false;
  for (; at < pattern.size() && pattern[at] != ']'; ++at) {
    if (pattern[at] == '\\' && at + 1 < pattern.size()) {
      found |= pattern[++at] == c;
    } else if (at + 2 < pattern.size() && pattern[at + 1] == '-') {
      const auto [low, high] = std::minmax(pattern[at], pattern[at + 2]);
      found |= c >= low && c <= high;
      at += 2;
    } else {
      found |= pattern[at] == c;
    }
  }
  if (at < pattern.size()) ++at;
  return found != negated;
}

bool may_match(std::string_view pattern, std::string_view prefix) {
  std::size_t at = 0;
  for (const char c : prefix) {
    if (at == pattern.size()) return false;
    switch (pattern[at]) {
      case '*': return true;
      case '?': ++at; break;
      case '[':
        if (!class_has(pattern, ++at, c)) return false;
        break;
      case '\\':
        if (at + 1 < pattern.size()) ++at;
        [[fallthrough]];
      default:
        if (pattern[at++] != c) return false;
    }
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
