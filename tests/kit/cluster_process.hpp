// A real Redis Cluster on this machine: three primaries with one replica each, in sync, all slots covered.
// Owner: the test that starts it. Thread: the test's (see child_process). Invariant: nodes 0..2 began as
// primaries with a third of the slots each, node i + 3 as the replica of node i; a node keeps its index
// through failovers and restarts; nodes that are added later follow. Source: Redis cluster specification;
// commands as in Redis 7.0 (ADDSLOTSRANGE).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/kit/child_process.hpp"
#include "tests/kit/redis_process.hpp"

namespace slotway::kit {

class ClusterProcess {
 public:
  static constexpr std::size_t kPrimaries = 3;
  static constexpr std::size_t kNodes = 6;  // at first, and when those that were added have been released
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  static constexpr std::uint16_t kNodeTimeoutMs = 2000;

  // `arguments` are given to every redis-server. In a network, such as "127.0.1", each node has an address of
  // its own; without one all are at 127.0.0.1.
  explicit ClusterProcess(const std::vector<std::string>& arguments = {}, std::string network = {});

  RedisProcess& node(std::size_t index) { return *nodes_[index]; }
  std::size_t node_count() const { return nodes_.size(); }
  static std::string address_in(const std::string& network, std::size_t index);
  // "127.0.0.1:PORT,…" of all nodes, as --upstream takes it.
  std::string seeds() const;
  const std::string& id(std::size_t index) const { return ids_[index]; }

  // --- who has what, as the first running node sees it ---
  std::uint16_t slot_of(std::string_view key);
  // Index of the node that serves the slot; kNone if none does.
  std::size_t primary_of(std::uint16_t slot);
  // A running replica of the node; kNone if it has none.
  std::size_t replica_of(std::size_t primary);
  // The nodes that are primaries, in the order of their indices.
  std::vector<std::size_t> primaries();

  // --- changing it ---
  // Starts a primary without slots and a replica; returns its index when all nodes know it.
  std::size_t add_primary();
  // All nodes forget the one that was added last, which has no slots; it forgets them too. It is returned as
  // it runs on, a cluster of its own.
  std::unique_ptr<RedisProcess> release_last();
  // Moves `slots` slots with their keys by `redis-cli --cluster reshard`; the result is redis-cli's.
  CommandResult reshard(std::size_t from, std::size_t to, unsigned slots);
  // Marks the slot IMPORTING at `to` and MIGRATING at `from`: keys that are not at `from` get ASK, and
  // commands with keys on both sides TRYAGAIN.
  void begin_migration(std::uint16_t slot, std::size_t from, std::size_t to);
  // Moves one key of a slot that begin_migration has marked.
  void migrate_key(const std::string& key, std::size_t from, std::size_t to);
  // Moves what is left and gives the slot to `to`, on every primary; returns when all nodes have heard.
  void end_migration(std::uint16_t slot, std::size_t from, std::size_t to);
  // Shuts the node down and starts it at its address in another network, the same node with its data.
  void move(std::size_t index, const std::string& network);
  // Shuts all nodes down before any is started in the other network, and introduces them to each other again.
  void move_all(const std::string& network);
  // CLUSTER FAILOVER on this replica; returns when it is a primary in every running node's view.
  void failover(std::size_t replica);

  // --- waiting ---
  // Until every running node says cluster_state:ok and all of them agree on roles and slots.
  void wait_until_ok(std::chrono::milliseconds limit = std::chrono::seconds(30));
  // Until `index` is a primary in every running node's view.
  void wait_until_primary(std::size_t index, std::chrono::milliseconds limit = std::chrono::seconds(30));
  // Until every running replica has a working link to its primary.
  void wait_until_in_sync(std::chrono::milliseconds limit = std::chrono::seconds(30));

 private:
  void start_node();
  RedisProcess& any_running();
  // kNone if no node has this id.
  std::size_t index_of(const std::string& id) const;
  // Throws std::runtime_error if the reply is an error.
  Reply must(std::size_t index, const Args& arguments);
  // "id role primary slots…" of every node, sorted, in the view of one node.
  std::vector<std::string> view_of(std::size_t index);
  void meet();
  void wait_until_met();

  std::vector<std::string> arguments_;
  std::string network_;
  std::vector<std::unique_ptr<RedisProcess>> nodes_;
  std::vector<std::string> ids_;
};

}  // namespace slotway::kit
