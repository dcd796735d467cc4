// The whole proxy: workers and the control plane, put together. main runs one; tests run one in process.
// Owner: main. Thread: run() makes the calling thread the control thread. Invariant: the configuration is
// valid and outlives the server.
#pragma once

#include <cstdint>

#include "config/config.hpp"
#include "proxy/client/proxy_facts.hpp"
#include "proxy/control/control_plane.hpp"

namespace slotway::proxy {

class Server {
 public:
  // Binds both ports; `workers` is the number of threads. Throws std::runtime_error: what failed, where, what
  // to do.
  Server(const config::Config& config, unsigned workers);

  std::uint16_t port() const { return control_.port(); }

  // Serves until SIGTERM, SIGINT or shut_down(), drains, and returns.
  void run();
  // Any thread.
  void shut_down() { control_.shut_down(); }

 private:
  ControlPlane::Workers make_workers(unsigned count);

  const config::Config& config_;
  ProxyFacts facts_;
  const ControlPlane::Workers workers_;
  ControlPlane control_;
};

}  // namespace slotway::proxy
