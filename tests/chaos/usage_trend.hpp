// Whether a process holds more and more: what it held at rest early, against what it held last.
// Owner: the soak. Thread: main's. Invariant: medians are compared, for one look may come just behind a peak
// whose memory is still to be given back.
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
