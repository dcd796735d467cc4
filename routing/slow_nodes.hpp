// Which nodes answer much more slowly than the others: a machine that swaps, a disk that is full, a link that
// drops packets. Told once a second what the last one was like. Pure: no clock; any one thread. Invariant: a
// node becomes slow, and ceases to be, only after kSeconds in a row.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "routing/topology.hpp"

namespace slotway::routing {

// A node's last second.
struct NodeSecond {
  const Endpoint* node;
  std::uint64_t replies = 0;
  std::uint64_t total_us = 0;   // of their latencies
  std::uint64_t oldest_us = 0;  // the age of the oldest request that is not answered
};

struct SlowChange {
  Endpoint node;
  bool slow = false;                     // now
  std::chrono::microseconds latency{0};  // in the last second
  std::chrono::microseconds others{0};   // the median of the others'
};

class SlowNodes {
 public:
  static constexpr unsigned kSeconds = 3;
  static constexpr std::uint64_t kFactor = 5;           // times the others' median
  static constexpr std::uint64_t kLeastUs = 10'000;     // and not less than that
  static constexpr std::uint64_t kLeastReplies = 5;     // fewer say nothing
  static constexpr std::uint64_t kStuckUs = 1'000'000;  // unless one has waited so long

  // What has changed. A node that is not named is forgotten.
  std::vector<SlowChange> observe(const std::vector<NodeSecond>& nodes);
  bool is_slow(const Endpoint& node) const;

 private:
  struct State {
    Endpoint node;
    bool slow = false;
    unsigned against = 0;  // seconds in a row that speak against `slow`
    bool named = true;     // in this second
  };

  State& state_of(const Endpoint& node);
  // Of the nodes that show one, but for the one at `self`; nullopt: none does.
  std::optional<std::uint64_t> median_of_others(std::size_t self);

  std::vector<State> states_;
  // Kept for their memory: this runs each second, and allocates nothing as long as the nodes are the same.
  std::vector<std::optional<std::uint64_t>> latencies_;
  std::vector<std::uint64_t> others_;
};

// The latency that the second shows; nullopt: it shows none.
std::optional<std::uint64_t> latency_us(const NodeSecond& second);

}  // namespace slotway::routing
