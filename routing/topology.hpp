// The cluster as one immutable snapshot: its nodes, and for each of the 16384 slots the node that serves it.
// Owner: shared_ptr<const Topology>; the control plane publishes one to each worker, a worker may patch its
// own copy. Thread: any (immutable once built). Invariant: primary_of(slot) is kNoNode or an index below
// nodes().size(). A node's identity is its id (40 hex digits), not its address: pods come back with other
// addresses (cluster specification, "Nodes handshake").
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "routing/key_slot.hpp"
#include "routing/slot_map.hpp"

namespace slotway::routing {

// Where a node is reached. `host` is an IP literal or a name that the connection resolves.
struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

enum class NodeRole : std::uint8_t { primary, replica };

struct Node {
  std::string id;  // empty when learned only from a redirect
  Endpoint endpoint;
  NodeRole role = NodeRole::primary;
  NodeIndex primary = kNoNode;  // of a replica: its primary's index; of a primary: kNoNode
  bool healthy = true;  // what the view said (CLUSTER SHARDS `health`); always true from CLUSTER SLOTS
};

class Topology {
 public:
  // As redis.conf has it.
  static constexpr std::uint32_t kUsualDatabases = 16;

  // --- building (control plane, tests) ---
  NodeIndex add_node(Node node);  // kNoNode if the map is full (kNodeLimit)
  // Both bounds inclusive, below kSlotCount; `node` must have been added.
  void assign(Slot first, Slot last, NodeIndex node);
  void set_epoch(std::uint64_t epoch) { epoch_ = epoch; }
  void set_databases(std::uint32_t databases) { databases_ = databases; }
  void set_server_version(std::string version) { server_version_ = std::move(version); }

  // --- reading ---
  const std::vector<Node>& nodes() const { return nodes_; }
  const Node& node(NodeIndex index) const { return nodes_[index]; }
  NodeIndex primary_of(Slot slot) const { return slots_[slot]; }
  // The endpoint of the slot's node; nullptr if it has none.
  const Endpoint* owner_of(Slot slot) const {
    const NodeIndex owner = slots_[slot];
    return owner == kNoNode ? nullptr : &nodes_[owner].endpoint;
  }
  // Each slot is served at the same endpoint, or by nobody, in both.
  bool has_same_owners(const Topology& other) const;
  // kNoNode if no node has that endpoint.
  NodeIndex find(std::string_view host, std::uint16_t port) const;
  // Slots that have a node; kSlotCount when complete.
  std::uint32_t covered_slots() const { return slots_.covered(); }
  std::uint64_t epoch() const { return epoch_; }  // cluster_current_epoch of the view; 0 = unknown
  const std::string& server_version() const { return server_version_; }  // "" = unknown
  // How many there are to SELECT from.
  std::uint32_t databases() const { return databases_; }
  // False if it is unknown. Valkey gives the version of Redis that it is compatible with.
  bool server_is_at_least(std::int64_t major, std::int64_t minor) const;
  // One slot of each primary that has any, its lowest; in their order. A shard is named by it: which node
  // serves it is looked up each time.
  std::vector<Slot> shard_slots() const;
  // Those to which the node at `endpoint` does not belong.
  std::vector<Slot> other_shard_slots(const Endpoint& endpoint) const;
  // The node at `endpoint` serves the slot, or follows the primary that does.
  bool is_of_shard(const Endpoint& endpoint, Slot slot) const;
  // Same nodes (id, endpoint, role, primary, health), in whatever order, same slots and databases: a refresh
  // that changed nothing is not published.
  bool same_as(const Topology& other) const;

  // A copy in which `slot` belongs to the node at `endpoint` (added as a primary if it is new): what a MOVED
  // says. If that node was a replica of the slot's owner, it has been promoted: all of the owner's slots are
  // its own, and the owner is its replica. Else commands that go to every primary would find one shard twice.
  std::shared_ptr<const Topology> with_slot(Slot slot, const Endpoint& endpoint) const;

 private:
  void hand_over(NodeIndex from, NodeIndex to);

  std::vector<Node> nodes_;
  SlotMap slots_;
  std::uint64_t epoch_ = 0;
  std::string server_version_;
  std::uint32_t databases_ = kUsualDatabases;
};

}  // namespace slotway::routing
