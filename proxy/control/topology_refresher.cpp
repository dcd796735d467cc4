#include "proxy/control/topology_refresher.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <random>
#include <utility>
#include <vector>

#include "config/units.hpp"
#include "proxy/control/command_learner.hpp"
#include "proxy/control/redis_client.hpp"
#include "proxy/observe/log_limiter.hpp"
#include "routing/topology_parser.hpp"

// GCC 12 sees the frames' operator new inlined and their operator delete not, and takes them for a mismatch.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace slotway::proxy {

namespace asio = boost::asio;
using protocol::ReplyTree;
using routing::Endpoint;
using routing::RefreshReason;
using routing::Topology;
using routing::ViewJudge;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t kMaxErrorsNamed = 3;
constexpr std::chrono::seconds kWarnInterval{10};

// What one node answered.
struct View {
  std::shared_ptr<Topology> topology;  // nullptr = error
  bool state_ok = true;
  std::string run;  // of the server; "" = not said
  std::string error;
};

std::vector<RedisClient::Command> map_commands() {
  return {{"CLUSTER", "INFO"}, {"CLUSTER", "SHARDS"}, {"INFO", "server"}};
}

std::vector<RedisClient::Command> describe_command() { return {{"COMMAND"}}; }

std::vector<RedisClient::Command> slots_command() { return {{"CLUSTER", "SLOTS"}}; }

// An error reply, with what to do about it where we know.
std::string explain(std::string_view text) {
  if (text.find("cluster support disabled") != std::string_view::npos) {
    return "it is not a cluster node (\"This instance has cluster support disabled\"): start it with "
           "cluster-enabled "
           "yes, or name nodes of a cluster in cluster.seeds";
  }
  if (text.starts_with("NOAUTH"))
    return "it asks for a password: set cluster.password or cluster.password_file";
  return printable(text);
}

// Before Redis 7 there is no CLUSTER SHARDS; a user may lack the permission for one of the two.
bool may_know_slots(const ReplyTree& shards) {
  return shards.is_error() && shards.text.find("cluster support disabled") == std::string::npos &&
         !shards.text.starts_with("NOAUTH");
}

std::vector<Endpoint> endpoints(const std::vector<config::HostPort>& seeds) {
  std::vector<Endpoint> out;
  for (const config::HostPort& seed : seeds) out.push_back({seed.host, seed.port});
  return out;
}

std::string print(const Endpoint& endpoint) { return config::print_host_port(endpoint.host, endpoint.port); }

// The first few errors of a refresh; nodes that fail alike are many.
std::string join(const std::vector<std::string>& errors) {
  if (errors.empty()) return "no seed is configured";
  std::string out;
  for (std::size_t i = 0; i < std::min(errors.size(), kMaxErrorsNamed); ++i)
    out += (i > 0 ? "; " : "") + errors[i];
  if (errors.size() > kMaxErrorsNamed)
    out += "; and " + std::to_string(errors.size() - kMaxErrorsNamed) + " more";
  return out;
}

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
  State(asio::io_context& io, const config::Config& config, Publish publish, PublishCommands publish_commands)
      : io_(io),
        publish_(std::move(publish)),
        publish_commands_(std::move(publish_commands)),
        schedule_(config.topology.refresh_interval, config.topology.min_refresh_interval,
                  steady_clock::now()),
        wake_(io),
        client_(io) {
    take_config(config);
  }

  static Task<void> run(std::shared_ptr<State> self);
  void start(std::shared_ptr<State> self);
  void stop();
  void request(RefreshReason reason);
  void configure(const config::Config& config);

  std::shared_ptr<const Topology> current() const { return current_; }
  const RefreshStatus& status() const { return status_; }

 private:
  Task<RefreshResult> refresh(RefreshReason reason);
  Task<View> ask(Endpoint endpoint, std::uint64_t turn);
  View read_view(const std::vector<ReplyTree>& replies, const ReplyTree& map, bool is_slots) const;
  Task<void> learn_commands();
  bool take(std::shared_ptr<Topology> topology, RefreshReason reason, bool must_publish);
  void note(RefreshReason reason, RefreshResult result);
  void take_config(const config::Config& config);

  asio::io_context& io_;
  std::vector<Endpoint> seeds_;
  Credentials credentials_;
  milliseconds timeout_{};
  Publish publish_;
  PublishCommands publish_commands_;

  routing::RefreshSchedule schedule_;
  ViewJudge judge_;
  CommandLearner learner_;
  std::shared_ptr<const Topology> current_;
  RefreshStatus status_;
  std::mt19937_64 random_{std::random_device{}()};
  asio::basic_waitable_timer<steady_clock, asio::wait_traits<steady_clock>, asio::io_context::executor_type>
      wake_;
  RedisClient client_;
  LogLimiter warnings_{kWarnInterval};
  std::uint64_t refreshes_ = 0;
  bool copies_are_patched_ = false;  // workers have followed a MOVED since the last map was asked for
  bool is_stopped_ = false;
};

void TopologyRefresher::State::start(std::shared_ptr<State> self) {
  asio::co_spawn(io_.get_executor(), run(std::move(self)), [](const std::exception_ptr& failure) {
    if (failure) std::rethrow_exception(failure);
  });
}

void TopologyRefresher::State::stop() {
  is_stopped_ = true;
  publish_ = nullptr;
  publish_commands_ = nullptr;
  wake_.cancel();
  client_.close();
}

void TopologyRefresher::State::request(RefreshReason reason) {
  if (reason == RefreshReason::moved) copies_are_patched_ = true;
  if (reason == RefreshReason::unknown_command && !learner_.request(steady_clock::now())) return;
  const auto due = schedule_.due();
  schedule_.request(reason);
  if (schedule_.due() < due) wake_.cancel();
}

void TopologyRefresher::State::take_config(const config::Config& config) {
  seeds_ = endpoints(config.cluster.seeds);
  credentials_ = {config.cluster.username, config.cluster.password};
  timeout_ = config.timeouts.connect;
}

void TopologyRefresher::State::configure(const config::Config& config) {
  take_config(config);
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

// One refresh: nodes are asked one after the other until one gives a view to be believed.
Task<RefreshResult> TopologyRefresher::State::refresh(RefreshReason reason) {
  const bool must_publish = std::exchange(copies_are_patched_, false);
  const std::uint64_t turn = refreshes_++;
  std::vector<std::string> errors;
  bool is_confirmed = false;
  for (const Endpoint& endpoint : routing::ask_order(current_.get(), seeds_, turn)) {
    View view = co_await ask(endpoint, turn);
    if (is_stopped_) co_return RefreshResult::failed;
    if (view.topology != nullptr && learner_.wants(view.run, steady_clock::now())) {
      co_await learn_commands();
      if (is_stopped_) co_return RefreshResult::failed;
    }
    const std::string voter = print(client_.address());
    client_.close();
    if (view.topology == nullptr) {
      errors.push_back(print(endpoint) + ": " + view.error);
      continue;
    }
    const auto verdict = judge_.judge(current_.get(), *view.topology, view.state_ok, voter, turn);
    if (verdict == ViewJudge::Verdict::accepted) {
      const bool is_changed = take(std::move(view.topology), reason, must_publish);
      co_return is_changed ? RefreshResult::changed : RefreshResult::unchanged;
    }
    is_confirmed = is_confirmed || verdict == ViewJudge::Verdict::confirmed;
    errors.push_back(print(endpoint) + ": its view is not taken: " + std::string{verdict_text(verdict)});
  }
  copies_are_patched_ = copies_are_patched_ || must_publish;
  if (is_confirmed) co_return RefreshResult::unchanged;
  status_.last_error = join(errors);
  co_return RefreshResult::failed;
}

Task<View> TopologyRefresher::State::ask(Endpoint endpoint, std::uint64_t turn) {
  View view;
  view.error = co_await client_.connect(endpoint, credentials_, timeout_, turn);
  if (!view.error.empty()) co_return view;
  RedisClient::Answer answer = co_await client_.ask(map_commands(), timeout_);
  if (!answer.error.empty()) {
    view.error = std::move(answer.error);
    co_return view;
  }
  const ReplyTree& shards = answer.replies[1];
  if (!may_know_slots(shards)) co_return read_view(answer.replies, shards, false);
  const RedisClient::Answer slots = co_await client_.ask(slots_command(), timeout_);
  if (!slots.error.empty()) {
    view.error = slots.error;
    co_return view;
  }
  co_return read_view(answer.replies, slots.replies[0], true);
}

// What the connected node says of its commands.
Task<void> TopologyRefresher::State::learn_commands() {
  const RedisClient::Answer answer = co_await client_.ask(describe_command(), timeout_);
  if (is_stopped_ || !answer.error.empty()) co_return;
  if (learner_.take(answer.replies[0])) publish_commands_(learner_.current());
}

// `replies` to map_commands(); `map` is the reply that holds the map.
View TopologyRefresher::State::read_view(const std::vector<ReplyTree>& replies, const ReplyTree& map,
                                         bool is_slots) const {
  View view;
  if (map.is_error()) {
    view.error = explain(map.text);
    return view;
  }
  routing::ParsedTopology parsed =
      is_slots ? parse_cluster_slots(map, client_.address()) : parse_cluster_shards(map, client_.address());
  if (parsed.topology == nullptr) {
    view.error = std::string{is_slots ? "CLUSTER SLOTS: " : "CLUSTER SHARDS: "} + parsed.error;
    return view;
  }
  // A user without permission for INFO and CLUSTER INFO gets a map without epoch and version.
  if (replies[0].is_text()) {
    const routing::ClusterInfo info = routing::parse_cluster_info(replies[0].text);
    view.state_ok = info.state_ok;
    parsed.topology->set_epoch(info.current_epoch);
  }
  if (replies[2].is_text()) {
    parsed.topology->set_server_version(routing::parse_server_version(replies[2].text));
    view.run = routing::parse_run_id(replies[2].text);
  }
  view.topology = std::move(parsed.topology);
  return view;
}

// Returns whether the map differs from the last one.
bool TopologyRefresher::State::take(std::shared_ptr<Topology> topology, RefreshReason reason,
                                    bool must_publish) {
  const bool is_changed = current_ == nullptr || !current_->same_as(*topology);
  current_ = std::move(topology);
  if (is_changed) {
    spdlog::info(
        "topology: {} nodes, {} primaries, {} of {} slots covered, epoch {}, version {} ({}, from {})",
        current_->nodes().size(), count_primaries(*current_), current_->covered_slots(), routing::kSlotCount,
        current_->epoch(), current_->server_version().empty() ? "unknown" : current_->server_version(),
        routing::reason_name(reason), print(client_.address()));
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
    if (!status_.last_error.empty()) spdlog::info("topology: refreshed again");
    status_.last_error.clear();
    status_.last_success = now;
    return;
  }
  schedule_.fail(now, random_());
  if (const auto left_out = warnings_.allow(now)) {
    spdlog::warn("topology: refresh failed ({}, {}): {}{}", routing::reason_name(reason),
                 current_ ? "the last map is kept" : "there is no map yet", status_.last_error,
                 *left_out > 0 ? fmt::format(" ({} more like this)", *left_out) : "");
  }
}

TopologyRefresher::TopologyRefresher(asio::io_context& io, const config::Config& config, Publish publish,
                                     PublishCommands publish_commands)
    : state_(std::make_shared<State>(io, config, std::move(publish), std::move(publish_commands))) {}

TopologyRefresher::~TopologyRefresher() { stop(); }

void TopologyRefresher::start() { state_->start(state_); }
void TopologyRefresher::stop() { state_->stop(); }
void TopologyRefresher::configure(const config::Config& config) { state_->configure(config); }
void TopologyRefresher::request_refresh(RefreshReason reason) { state_->request(reason); }
std::shared_ptr<const Topology> TopologyRefresher::current() const { return state_->current(); }
const RefreshStatus& TopologyRefresher::status() const { return state_->status(); }

}  // namespace slotway::proxy
