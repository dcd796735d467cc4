// Fake nodes that agree on a map, which the test may change: each answers CLUSTER SHARDS, CLUSTER SLOTS,
// CLUSTER INFO, INFO and AUTH by itself, so that a test sees its own requests only. Owner: a test. Thread:
// any. Invariant: a change of the map is seen by the next refresh, with a higher epoch.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "config/config.hpp"
#include "tests/kit/fake_redis.hpp"

namespace slotway::kit {

class FakeCluster {
 public:
  // All slots are dealt out in equal ranges. `version` is what INFO says.
  explicit FakeCluster(std::size_t nodes, std::string version = "7.0.15");
  ~FakeCluster();

  std::size_t size() const { return nodes_.size(); }
  FakeRedis& operator[](std::size_t node) { return *nodes_[node]; }
  std::vector<config::HostPort> seeds() const;
  // "MOVED 1234 127.0.0.1:7001" as a reply; `kind` is MOVED or ASK.
  std::string redirect(const std::string& kind, const std::string& key, std::size_t node) const;

  // A key of a slot that `node` had at the beginning; each `n` another slot.
  std::string key(std::size_t node, std::size_t n = 0) const;

  // --- the map ---
  // A node without slots, not in the map; returns its number.
  std::size_t add_node();
  // Likewise; a replica of that node, in the map, which says that it has all there is. REQUIRES: CLUSTER
  // SHARDS.
  std::size_t add_replica(std::size_t primary);
  // The node says in INFO that it is there.
  void announce_zone(std::size_t node, std::string zone);
  // All slots of `from` are now `to`'s. A node without slots is in no map.
  void move_all(std::size_t from, std::size_t to);

  // The node is on another address of this machine from now on, with the same id.
  void move(std::size_t node, const std::string& address);
  // The node is named so in the map.
  void name(std::size_t node, std::string name);

  // What nodes know: as Redis 6, which has no CLUSTER SHARDS.
  void speak_redis_6();
  // Connections have to say AUTH with it first.
  void require_password(std::string password);
  // What COMMAND is answered with, whole; no commands if it is not called.
  void describe_commands(std::string reply);
  // Refreshes that were answered.
  std::size_t refreshes();

 private:
  std::optional<FakeRedis::Reaction> control(std::size_t node, const FakeRedis::Request& request);
  std::string info(std::size_t node) const;
  std::string shards() const;
  std::string described(std::size_t node, const std::string& role) const;
  std::string slots() const;
  std::string endpoint(std::size_t node) const;

  std::mutex mutex_;  // guards all below
  std::vector<std::unique_ptr<FakeRedis>> nodes_;
  std::vector<std::size_t> owners_;  // of the ranges, each of kSlotCount / owners_.size() slots
  std::vector<std::string> names_;   // of the nodes; "" = the address
  std::vector<std::string> zones_;   // of the nodes; "" = it does not say
  std::vector<std::pair<std::size_t, std::size_t>> replicas_;  // primary, replica
  int epoch_ = 1;
  bool has_shards_ = true;
  const std::string version_;
  std::size_t refreshes_ = 0;
  std::string password_;
  std::string commands_ = "*0\r\n";
  std::vector<std::pair<std::size_t, std::uint64_t>> logged_in_;  // node, connection
};

}  // namespace slotway::kit
