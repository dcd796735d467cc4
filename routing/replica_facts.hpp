// What nodes say of themselves that decides who serves reads. How far replicas are behind, from what their
// primaries say of them (INFO replication), and since when each has what was written before: a primary's
// offset is noted with the time at which it was asked; a replica that has reached it later has all that was
// acknowledged by then. Pure: time comes in. Owner: the replica watcher has the tracker, workers share the
// facts, which do not change. Sources: Redis 7.0 server.c (genRedisInfoString, "replication"):
// slave0:ip=…,port=…, state=online,offset=…,lag=…; Valkey 8.0 server.c (genValkeyInfoString, "server"):
// availability_zone:…
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "routing/topology.hpp"

namespace slotway::routing {

using FactTime = std::chrono::steady_clock::time_point;

// What a primary says of one replica.
struct ReplicaReport {
  Endpoint endpoint;
  bool online = false;
  std::uint64_t offset = 0;
  std::chrono::seconds silence{0};  // since it acknowledged something
};

struct ReplicationReport {
  bool is_primary = false;
  std::uint64_t offset = 0;
  std::vector<ReplicaReport> replicas;
};

// The section `replication` of INFO; nullopt: it is none.
std::optional<ReplicationReport> parse_replication(std::string_view info);

// The zone that a node announces in the section `server` of INFO; "" = none.
std::string_view announced_zone(std::string_view info);

struct NodeZone {
  Endpoint endpoint;
  std::string zone;
};

struct ReplicaFact {
  Endpoint endpoint;  // as the map has it
  bool online = false;
  std::uint64_t lag_bytes = 0;
  FactTime heard;  // its primary has heard of it then
  FactTime fresh;  // it has all that was acknowledged before; the epoch: nothing is known
};

// Of a whole map; sorted by nothing. A replica without a fact: its primary does not name it.
struct ReplicaFacts {
  std::vector<ReplicaFact> replicas;
  std::vector<Endpoint> silent;   // primaries that did not answer: of their replicas nothing is known
  std::vector<NodeZone> zones{};  // as nodes announce them, primaries too
  std::string_view zone_of(const Endpoint& node) const;  // "" = it announces none
  const ReplicaFact* find(const Endpoint& replica) const;
};

class ReplicaTracker {
 public:
  static constexpr std::size_t kPolls = 256;  // offsets that are kept of each primary

  // `asked`: when the question was sent. Appends the facts of `primary`'s replicas.
  void observe(const Topology& map, NodeIndex primary, const ReplicationReport& report, FactTime asked,
               FactTime now, std::vector<ReplicaFact>& out);

 private:
  struct Poll {
    FactTime asked;
    std::uint64_t offset;
  };
  struct History {
    Endpoint primary;
    std::deque<Poll> polls;
  };
  History& history_of(const Endpoint& primary);

  std::vector<History> histories_;
};

}  // namespace slotway::routing
