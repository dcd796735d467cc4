#include "tests/kit/latency_histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace slotway::kit {

// Below kSteps each value has a bucket of its own; above, a power of two is cut into kSteps of them.
std::size_t LatencyHistogram::bucket_of(std::uint64_t microseconds) {
  if (microseconds < kSteps) return static_cast<std::size_t>(microseconds);
  const auto shift = static_cast<std::size_t>(std::bit_width(microseconds) - std::bit_width(kSteps));
  return kSteps * shift + static_cast<std::size_t>(microseconds >> shift);
}

std::uint64_t LatencyHistogram::end_of(std::size_t bucket) {
  if (bucket < kSteps) return bucket + 1;
  const std::size_t shift = bucket / kSteps - 1;
  return static_cast<std::uint64_t>(bucket % kSteps + kSteps + 1) << shift;
}

void LatencyHistogram::record(std::chrono::nanoseconds latency) {
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(latency).count();
  const std::size_t bucket = bucket_of(static_cast<std::uint64_t>(std::max<std::int64_t>(microseconds, 0)));
  ++counts_[std::min(bucket, counts_.size() - 1)];
  ++total_;
}

void LatencyHistogram::add(const LatencyHistogram& other) {
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  total_ += other.total_;
}

double LatencyHistogram::percentile_ms(double share) const {
  const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(total_)));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen > 0 && seen >= wanted) return static_cast<double>(end_of(i)) / 1000.0;
  }
  return 0;
}

}  // namespace slotway::kit
