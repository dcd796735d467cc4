// What runs in the place of the server while files with secrets are not there yet (wait_for_secrets): the
// admin port alone answers, alive but not ready, and says for which files it waits; no client is served.
// Owner: main. Thread: control, before there are workers. Invariant: it ends with a configuration that has
// all its secrets, or because it was told to end.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config_loader.hpp"
#include "proxy/control/config_reloader.hpp"
#include "proxy/control/config_watcher.hpp"
#include "proxy/observe/admin_http.hpp"

namespace slotway::proxy {

class SecretWait {
 public:
  // REQUIRES: first.incomplete. `load` is asked again whenever one of its files changes, and at SIGHUP.
  // Throws std::runtime_error if the admin port cannot be had.
  SecretWait(const config::LoadResult& first, ConfigReloader::Load load);
  SecretWait(const SecretWait&) = delete;
  SecretWait& operator=(const SecretWait&) = delete;

  // nullopt: SIGTERM, SIGINT or POST /drain came first.
  std::optional<config::Config> run();

 private:
  static boost::asio::awaitable<WorkerStatuses> no_workers();
  ControlFacts facts() const;
  void look();
  void say(const config::LoadResult& result);
  void wait_for_signal();
  void end();

  ConfigReloader::Load load_;
  std::optional<config::Config> config_;
  std::vector<std::string> reasons_;  // why it waits
  boost::asio::io_context io_;
  std::unique_ptr<AdminHttp> admin_;
  ConfigWatcher watcher_;
  boost::asio::signal_set signals_;
};

}  // namespace slotway::proxy
