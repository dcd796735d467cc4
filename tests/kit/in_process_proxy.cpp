#include "tests/kit/in_process_proxy.hpp"

#include <stdexcept>

#include "config/config_loader.hpp"
#include "proxy/server.hpp"

namespace slotway::kit {

using namespace std::chrono_literals;

config::Config inproc_config(const FakeCluster& cluster) {
  config::Config config;
  config.client.listen = {{.tcp = {"127.0.0.1", 0}, .path = {}}};
  config.upstream.seeds = cluster.seeds();
  config.workers = 1;
  config.admin.reset();
  config.timeouts.request = 15s;
  config.timeouts.connect = 5s;
  config.timeouts.drain = 1s;
  config.failover.hold = 0ms;
  config.timeouts.upstream_idle_ping = 0ms;
  config.topology.refresh_interval = 1h;
  config.topology.min_refresh_interval = 10ms;
  return config;
}

InProcessProxy::InProcessProxy(const config::Config& config, bool wait_for_map)
    : config_(config), server_(std::make_unique<proxy::Server>(config, config.workers, [this] {
        const std::lock_guard lock(mutex_);
        return config::LoadResult{.config = config_, .problems = {}, .files = {}, .print_and_exit = {}};
      })) {
  thread_ = std::thread([this] {
    server_->run();
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
  });
  try {
    if (wait_for_map) wait_for_info("slots_covered", "16384");
  } catch (...) {
    begin_stop();
    thread_.join();
    throw;
  }
}

InProcessProxy::~InProcessProxy() {
  begin_stop();
  thread_.join();
}

std::uint16_t InProcessProxy::port() const { return server_->port(); }

void InProcessProxy::reload(const config::Config& config) {
  {
    const std::lock_guard lock(mutex_);
    config_ = config;
  }
  const std::size_t before = log().size();
  server_->reload();
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (log().find("configuration reloaded", before) == std::string::npos) {
    if (std::chrono::steady_clock::now() >= deadline) throw std::runtime_error("no reload:\n" + log());
    std::this_thread::yield();
  }
}

void InProcessProxy::begin_stop() { server_->shut_down(); }

bool InProcessProxy::wait_stopped(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, limit, [this] { return stopped_; });
}

namespace {

std::string field_of(const std::string& info, const std::string& field) {
  const std::size_t at = info.find("\r\n" + field + ":");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + field.size() + 3;
  return info.substr(begin, info.find("\r\n", begin) - begin);
}

// AUTH is said where it is needed.
std::string ask_info(TestClient& client, const std::string& password) {
  if (!password.empty()) client.command({"AUTH", password});
  return client.command({"INFO", "slotway"}).text;
}

}  // namespace

std::string InProcessProxy::info(const std::string& field) const {
  TestClient asking = client();
  return field_of(ask_info(asking, config_.client.requirepass), field);
}

void InProcessProxy::wait_for_info(const std::string& field, const std::string& value) const {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  TestClient asking = client();
  std::string seen;
  while ((seen = field_of(ask_info(asking, config_.client.requirepass), field)) != value) {
    if (std::chrono::steady_clock::now() >= deadline) {
      throw std::runtime_error("INFO's " + field + " remains " + seen + ", not " + value + "\n" + log());
    }
  }
}

}  // namespace slotway::kit
