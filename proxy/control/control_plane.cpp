#include "proxy/control/control_plane.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>

#include "config/upstreams.hpp"
#include "proxy/observe/logging.hpp"
#include "proxy/open_files.hpp"

namespace slotway::proxy {

namespace {

constexpr std::chrono::milliseconds kDrainCheck{10};
// A worker whose loop does not answer within this time is not turning.
constexpr std::chrono::milliseconds kStatusTimeout{1000};

}  // namespace

ControlPlane::ControlPlane(const config::Config& config, const Workers& workers, ConfigReloader::Load load)
    : config_(config),
      workers_(workers),
      listener_(io_, config),
      sentinels_(io_),
      reloader_(io_, config, std::move(load), [this](const config::Config& changed) { apply(changed); }),
      signals_(io_),
      drain_timer_(io_) {
  for (const config::NamedUpstream& upstream : config::every_upstream(config)) {
    const auto number = static_cast<unsigned>(upstreams_.size());
    upstreams_.push_back(std::make_unique<UpstreamControl>(io_, sentinels_, number, upstream, workers_));
  }
  if (!config.admin) return;
  AdminHooks hooks;
  hooks.worker_statuses = [this] { return worker_statuses(); };
  hooks.facts = [this] { return facts(); };
  hooks.drain = [this] {
    if (!draining_) spdlog::info("POST /drain: draining");
    begin_drain();
  };
  for (const auto& worker : workers_) hooks.counters.push_back(&worker->counters());
  admin_ = std::make_unique<AdminHttp>(io_, *config.admin, std::move(hooks));
}

void ControlPlane::run() {
  signals_.add(SIGTERM);
  signals_.add(SIGINT);
  signals_.add(SIGHUP);
  wait_for_signal();
  for (const auto& upstream : upstreams_) upstream->start();
  reloader_.start();
  listener_.start(workers_);
  io_.run();
}

void ControlPlane::request_refresh(unsigned upstream, routing::RefreshReason reason) {
  boost::asio::post(io_, [this, upstream, reason] { upstreams_[upstream]->request_refresh(reason); });
}

void ControlPlane::shut_down() {
  boost::asio::post(io_, [this] { begin_drain(); });
}

void ControlPlane::reload() {
  boost::asio::post(io_, [this] { reloader_.reload("asked"); });
}

void ControlPlane::wait_for_signal() {
  signals_.async_wait([this](const boost::system::error_code& error, int signal) {
    if (!error) on_signal(signal);
  });
}

// --- another configuration ---

void ControlPlane::apply(const config::Config& config) {
  if (config.log != config_.log) change_logging(config.log);
  if (config.limits.max_clients != config_.limits.max_clients) {
    const auto workers = static_cast<unsigned>(workers_.size());
    if (const auto warning = open_files_warning(raise_open_files(), config.limits.max_clients, workers))
      spdlog::warn("{}", *warning);
  }
  config_ = config;
  listener_.set_max_clients(config.limits.max_clients);
  const std::vector<config::NamedUpstream> upstreams = config::every_upstream(config);
  for (std::size_t i = 0; i < upstreams_.size(); ++i) upstreams_[i]->configure(upstreams[i].settings);
  const auto shared = std::make_shared<const config::Config>(config);
  for (const auto& worker : workers_) worker->configure(shared);
}

// --- the end ---

void ControlPlane::on_signal(int signal) {
  if (signal == SIGHUP) {
    reloader_.reload("SIGHUP");
    return wait_for_signal();
  }
  // One behind POST /drain is the first: a container's hook asks for the drain, and the signal follows it.
  if (signalled_) {
    spdlog::warn("signal {} again: not waiting for what is in flight", signal);
    return finish();
  }
  signalled_ = true;
  spdlog::info("signal {}: draining", signal);
  wait_for_signal();
  begin_drain();
}

void ControlPlane::begin_drain() {
  if (draining_) return;
  draining_ = true;
  // Also without a delay not at once: the reply to POST /drain goes out first.
  drain_timer_.expires_after(config_.drain.delay);
  drain_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) stop_accepting();
  });
}

void ControlPlane::stop_accepting() {
  drain_deadline_ = std::chrono::steady_clock::now() + config_.timeouts.drain;
  listener_.stop();
  for (const auto& worker : workers_) worker->drain(config_.timeouts.drain);
  check_drained();
}

void ControlPlane::check_drained() {
  std::uint64_t open = 0;
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    open += listener_.given(i) - workers_[i]->counters().clients_closed.get();
  }
  if (open == 0) {
    spdlog::info("drained");
    return finish();
  }
  if (std::chrono::steady_clock::now() >= drain_deadline_) {
    spdlog::warn("timeouts.drain passed: closing {} clients that still wait for replies", open);
    return finish();
  }
  drain_timer_.expires_after(kDrainCheck);
  drain_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) check_drained();
  });
}

void ControlPlane::finish() {
  for (const auto& upstream : upstreams_) upstream->stop();
  reloader_.stop();
  if (admin_) admin_->stop();
  io_.stop();
}

// --- the admin port ---

ControlFacts ControlPlane::facts() const {
  ControlFacts facts;
  facts.listening = listener_.is_listening();
  facts.draining = draining_;
  for (const auto& upstream : upstreams_) facts.upstreams.push_back(upstream->facts());
  facts.clients_rejected = listener_.rejected();
  const ReloadStatus& reloads = reloader_.status();
  for (std::size_t result = 0; result < reloads.counts.size(); ++result) {
    facts.reloads.push_back(
        {std::string(result_name(static_cast<ReloadResult>(result))), reloads.counts[result]});
  }
  facts.config_loaded = reloads.last_success;
  return facts;
}

// Asks each worker on its own thread and waits for all, or for the time-out.
boost::asio::awaitable<WorkerStatuses> ControlPlane::worker_statuses() {
  struct Collection {
    std::vector<WorkerStatus> statuses;
    std::size_t missing;
    boost::asio::steady_timer done;
  };
  const std::size_t count = workers_.size();
  auto collection = std::make_shared<Collection>(
      Collection{std::vector<WorkerStatus>(count), count, boost::asio::steady_timer(io_, kStatusTimeout)});
  for (std::size_t i = 0; i < count; ++i) {
    Worker* worker = workers_[i].get();
    worker->post([this, worker, i, collection] {
      boost::asio::post(io_, [collection, i, status = worker->status()]() mutable {
        collection->statuses[i] = std::move(status);
        if (--collection->missing == 0) collection->done.cancel();
      });
    });
  }
  co_await collection->done.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  if (collection->missing > 0) co_return std::nullopt;
  co_return std::move(collection->statuses);
}

}  // namespace slotway::proxy
