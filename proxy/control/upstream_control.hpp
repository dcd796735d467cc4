// One upstream as the control thread sees it: keeps its map and its replicas' state fresh, and gives them to
// the workers. Owner: the control plane. Thread: control.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "proxy/control/replica_watcher.hpp"
#include "proxy/control/topology_refresher.hpp"
#include "proxy/observe/control_facts.hpp"
#include "proxy/worker.hpp"

namespace slotway::proxy {

class UpstreamControl {
 public:
  // `number`: of the upstream. `groups` and `workers` outlive it.
  UpstreamControl(boost::asio::io_context& io, SentinelGroups& groups, unsigned number,
                  const config::NamedUpstream& upstream, const std::vector<std::unique_ptr<Worker>>& workers);
  UpstreamControl(const UpstreamControl&) = delete;
  UpstreamControl& operator=(const UpstreamControl&) = delete;

  void start();  // REQUIRES: not started before
  void stop();
  void configure(const config::UpstreamSettings& settings);
  void request_refresh(routing::RefreshReason reason) { refresher_.request_refresh(reason); }
  UpstreamFacts facts() const;

 private:
  const std::string name_;
  TopologyRefresher refresher_;
  ReplicaWatcher replicas_;
};

}  // namespace slotway::proxy
