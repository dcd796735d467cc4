// Case folding as Redis compares command names and keywords: A-Z only, no locale.
// Owner: none, pure functions. Thread: any. Invariant: bytes outside A-Z are equal only to themselves.
#pragma once

#include <algorithm>
#include <string_view>

namespace slotway::protocol {

constexpr char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

constexpr bool equal_ignore_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return ascii_lower(x) == ascii_lower(y); });
}

}  // namespace slotway::protocol
