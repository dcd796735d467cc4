#include "routing/glob.hpp"

#include <algorithm>

namespace slotway::routing {

namespace {

// Whether the class that follows a '[' has `c`; `at` moves behind it.
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

}  // namespace

bool glob_part_matches(std::string_view pattern, std::size_t& at, char c) {
  switch (pattern[at]) {
    case '?': ++at; return true;
    case '[': return class_has(pattern, ++at, c);
    case '\\':
      if (at + 1 < pattern.size()) ++at;
      [[fallthrough]];
    default: return pattern[at++] == c;
  }
}

bool glob_matches(std::string_view pattern, std::string_view text) {
  if (text.empty()) return pattern.empty();
  std::size_t at = 0;
  std::size_t done = 0;
  // Where to try again: behind the last '*', with one character more of the text left to it.
  std::size_t retry_at = std::string_view::npos;
  std::size_t retry_done = 0;
  while (done < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      retry_at = ++at;
      retry_done = done;
      if (at == pattern.size()) return true;
    } else if (at < pattern.size() && glob_part_matches(pattern, at, text[done])) {
      ++done;
    } else if (retry_at == std::string_view::npos) {
      return false;
    } else {
      at = retry_at;
      done = ++retry_done;
    }
  }
  return pattern.find_first_not_of('*', at) == std::string_view::npos;
}

}  // namespace slotway::routing
