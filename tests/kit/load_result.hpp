// What checked load has seen: counts, errors by their text, waits. Plain data; of one client, or the sum of
// all. Thread: one at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/kit/latency_histogram.hpp"

namespace slotway::kit {

// Ends the text of a connection that was lost when some of a pipeline's replies had come.
inline constexpr std::string_view kInTheMiddle = " in the middle of a pipeline";

struct LoadResult {
  std::uint64_t requests = 0;  // written to a socket
  std::uint64_t replies = 0;   // all but errors
  std::uint64_t wrong = 0;
  std::vector<std::string> wrong_examples;      // the first few
  std::map<std::string, std::uint64_t> errors;  // by text; a lost connection is "connection: …"
  std::uint64_t read_errors = 0;                // those of them that answered GET, MGET, EXISTS or ECHO
  std::uint64_t unknown = 0;                    // writes that may have been executed or not
  std::uint64_t lost_increments = 0;            // acknowledged, but not there at the end
  std::uint64_t reopened = 0;                   // connections that were closed between two pipelines
  LatencyHistogram latency;                     // of all replies, from the pipeline's sending
  std::chrono::nanoseconds longest_wait{0};     // of one client, for a reply or an error
  std::chrono::nanoseconds longest_gap{0};      // in which no client got a good reply

  std::uint64_t error_count() const;
  void add(const LoadResult& other);
  // Counts, errors and examples on a few lines: for INFO().
  std::string summary() const;
};

}  // namespace slotway::kit
