#include "proxy/control/topology_refresher.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <random>
#include <utility>
#include <vector>

#include "config/upstreams.hpp"
#include "proxy/control/command_learner.hpp"
#include "proxy/control/map_source.hpp"
#include "proxy/observe/log_limiter.hpp"

// GCC 12 sees the frames' operator new inlined and their operator delete not, and takes them for a mismatch.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace slotway::proxy {

namespace asio = boost::asio;
using routing::RefreshReason;
using routing::Topology;
using std::chrono::steady_clock;

namespace {

constexpr std::chrono::seconds kWarnInterval{10};

std::vector<RedisClient::Command> describe_command() { return {{"COMMAND"}}; }

std::size_t count_primaries(const Topology& topology) {
  const auto is_primary = [](const routing::Node& n) { return n.role == routing::NodeRole::primary; };
  return static_cast<std::size_t>(
      std::count_if(topology.nodes().begin(), topology.nodes().end(), is_primary));
}

}  // namespace

std::string_view result_name(RefreshResult result) {
  switch (result) {
    case RefreshResult::changed: return "changed";
    case RefreshResult::unchanged: return "unchanged";
    case RefreshResult::failed: return "failed";
    case RefreshResult::count_: break;
  }
  return "none";
}

// Held by the refresher and by the loop's coroutine, whichever lasts longer.
class TopologyRefresher::State {
 public:
  State(asio::io_context& io, SentinelGroups& groups, std::string_view name,
        const config::UpstreamSettings& config, Publish publish, PublishCommands publish_commands)
      : io_(io),
        upstream_(config.upstream),
        title_(name == config::kDefaultUpstream ? "topology" : "topology of " + std::string(name)),
        publish_(std::move(publish)),
        publish_commands_(std::move(publish_commands)),
        schedule_(config.topology.refresh_interval, config.topology.min_refresh_interval,
                  steady_clock::now()),
        timeout_(config.timeouts.connect),
        source_(make_map_source(
            io, config, groups,
            [this](RedisClient& client, const std::string& run) { return learn_commands(client, run); },
            [this](RefreshReason reason) { request(reason); })),
        wake_(io) {}

  static Task<void> run(std::shared_ptr<State> self);
  void start(std::shared_ptr<State> self);
  void stop();
  void request(RefreshReason reason);
  void configure(const config::UpstreamSettings& config);

  std::shared_ptr<const Topology> current() const { return current_; }
  const RefreshStatus& status() const { return status_; }

 private:
  Task<RefreshResult> refresh(RefreshReason reason);
  Task<void> learn_commands(RedisClient& client, std::string run);
  bool take(MapLook look, RefreshReason reason, bool must_publish);
  void note(RefreshReason reason, RefreshResult result);

  asio::io_context& io_;
  config::UpstreamConfig upstream_;  // as it was configured last
  const std::string title_;          // in the log
  Publish publish_;
  PublishCommands publish_commands_;

  routing::RefreshSchedule schedule_;
  std::chrono::milliseconds timeout_;
  CommandLearner learner_;
  std::unique_ptr<MapSource> source_;
  std::shared_ptr<const Topology> current_;
  RefreshStatus status_;
  std::mt19937_64 random_{std::random_device{}()};
  asio::basic_waitable_timer<steady_clock, asio::wait_traits<steady_clock>, asio::io_context::executor_type>
      wake_;
  LogLimiter warnings_{kWarnInterval};
  std::uint64_t refreshes_ = 0;
  bool copies_are_patched_ = false;  // workers have followed a MOVED since the last map was asked for
  bool is_stopped_ = false;
};

void TopologyRefresher::State::start(std::shared_ptr<State> self) { launch(io_, run(std::move(self))); }

void TopologyRefresher::State::stop() {
  is_stopped_ = true;
  publish_ = nullptr;
  publish_commands_ = nullptr;
  wake_.cancel();
  source_->stop();
}

void TopologyRefresher::State::request(RefreshReason reason) {
  if (reason == RefreshReason::moved) copies_are_patched_ = true;
  if (reason == RefreshReason::unknown_command && !learner_.request(steady_clock::now())) return;
  const auto due = schedule_.due();
  schedule_.request(reason);
  if (schedule_.due() < due) wake_.cancel();
}

void TopologyRefresher::State::configure(const config::UpstreamSettings& config) {
  timeout_ = config.timeouts.connect;
  source_->configure(config);
  if (std::exchange(upstream_, config.upstream) != config.upstream) schedule_.request(RefreshReason::reload);
  schedule_.set_intervals(config.topology.refresh_interval, config.topology.min_refresh_interval,
                          steady_clock::now());
  wake_.cancel();
}

Task<void> TopologyRefresher::State::run(std::shared_ptr<State> self) {
  State& s = *self;
  while (!s.is_stopped_) {
    if (s.schedule_.due() > steady_clock::now()) {
      s.wake_.expires_at(s.schedule_.due());
      co_await s.wake_.async_wait(asio::as_tuple(asio::use_awaitable_t<asio::io_context::executor_type>{}));
      continue;
    }
    const RefreshReason reason = s.schedule_.begin(steady_clock::now());
    const RefreshResult result = co_await s.refresh(reason);
    if (s.is_stopped_) co_return;
    s.note(reason, result);
  }
}

Task<RefreshResult> TopologyRefresher::State::refresh(RefreshReason reason) {
  const bool must_publish = std::exchange(copies_are_patched_, false);
  // Kept, whatever is published meanwhile.
  const std::shared_ptr<const Topology> in_use = current_;
  MapLook look = co_await source_->look(in_use.get(), refreshes_++);
  if (is_stopped_) co_return RefreshResult::failed;
  if (look.topology) {
    const bool is_changed = take(std::move(look), reason, must_publish);
    co_return is_changed ? RefreshResult::changed : RefreshResult::unchanged;
  }
  copies_are_patched_ = copies_are_patched_ || must_publish;
  if (look.is_confirmed) co_return RefreshResult::unchanged;
  status_.last_error = look.error;
  co_return RefreshResult::failed;
}

// What a node says of its commands.
Task<void> TopologyRefresher::State::learn_commands(RedisClient& client, std::string run) {
  if (!learner_.wants(run, steady_clock::now())) co_return;
  const RedisClient::Answer answer = co_await client.ask(describe_command(), timeout_);
  if (is_stopped_ || !answer.error.empty()) co_return;
  if (learner_.take(answer.replies[0])) publish_commands_(learner_.current());
}

// Returns whether the map differs from the last one.
bool TopologyRefresher::State::take(MapLook look, RefreshReason reason, bool must_publish) {
  const bool is_changed = current_ == nullptr || !current_->same_as(*look.topology);
  current_ = std::move(look.topology);
  if (is_changed) {
    spdlog::info("{}: {} nodes, {} primaries, {} of {} slots covered, epoch {}, version {} ({}, from {})",
                 title_, current_->nodes().size(), count_primaries(*current_), current_->covered_slots(),
                 routing::kSlotCount, current_->epoch(),
                 current_->server_version().empty() ? "unknown" : current_->server_version(),
                 routing::reason_name(reason), look.from);
  }
  if (is_changed || must_publish) {
    const Publish publish = publish_;  // which may stop us
    publish(current_);
  }
  return is_changed;
}

void TopologyRefresher::State::note(RefreshReason reason, RefreshResult result) {
  const auto now = steady_clock::now();
  ++status_.counts[static_cast<std::size_t>(reason)][static_cast<std::size_t>(result)];
  if (result != RefreshResult::failed) {
    schedule_.succeed(now, random_());
    if (!status_.last_error.empty()) spdlog::info("{}: refreshed again", title_);
    status_.last_error.clear();
    status_.last_success = now;
    return;
  }
  schedule_.fail(now, random_());
  if (const auto left_out = warnings_.allow(now)) {
    spdlog::warn("{}: refresh failed ({}, {}): {}{}", title_, routing::reason_name(reason),
                 current_ ? "the last map is kept" : "there is no map yet", status_.last_error,
                 *left_out > 0 ? fmt::format(" ({} more like this)", *left_out) : "");
  }
}

TopologyRefresher::TopologyRefresher(asio::io_context& io, SentinelGroups& groups, std::string_view name,
                                     const config::UpstreamSettings& config, Publish publish,
                                     PublishCommands publish_commands)
    : state_(std::make_shared<State>(io, groups, name, config, std::move(publish),
                                     std::move(publish_commands))) {}

TopologyRefresher::~TopologyRefresher() { stop(); }

void TopologyRefresher::start() { state_->start(state_); }
void TopologyRefresher::stop() { state_->stop(); }
void TopologyRefresher::configure(const config::UpstreamSettings& config) { state_->configure(config); }
void TopologyRefresher::request_refresh(RefreshReason reason) { state_->request(reason); }
std::shared_ptr<const Topology> TopologyRefresher::current() const { return state_->current(); }
const RefreshStatus& TopologyRefresher::status() const { return state_->status(); }

}  // namespace slotway::proxy
