// What CLUSTER tells a client of the cluster, as data and as Redis 7.0's replies (cluster.c). Two views: all
// slots at one address, the proxy's own, so that cluster-aware clients never go past it; or the real nodes.
// Pure; any thread. Invariant: every node has an id of 40 hex digits, and a slot is in at most one range.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "config/config.hpp"
#include "routing/topology.hpp"

namespace slotway::proxy {

struct ViewNode {
  std::string id;
  config::HostPort address;
  std::uint32_t bus_port = 0;
  bool is_primary = true;
  bool healthy = true;
  std::size_t primary = 0;                                     // of a replica: its index in `nodes`
  std::vector<std::pair<routing::Slot, routing::Slot>> slots;  // ranges, both bounds inclusive
};

struct ClusterView {
  std::vector<ViewNode> nodes;
  std::size_t myself = 0;  // who answers; REQUIRES nodes for its use
  std::uint32_t covered_slots = 0;
  std::uint32_t failing_slots = 0;  // of them, on nodes that are not healthy
  std::uint64_t epoch = 0;
};

// 40 hex digits that depend on the address only: the same after a restart, and in every proxy behind one
// name.
std::string node_id_of(const config::HostPort& address);

// `topology` may be nullptr: nothing is known yet.
ClusterView proxy_view(const config::HostPort& address, const routing::Topology* topology);
ClusterView nodes_view(const routing::Topology* topology);

// --- the replies; write_x appends RESP, x_text is the payload ---
void write_cluster_slots(const ClusterView& view, bool resp3, std::string& out);
void write_cluster_shards(const ClusterView& view, bool resp3, std::string& out);
std::string cluster_nodes_text(const ClusterView& view);
std::string cluster_info_text(const ClusterView& view);

}  // namespace slotway::proxy
