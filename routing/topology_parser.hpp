// From what a node says about its cluster to a Topology: CLUSTER SHARDS (Redis 7), CLUSTER SLOTS (any),
// CLUSTER INFO and INFO. A view may come from a node that is starting, failing or hostile: every shape is
// checked, nothing throws. Owner: the caller. Thread: any (pure). Invariant: a primary in the result is a
// node that the view calls a master, and no address in it contains anything but printable characters without
// spaces. Source: Redis documentation of these commands; Redis 7.0 cluster.c (addNodeDetailsToShardReply,
// addNodeToNodeReply).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "protocol/reply_tree.hpp"
#include "routing/topology.hpp"

namespace slotway::routing {

// More than any cluster has (the specification recommends up to 1000); a reply with more is an error.
inline constexpr std::size_t kMaxNodes = 8192;

struct ParsedTopology {
  std::shared_ptr<Topology> topology;  // nullptr = error
  std::string error;                   // one line
};

// `asked`: where the reply came from. It stands in for hosts that are NULL or empty: "the address that was
// asked". Nodes whose host is "?" (unknown) or that have no plain port are left out, and so are their slots.
// An error reply gives an error with its text.
ParsedTopology parse_cluster_shards(const protocol::ReplyTree& reply, const Endpoint& asked);
ParsedTopology parse_cluster_slots(const protocol::ReplyTree& reply, const Endpoint& asked);

// What CLUSTER INFO adds to the map.
struct ClusterInfo {
  bool state_ok = true;             // cluster_state; true if it is not said
  std::uint64_t current_epoch = 0;  // cluster_current_epoch; 0 = unknown
};
ClusterInfo parse_cluster_info(std::string_view text);

// redis_version of INFO's `server` section; "" = not said.
std::string parse_server_version(std::string_view text);
// redis_mode of the same: "standalone", "cluster", "sentinel"; "" = not said.
std::string parse_server_mode(std::string_view text);
// run_id of the same: another one after each start of the server; "" = not said.
std::string parse_run_id(std::string_view text);

}  // namespace slotway::routing
