#include "proxy/control/replica_watcher.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>
#include <vector>

#include "proxy/control/map_source.hpp"
#include "proxy/control/node_zones.hpp"

// GCC 12 sees the frames' operator new inlined and their operator delete not, and takes them for a mismatch.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace slotway::proxy {

namespace asio = boost::asio;
using routing::Endpoint;
using routing::NodeIndex;
using routing::ReplicaFacts;
using routing::Topology;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr milliseconds kInterval{1000};
constexpr milliseconds kOwnWritesInterval{200};
std::vector<RedisClient::Command> question() { return {{"INFO", "replication"}}; }

}  // namespace

class ReplicaWatcher::State {
 public:
  State(asio::io_context& io, const config::UpstreamSettings& config, CurrentMap current_map, Publish publish)
      : io_(io), current_map_(std::move(current_map)), publish_(std::move(publish)), zones_(io), timer_(io) {
    take_config(config);
  }

  void start(const std::shared_ptr<State>& self) { launch(io_, run(self)); }
  void stop();
  void configure(const config::UpstreamSettings& config) {
    take_config(config);
    timer_.cancel();
  }

 private:
  // To one primary; kept open. Busy with an earlier round it is not asked in the next one.
  struct Link {
    Link(asio::io_context& io, Endpoint at) : endpoint(std::move(at)), client(io) {}
    Endpoint endpoint;
    RedisClient client;
    bool is_open = false;
    bool is_busy = false;
    bool answers = false;                       // the last time
    std::vector<routing::ReplicaFact> facts{};  // of the last answer
  };
  using Links = std::vector<std::shared_ptr<Link>>;

  static Task<void> run(std::shared_ptr<State> self);
  static Task<void> ask(std::shared_ptr<State> self, std::shared_ptr<Link> link,
                        std::shared_ptr<const Topology> map);
  void begin_round(const std::shared_ptr<State>& self, const std::shared_ptr<const Topology>& map);
  void publish();
  void take_config(const config::UpstreamSettings& config);

  asio::io_context& io_;
  CurrentMap current_map_;
  Publish publish_;
  UpstreamLogin login_;
  milliseconds interval_{};
  bool is_wanted_ = false;
  bool zones_are_wanted_ = false;
  bool is_stopped_ = false;
  Links links_;
  routing::ReplicaTracker tracker_;
  NodeZones zones_;
  asio::basic_waitable_timer<steady_clock, asio::wait_traits<steady_clock>, asio::io_context::executor_type>
      timer_;
};

void ReplicaWatcher::State::take_config(const config::UpstreamSettings& config) {
  login_ = UpstreamLogin::to_nodes(config);
  is_wanted_ = config.upstream.reads_from_replicas();
  zones_are_wanted_ = config.upstream.reads_by(config::ReadFrom::nearest) && !config.upstream.zone.empty();
  interval_ = config.upstream.read_your_writes ? kOwnWritesInterval : kInterval;
}

void ReplicaWatcher::State::stop() {
  is_stopped_ = true;
  publish_ = nullptr;
  timer_.cancel();
  for (const auto& link : links_) link->client.close();
  zones_.stop();
}

Task<void> ReplicaWatcher::State::run(std::shared_ptr<State> self) {
  State& s = *self;
  while (!s.is_stopped_) {
    const std::shared_ptr<const Topology> map = s.current_map_();
    if (s.is_wanted_ && map) s.begin_round(self, map);
    s.timer_.expires_after(s.interval_);
    co_await s.timer_.async_wait(asio::as_tuple(asio::use_awaitable_t<asio::io_context::executor_type>{}));
    // Those that are slow are in the next one.
    if (s.is_wanted_ && map && !s.is_stopped_) s.publish();
  }
}

void ReplicaWatcher::State::begin_round(const std::shared_ptr<State>& self,
                                        const std::shared_ptr<const Topology>& map) {
  std::erase_if(links_, [&](const auto& link) {
    const NodeIndex node = map->find(link->endpoint.host, link->endpoint.port);
    return node == routing::kNoNode || map->node(node).role != routing::NodeRole::primary;
  });
  if (zones_are_wanted_) zones_.ask(*map, login_);
  for (const routing::Node& node : map->nodes()) {
    if (node.role != routing::NodeRole::primary) continue;
    auto it = std::find_if(links_.begin(), links_.end(),
                           [&](const auto& link) { return link->endpoint == node.endpoint; });
    if (it == links_.end()) it = links_.insert(it, std::make_shared<Link>(io_, node.endpoint));
    if ((*it)->is_busy) {
      (*it)->answers = false;
      continue;
    }
    (*it)->is_busy = true;
    launch(io_, ask(self, *it, map));
  }
}

Task<void> ReplicaWatcher::State::ask(std::shared_ptr<State> self, std::shared_ptr<Link> link,
                                      std::shared_ptr<const Topology> map) {
  State& s = *self;
  std::string error;
  if (!link->is_open)
    error = co_await link->client.connect(link->endpoint, s.login_.credentials, s.login_.timeout, 0);
  const auto asked = steady_clock::now();
  RedisClient::Answer answer;
  if (error.empty()) answer = co_await link->client.ask(question(), s.login_.timeout);
  link->is_open = error.empty() && answer.error.empty();
  link->is_busy = false;
  link->answers = false;
  if (s.is_stopped_ || !link->is_open || !answer.replies[0].is_text()) co_return;
  const auto report = routing::parse_replication(answer.replies[0].text);
  const NodeIndex primary = map->find(link->endpoint.host, link->endpoint.port);
  if (!report || primary == routing::kNoNode) co_return;
  link->answers = true;
  link->facts.clear();
  s.tracker_.observe(*map, primary, *report, asked, steady_clock::now(), link->facts);
}

void ReplicaWatcher::State::publish() {
  auto facts = std::make_shared<ReplicaFacts>();
  for (const auto& link : links_) {
    facts->replicas.insert(facts->replicas.end(), link->facts.begin(), link->facts.end());
    if (!link->answers) facts->silent.push_back(link->endpoint);
  }
  if (zones_are_wanted_) facts->zones = zones_.known();
  publish_(std::move(facts));
}

ReplicaWatcher::ReplicaWatcher(asio::io_context& io, const config::UpstreamSettings& config,
                               CurrentMap current_map, Publish publish)
    : state_(std::make_shared<State>(io, config, std::move(current_map), std::move(publish))) {}

ReplicaWatcher::~ReplicaWatcher() { stop(); }

void ReplicaWatcher::start() { state_->start(state_); }
void ReplicaWatcher::stop() { state_->stop(); }
void ReplicaWatcher::configure(const config::UpstreamSettings& config) { state_->configure(config); }

}  // namespace slotway::proxy
