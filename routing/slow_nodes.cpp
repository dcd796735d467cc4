#include "routing/slow_nodes.hpp"

#include <algorithm>

namespace slotway::routing {

std::optional<std::uint64_t> latency_us(const NodeSecond& second) {
  if (second.oldest_us >= SlowNodes::kStuckUs) return second.oldest_us;
  if (second.replies < SlowNodes::kLeastReplies) return std::nullopt;
  return second.total_us / second.replies;
}

std::vector<SlowChange> SlowNodes::observe(const std::vector<NodeSecond>& nodes) {
  latencies_.clear();
  for (const NodeSecond& node : nodes) latencies_.push_back(latency_us(node));

  for (State& state : states_) state.named = false;
  std::vector<SlowChange> changes;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    State& state = state_of(*nodes[i].node);
    state.named = true;
    const auto others = median_of_others(i);
    const bool stands_out =
        latencies_[i] && others && *latencies_[i] >= kLeastUs && *latencies_[i] >= kFactor * *others;
    state.against = stands_out != state.slow ? state.against + 1 : 0;
    if (state.against < kSeconds) continue;
    state.slow = !state.slow;
    state.against = 0;
    changes.push_back({state.node, state.slow, std::chrono::microseconds(latencies_[i].value_or(0)),
                       std::chrono::microseconds(others.value_or(0))});
  }
  std::erase_if(states_, [](const State& state) { return !state.named; });
  return changes;
}

SlowNodes::State& SlowNodes::state_of(const Endpoint& node) {
  const auto known =
      std::find_if(states_.begin(), states_.end(), [&](const State& state) { return state.node == node; });
  return known != states_.end() ? *known : states_.emplace_back(State{node});
}

std::optional<std::uint64_t> SlowNodes::median_of_others(std::size_t self) {
  others_.clear();
  for (std::size_t i = 0; i < latencies_.size(); ++i) {
    if (i != self && latencies_[i]) others_.push_back(*latencies_[i]);
  }
  if (others_.empty()) return std::nullopt;
  std::sort(others_.begin(), others_.end());
  const std::size_t middle = others_.size() / 2;
  return others_.size() % 2 == 1 ? others_[middle] : (others_[middle - 1] + others_[middle]) / 2;
}

bool SlowNodes::is_slow(const Endpoint& node) const {
  return std::any_of(states_.begin(), states_.end(),
                     [&](const State& state) { return state.slow && state.node == node; });
}

}  // namespace slotway::routing
