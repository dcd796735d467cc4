// "Did you mean ...?": the known name that a mistyped one is closest to.
// Owner: none, pure functions. Thread: any. Invariant: a name that is too far from all is not guessed.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace slotway::config {

// Insertions, deletions, replacements and swaps of neighbours that turn one into the other.
std::size_t edit_distance(std::string_view left, std::string_view right);

// The closest of `known`, the first if several are; empty if a third of the name or more would have to
// change.
std::string nearest_name(std::string_view name, std::span<const std::string> known);

}  // namespace slotway::config
