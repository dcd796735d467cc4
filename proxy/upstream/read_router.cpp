#include "proxy/upstream/read_router.hpp"

#include <algorithm>
#include <utility>

namespace slotway::proxy {

namespace {

constexpr std::uint64_t kFading = 8;

}  // namespace

using routing::Endpoint;
using routing::NodeIndex;
using routing::NodeRole;
using routing::Reader;

void ReadRouter::set_map(std::shared_ptr<const routing::Topology> map) {
  map_ = std::move(map);
  std::erase_if(measures_, [this](const Measure& measure) {
    return map_->find(measure.node.host, measure.node.port) == routing::kNoNode;
  });
}

void ReadRouter::set_latency(const Endpoint& node, std::uint64_t us) {
  auto it =
      std::find_if(measures_.begin(), measures_.end(), [&](const Measure& m) { return m.node == node; });
  if (it == measures_.end()) it = measures_.insert(it, {node, us});
  if (us == 0) {
    // Who was slow and is not asked any more has another chance one day.
    it->us -= it->us / kFading;
  } else {
    it->us = (it->us + us) / 2;
  }
}

void ReadRouter::bench(const Endpoint& node, TimePoint now) {
  std::erase_if(benches_, [&](const Bench& bench) { return bench.until <= now || bench.node == node; });
  benches_.push_back({node, now + kBench});
}

bool ReadRouter::is_benched(const Endpoint& node) const {
  return std::any_of(benches_.begin(), benches_.end(),
                     [&](const Bench& bench) { return bench.node == node; });
}

// What the rules say of a node counts more than what it says of itself.
bool ReadRouter::is_near(const config::UpstreamConfig& config, const Endpoint& node) const {
  if (config.zone.empty()) return false;
  const std::string_view ruled = routing::zone_of(config.zones, node.host);
  if (!ruled.empty()) return ruled == config.zone;
  return facts_ && facts_->zone_of(node) == config.zone;
}

Reader ReadRouter::reader_of(const config::UpstreamConfig& config, NodeIndex index) const {
  const routing::Node& node = map_->node(index);
  Reader reader{index, node.role == NodeRole::primary};
  reader.is_near = is_near(config, node.endpoint);
  const auto measure = std::find_if(measures_.begin(), measures_.end(),
                                    [&](const Measure& m) { return m.node == node.endpoint; });
  if (measure != measures_.end()) reader.latency_us = static_cast<std::uint32_t>(measure->us);
  const routing::ReplicaFact* fact = facts_ ? facts_->find(node.endpoint) : nullptr;
  reader.fresh = reader.is_primary ? TimePoint::max() : fact ? fact->fresh : TimePoint{};
  return reader;
}

void ReadRouter::choose(const config::UpstreamConfig& config, TimePoint now) {
  std::erase_if(benches_, [now](const Bench& bench) { return bench.until <= now; });
  if (!map_ || !config.reads_from_replicas()) return shards_.clear();
  const auto count = static_cast<NodeIndex>(map_->nodes().size());
  shards_.resize(count);
  for (Shard& shard : shards_) shard.usable.clear();
  for (NodeIndex node = 0; node < count; ++node) {
    if (map_->node(node).role == NodeRole::primary) shards_[node].usable.push_back(reader_of(config, node));
  }
  for (NodeIndex node = 0; node < count; ++node) {
    const routing::Node& replica = map_->node(node);
    const bool is_usable = replica.role == NodeRole::replica && !is_benched(replica.endpoint) &&
                           routing::is_usable(replica, *map_, facts_.get(), config, now);
    if (is_usable) shards_[replica.primary].usable.push_back(reader_of(config, node));
  }
  for (std::size_t i = 0; i < config::kReadFromCount; ++i) {
    const auto policy = static_cast<config::ReadFrom>(i);
    if (!config.reads_by(policy)) continue;
    for (Shard& shard : shards_) routing::choose_readers(policy, shard.usable, shard.readers[i]);
  }
}

NodeIndex ReadRouter::next(NodeIndex primary, config::ReadFrom policy, TimePoint since) {
  if (primary >= shards_.size()) return routing::kNoNode;
  Shard& shard = shards_[primary];
  const std::vector<Reader>& readers = shard.readers[static_cast<std::size_t>(policy)];
  const std::size_t count = readers.size();
  for (std::size_t i = 0; i < count; ++i) {
    const Reader& reader = readers[shard.turn++ % count];
    if (reader.fresh >= since) return reader.node;
  }
  return routing::kNoNode;
}

}  // namespace slotway::proxy
