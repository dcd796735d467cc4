// Who serves the reads of a shard: by the policy, by what is known of the replicas, and by where the nodes
// are. Pure. Thread: any. Invariant: a replica that is benched, unhealthy or too far behind is never chosen;
// the primary is chosen where the policy has nobody else, but for `replica`.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "routing/replica_facts.hpp"
#include "routing/topology.hpp"

namespace slotway::routing {

// One node of a shard.
struct Reader {
  NodeIndex node = kNoNode;
  bool is_primary = false;
  bool is_near = false;              // in the zone of this Slotway
  std::uint32_t latency_us = 0;      // 0 = not measured
  FactTime fresh = FactTime::max();  // it has all that was acknowledged before
};

// By map and facts; `facts` may be nullptr: nothing is known yet. Benches are the caller's business.
bool is_usable(const Node& replica, const Topology& map, const ReplicaFacts* facts,
               const config::UpstreamConfig& config, FactTime now);

// Among whom reads take turns: of `usable`, the primary first if it is there, those that the policy wants.
void choose_readers(config::ReadFrom policy, std::span<const Reader> usable, std::vector<Reader>& out);

// The zone that a node's address, or its name, has by the rules; "" = none.
std::string_view zone_of(std::span<const config::ZoneRule> rules, std::string_view host);

}  // namespace slotway::routing
