// What the fuzzers share: an input's first bytes as choices, and a stream cut into reads by one of them.
// Owner: a fuzzer's entry point. Thread: any. Invariant: the same input always gives the same cuts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace slotway::fuzz {

// A broken invariant ends the fuzzer, in every kind of build.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

// Takes one byte off the front; 0 if there is none.
inline std::uint8_t take_byte(std::string_view& input) {
  if (input.empty()) return 0;
  const auto byte = static_cast<std::uint8_t>(input[0]);
  input.remove_prefix(1);
  return byte;
}

// Ends of the reads in which `stream` arrives; the last is its size. 0: byte by byte. Long
// streams come in longer reads: some thousand at most.
inline std::vector<std::size_t> cut(std::string_view stream, std::uint8_t choice) {
  std::vector<std::size_t> ends;
  const std::size_t least = 1 + stream.size() / 2048;
  std::uint32_t random = choice * 2654435761u;
  for (std::size_t end = 0; end < stream.size();) {
    random = random * 1664525u + 1013904223u;
    end += choice == 0 ? least : least + (random >> 16) % (1u << (choice % 8));
    ends.push_back(end < stream.size() ? end : stream.size());
  }
  return ends;
}

}  // namespace slotway::fuzz
