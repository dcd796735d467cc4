// How long replies took: counts in buckets that are 1/16 of their value wide, from a microsecond to a minute.
// Owner: one client of checked_load, then the sum of all. Thread: one at a time. Invariant: a percentile is
// never less than what was recorded, and at most 7 % more.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace slotway::kit {

class LatencyHistogram {
 public:
  void record(std::chrono::nanoseconds latency);
  void add(const LatencyHistogram& other);
  // The time within which `share` (0 to 1) of all were done, in milliseconds; 0 if there were none.
  double percentile_ms(double share) const;

 private:
  static constexpr std::size_t kSteps = 16;   // of one power of two
  static constexpr std::size_t kPowers = 22;  // above kSteps: the last bucket ends at 67 s
  static std::size_t bucket_of(std::uint64_t microseconds);
  // The first value that is too large for the bucket.
  static std::uint64_t end_of(std::size_t bucket);

  std::array<std::uint64_t, kSteps*(kPowers + 1)> counts_{};
  std::uint64_t total_ = 0;
};

}  // namespace slotway::kit
