#include "proxy/server.hpp"

#include <spdlog/spdlog.h>

#include <cstdio>
#include <random>
#include <string>
#include <utility>

#include "config/listen_address.hpp"

namespace slotway::proxy {

namespace {

std::string make_run_id() {
  std::random_device random;
  std::string id;
  while (id.size() < 40) {
    char text[9];
    std::snprintf(text, sizeof text, "%08x", random());
    id += text;
  }
  return id;
}

}  // namespace

Server::Server(const config::Config& config, unsigned workers, ConfigReloader::Load load)
    : admin_(config.admin),
      facts_{make_run_id(), std::chrono::steady_clock::now(), {}, {}},
      workers_(make_workers(config, workers)),
      control_(config, workers_, std::move(load)) {
  facts_.listen = control_.listen_addresses();
  facts_.post_to_desk = [this](unsigned worker, std::function<void(ClientDesk&)> job) {
    workers_[worker]->run_at_desk(std::move(job));
  };
}

ControlPlane::Workers Server::make_workers(const config::Config& config, unsigned count) {
  ControlPlane::Workers workers;
  for (unsigned i = 0; i < count; ++i) {
    workers.push_back(std::make_unique<Worker>(i, count, config, facts_,
                                               [this](unsigned upstream, routing::RefreshReason reason) {
                                                 control_.request_refresh(upstream, reason);
                                               }));
    facts_.workers.push_back(&workers.back()->counters());
  }
  return workers;
}

std::uint16_t Server::port(unsigned listener) const {
  return config::first_tcp_port(facts_.listen[listener]);
}

void Server::run() {
  // Also if the control plane throws: it is destroyed first, and workers that run would still call it.
  struct StopWorkers {
    const ControlPlane::Workers& workers;
    ~StopWorkers() {
      for (const auto& worker : workers) worker->stop();
    }
  } const stop_workers{workers_};

  for (const auto& worker : workers_) worker->start();
  for (const std::vector<config::ListenAddress>& addresses : facts_.listen) {
    for (const config::ListenAddress& address : addresses) {
      spdlog::info("slotway {} listens on {} with {} workers", SLOTWAY_VERSION,
                   config::print_listen_address(address), workers_.size());
    }
  }
  if (admin_) spdlog::info("admin on {}", config::print_host_port(admin_->host, control_.admin_port()));
  control_.run();
}

}  // namespace slotway::proxy
