// The whole proxy: workers and the control plane, put together. main runs one; tests run one in process.
// Owner: main. Thread: run() makes the calling thread the control thread. Invariant: the configuration is
// valid.
#pragma once

#include <cstdint>
#include <optional>

#include "config/config.hpp"
#include "proxy/client/proxy_facts.hpp"
#include "proxy/control/control_plane.hpp"

namespace slotway::proxy {

class Server {
 public:
  // Binds all addresses; `workers` is the number of threads. Throws std::runtime_error: what failed, where,
  // what to do. `load`: see ConfigReloader.
  Server(const config::Config& config, unsigned workers, ConfigReloader::Load load = nullptr);

  // A listener's first that is TCP's; 0 = there is none.
  std::uint16_t port(unsigned listener = 0) const;

  // Serves until SIGTERM, SIGINT or shut_down(), drains, and returns.
  void run();
  // Any thread.
  void shut_down() { control_.shut_down(); }
  void reload() { control_.reload(); }

 private:
  ControlPlane::Workers make_workers(const config::Config& config, unsigned count);

  const std::optional<config::HostPort> admin_;
  ProxyFacts facts_;
  const ControlPlane::Workers workers_;
  ControlPlane control_;
};

}  // namespace slotway::proxy
