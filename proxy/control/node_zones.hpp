// Asks nodes which zone they announce: each once, and again each kInterval. Owner: a ReplicaWatcher. Thread:
// control. Invariants: one question at a time to each node; a node that does not answer keeps its last zone.
// Lifetime: what it has under way keeps alive what it needs.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "proxy/control/map_source.hpp"
#include "proxy/control/redis_client.hpp"
#include "routing/replica_facts.hpp"

namespace slotway::proxy {

class NodeZones {
 public:
  static constexpr std::chrono::seconds kInterval{60};
  static constexpr std::chrono::seconds kRetry{5};  // of one that has not answered

  explicit NodeZones(boost::asio::io_context& io) : io_(io) {}

  // Asks those of the map that are due, and forgets the others.
  void ask(const routing::Topology& map, const UpstreamLogin& login);
  std::vector<routing::NodeZone> known() const;
  // Ends what is under way.
  void stop();

 private:
  struct Place {
    Place(boost::asio::io_context& io, routing::Endpoint at) : endpoint(std::move(at)), client(io) {}
    routing::Endpoint endpoint;
    RedisClient client;
    std::string zone;
    bool is_busy = false;
    std::chrono::steady_clock::time_point due{};
  };
  static Task<void> ask_one(std::shared_ptr<Place> place, UpstreamLogin login);

  boost::asio::io_context& io_;
  std::vector<std::shared_ptr<Place>> places_;
};

}  // namespace slotway::proxy
