#include "routing/read_policy.hpp"

#include <algorithm>
#include <string>

#include "config/network.hpp"

namespace slotway::routing {

namespace {

using config::ReadFrom;

// Latencies within so much of the least are as good: they take turns.
constexpr std::uint32_t kAlikePercent = 25;
constexpr std::uint32_t kAlikeUs = 100;

void keep_nearest(std::vector<Reader>& readers) {
  if (std::any_of(readers.begin(), readers.end(), [](const Reader& reader) { return reader.is_near; }))
    return void(std::erase_if(readers, [](const Reader& reader) { return !reader.is_near; }));
  std::uint32_t least = UINT32_MAX;
  for (const Reader& reader : readers) least = std::min(least, reader.latency_us);
  const std::uint32_t alike = least + least / 100 * kAlikePercent + kAlikeUs;
  std::erase_if(readers, [alike](const Reader& reader) { return reader.latency_us > alike; });
}

}  // namespace

bool is_usable(const Node& replica, const Topology& map, const ReplicaFacts* facts,
               const config::UpstreamConfig& config, FactTime now) {
  if (!replica.healthy || replica.primary == kNoNode) return false;
  const bool is_bounded = config.max_replica_lag.count() > 0 || config.max_replica_lag_bytes > 0;
  if (!facts) return !is_bounded;
  const ReplicaFact* fact = facts->find(replica.endpoint);
  const Endpoint& primary = map.node(replica.primary).endpoint;
  const bool is_primary_silent =
      std::find(facts->silent.begin(), facts->silent.end(), primary) != facts->silent.end();
  if (!fact) return is_primary_silent && !is_bounded;
  if (!fact->online) return false;
  if (config.max_replica_lag.count() > 0 && now - fact->heard > config.max_replica_lag) return false;
  return config.max_replica_lag_bytes == 0 || fact->lag_bytes <= config.max_replica_lag_bytes;
}

void choose_readers(ReadFrom policy, std::span<const Reader> usable, std::vector<Reader>& out) {
  out.clear();
  const bool wants_primary = policy != ReadFrom::replica && policy != ReadFrom::prefer_replica;
  for (const Reader& reader : usable) {
    if (policy == ReadFrom::primary ? reader.is_primary : wants_primary || !reader.is_primary)
      out.push_back(reader);
  }
  if (policy == ReadFrom::nearest && !out.empty()) keep_nearest(out);
  if (out.empty() && policy != ReadFrom::replica) {
    for (const Reader& reader : usable) {
      if (reader.is_primary) out.push_back(reader);
    }
  }
}

std::string_view zone_of(std::span<const config::ZoneRule> rules, std::string_view host) {
  for (const config::ZoneRule& rule : rules) {
    if (config::network_has(rule.network, std::string(host))) return rule.zone;
  }
  return {};
}

}  // namespace slotway::routing
