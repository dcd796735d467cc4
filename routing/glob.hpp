// Redis's glob patterns: * ? [a-z] [^a] and \ before a literal. Pure; any thread.
// Source: PSUBSCRIBE and KEYS in Redis's documentation; stringmatchlen in util.c for what it leaves open.
#pragma once

#include <cstddef>
#include <string_view>

namespace slotway::routing {

// Bytes, with case. As with Redis, nothing but the empty pattern matches the empty text. At worst
// O(pattern * text).
bool glob_matches(std::string_view pattern, std::string_view text);

// Whether the part of a pattern at `at`, which is not '*', matches `c`; `at` moves behind it. REQUIRES: at is
// below pattern.size().
bool glob_part_matches(std::string_view pattern, std::size_t& at, char c);

}  // namespace slotway::routing
