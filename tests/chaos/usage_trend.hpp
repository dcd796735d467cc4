// Whether a process holds more and more: what it held at rest early, against what it held last.
// Owner: the soak. Thread: main's. Invariant: of memory the least of each round is compared: what is never
// given back is in it, and behind a peak an allocator keeps for a while what the process has freed; of
// descriptors the median.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tests/chaos/process_usage.hpp"

namespace slotway::chaos {

class UsageTrend {
 public:
  void add_early(const ProcessUsage& usage) { early_.push_back(usage); }
  void add(const ProcessUsage& usage) { later_.push_back(usage); }
  // There is something to compare.
  bool is_known() const { return !early_.empty() && !later_.empty(); }
  // Why it has grown too much, by the last `count` looks; empty if it has not, or is_known is false.
  std::string growth(std::size_t count) const;

 private:
  std::vector<ProcessUsage> early_;
  std::vector<ProcessUsage> later_;
};

}  // namespace slotway::chaos
