// The thread beside the workers: accepts clients, keeps the upstreams' maps fresh, answers the admin port,
// and ends it all when a signal says so; reloads the configuration, and tells everybody. Owner: the Server,
// whose calling thread becomes the control thread in run() (the log's "control" is the program's main
// thread). Thread: control, but for what says otherwise.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <vector>

#include "config/config.hpp"
#include "proxy/control/config_reloader.hpp"
#include "proxy/control/sentinel_group.hpp"
#include "proxy/control/upstream_control.hpp"
#include "proxy/listener.hpp"
#include "proxy/observe/admin_http.hpp"
#include "proxy/worker.hpp"

namespace slotway::proxy {

class ControlPlane {
 public:
  using Workers = std::vector<std::unique_ptr<Worker>>;

  // Binds what clients connect to and the admin port; `workers` are not started yet. `load` is what a reload
  // asks for a new configuration; nullptr = there is none. Throws std::runtime_error: what failed, where,
  // what to do.
  ControlPlane(const config::Config& config, const Workers& workers, ConfigReloader::Load load = nullptr);

  // By number of the listener.
  std::vector<std::vector<config::ListenAddress>> listen_addresses() const { return listener_.addresses(); }
  std::uint16_t admin_port() const { return admin_ ? admin_->port() : 0; }  // 0 = off

  // Serves until a signal, POST /drain or shut_down(); then drains and returns. REQUIRES: the workers have
  // been started.
  void run();

  // --- any thread ---
  // `upstream`: its number.
  void request_refresh(unsigned upstream, routing::RefreshReason reason);
  void shut_down();
  void reload();

 private:
  boost::asio::awaitable<WorkerStatuses> worker_statuses();
  ControlFacts facts() const;
  void wait_for_signal();
  void on_signal(int signal);
  void apply(const config::Config& config);
  void begin_drain();
  void stop_accepting();
  void check_drained();
  void finish();

  config::Config config_;  // that holds now
  const Workers& workers_;
  boost::asio::io_context io_;
  Listener listener_;
  SentinelGroups sentinels_;
  std::vector<std::unique_ptr<UpstreamControl>> upstreams_;  // by number
  ConfigReloader reloader_;
  std::unique_ptr<AdminHttp> admin_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer drain_timer_;
  std::chrono::steady_clock::time_point drain_deadline_;
  bool draining_ = false;
  bool signalled_ = false;  // to end
};

}  // namespace slotway::proxy
