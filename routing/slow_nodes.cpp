#include "routing/slow_nodes.hpp"

#include <algorithm>
#include <utility>

namespace slotway::routing {

namespace {

// Of all but the one at `self`; nullopt: no other has any.
std::optional<std::uint64_t> median_of_others(const std::vector<std::optional<std::uint64_t>>& latencies,
                                              std::size_t self) {
  std::vector<std::uint64_t> others;
  for (std::size_t i = 0; i < latencies.size(); ++i) {
    if (i != self && latencies[i]) others.push_back(*latencies[i]);
  }
  if (others.empty()) return std::nullopt;
  std::sort(others.begin(), others.end());
  const std::size_t middle = others.size() / 2;
  return others.size() % 2 == 1 ? others[middle] : (others[middle - 1] + others[middle]) / 2;
}

}  // namespace

std::optional<std::uint64_t> latency_us(const NodeSecond& second) {
  if (second.oldest_us >= SlowNodes::kStuckUs) return second.oldest_us;
  if (second.replies < SlowNodes::kLeastReplies) return std::nullopt;
  return second.total_us / second.replies;
}

std::vector<SlowChange> SlowNodes::observe(const std::vector<NodeSecond>& nodes) {
  std::vector<std::optional<std::uint64_t>> latencies;
  for (const NodeSecond& node : nodes) latencies.push_back(latency_us(node));

  std::vector<State> states;
  std::vector<SlowChange> changes;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    // --- what was known of it ---
    const auto known = std::find_if(states_.begin(), states_.end(),
                                    [&](const State& state) { return state.node == nodes[i].node; });
    State state = known != states_.end() ? *known : State{nodes[i].node};

    // --- what this second says ---
    const auto others = median_of_others(latencies, i);
    const bool stands_out =
        latencies[i] && others && *latencies[i] >= kLeastUs && *latencies[i] >= kFactor * *others;
    state.against = stands_out != state.slow ? state.against + 1 : 0;
    if (state.against == kSeconds) {
      state = {state.node, !state.slow, 0};
      changes.push_back({state.node, state.slow, std::chrono::microseconds(latencies[i].value_or(0)),
                         std::chrono::microseconds(others.value_or(0))});
    }
    states.push_back(std::move(state));
  }
  states_ = std::move(states);
  return changes;
}

bool SlowNodes::is_slow(const Endpoint& node) const {
  return std::any_of(states_.begin(), states_.end(),
                     [&](const State& state) { return state.slow && state.node == node; });
}

}  // namespace slotway::routing
