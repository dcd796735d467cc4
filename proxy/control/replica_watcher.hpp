// Asks primaries how far their replicas are behind, each second, or more often where clients are to read
// their own writes, and all nodes where they are, if somebody reads from the nearest; nothing while reads go
// to primaries alone. Owner: the control plane. Thread: control, publish included. Invariants: one round at a
// time; nothing is published after stop(). Lifetime: what it has under way keeps alive what it needs.
#pragma once

#include <functional>
#include <memory>

#include "config/config.hpp"
#include "routing/replica_facts.hpp"
#include "routing/topology.hpp"

namespace boost::asio {
class io_context;
}

namespace slotway::proxy {

class ReplicaWatcher {
 public:
  using CurrentMap = std::function<std::shared_ptr<const routing::Topology>()>;
  using Publish = std::function<void(std::shared_ptr<const routing::ReplicaFacts>)>;

  ReplicaWatcher(boost::asio::io_context& io, const config::UpstreamSettings& config, CurrentMap current_map,
                 Publish publish);
  ~ReplicaWatcher();
  ReplicaWatcher(const ReplicaWatcher&) = delete;
  ReplicaWatcher& operator=(const ReplicaWatcher&) = delete;

  void start();  // REQUIRES: not started before
  void stop();
  void configure(const config::UpstreamSettings& config);

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace slotway::proxy
