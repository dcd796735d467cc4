#include "proxy/worker.hpp"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "config/memory_limit.hpp"
#include "config/upstreams.hpp"

namespace slotway::proxy {

using namespace std::chrono_literals;

namespace {

// Deadlines, idle connections and retirements are looked after this often: they are seconds, this is their
// precision.
constexpr std::chrono::milliseconds kTick{100};
// After a full round another look at the sockets is likely to find more, and costs less than going through
// the io_context; but timers and messages must have their turn too.
constexpr std::size_t kBusyRound = 4;
constexpr int kRoundsPerTurn = 16;
// However busy the sockets are.
constexpr std::chrono::milliseconds kLongTurn{10};
// How long the rest of a pipeline's replies is waited for before what is there is written: while other
// sockets keep the loop busy, and while none does.
constexpr std::chrono::nanoseconds kPatience = 500us;
constexpr std::chrono::nanoseconds kIdlePatience = 100us;

protocol::ParseLimits parse_limits(const config::LimitsConfig& limits) {
  return {limits.max_bulk_bytes, limits.max_request_bytes, limits.max_arguments};
}

}  // namespace

Worker::Worker(unsigned index, unsigned count, const config::Config& config, const ProxyFacts& facts,
               const RequestRefresh& request_refresh)
    : index_(index),
      count_(count),
      facts_(facts),
      io_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO),
      loop_(config),
      room_{loop_, slots_, parse_limits(config.limits), {}, {}, {}, {}},
      client_desk_(index, facts, room_, sessions_),
      comparisons_(loop_),
      memory_guard_(index, facts, room_, sessions_),
      drain_(sessions_),
      sockets_(io_.get_executor(), ::dup(loop_.poller.fd())),
      tick_timer_(io_.get_executor()),
      retry_timer_(io_.get_executor()),
      drain_timer_(io_.get_executor()) {
  make_upstreams(request_refresh);
  make_entrances();
  make_mirrors();
  room_.comparisons = &comparisons_;
  room_.memory_limit = config::memory_limit(config.limits.max_memory_bytes);
}

void Worker::make_upstreams(const RequestRefresh& request_refresh) {
  const WorkerParts parts{
      index_, count_, facts_, io_, loop_, sessions_, slots_, room_, [this] { end_turn(true); }};
  for (const config::NamedUpstream& named : config::every_upstream(loop_.config)) {
    const auto number = static_cast<unsigned>(upstreams_.size());
    const auto refresh = [number, request_refresh](routing::RefreshReason reason) {
      request_refresh(number, reason);
    };
    WorkerUpstream& upstream =
        *upstreams_.emplace_back(std::make_unique<WorkerUpstream>(parts, number, named.settings, refresh));
    upstream.pool.set_turn([this](const std::function<void()>& act) { turn(act); });
    room_.upstreams.push_back(upstream.parts());
    room_.pauses.emplace_back();
  }
}

void Worker::make_entrances() {
  for (const config::ListenerConfig& listener : config::every_listener(loop_.config)) {
    const auto number = static_cast<unsigned>(entrances_.size());
    WorkerUpstream& home = *upstreams_[config::home_of(loop_.config, listener)];
    Entrance& entrance = *entrances_.emplace_back(std::make_unique<Entrance>(
        facts_, number, config::view_at(loop_.config, listener), home.parts(), home.pool, client_desk_));
    entrance.read_from = listener.read_from;
    if (listener.client.tls.is_on()) entrance.tls = std::make_unique<TlsContext>(listener.client.tls);
    if (config::is_routed(loop_.config, listener))
      entrance.router = std::make_unique<PrefixRouter>(loop_.config, home.pool.number(), room_.upstreams);
  }
}

void Worker::make_mirrors() {
  for (const config::NamedUpstream& named : config::every_upstream(loop_.config)) {
    const config::MirrorConfig mirror = named.settings.upstream.mirror;
    mirror_entrances_.emplace_back();
    mirrors_.emplace_back();
    const auto target = config::upstream_number(loop_.config, mirror.upstream);
    if (mirror.upstream.empty() || !target) continue;
    WorkerUpstream& to = *upstreams_[*target];
    config::ListenerConfig inside;
    inside.upstream = mirror.upstream;
    mirror_entrances_.back() = std::make_unique<Entrance>(facts_, 0, config::view_at(loop_.config, inside),
                                                          to.parts(), to.pool, client_desk_);
    mirrors_.back() = std::make_unique<Mirror>(room_, sessions_, comparisons_, *mirror_entrances_.back(),
                                               named.name, mirror.upstream);
    active_mirrors_.push_back(mirrors_.back().get());
    mirrors_.back()->configure(mirror);
    upstreams_[mirrors_.size() - 1]->dispatcher.set_mirror(mirrors_.back().get());
  }
}

Worker::~Worker() {
  stop();
  for (const auto& upstream : upstreams_) upstream->stop();
  room_.is_ending = true;
  // Sessions hand their slots and bytes back before slots_ and loop_ go.
  sessions_.for_each([this](Handle handle, ClientSession&) { sessions_.erase(handle); });
}

void Worker::start() {
  thread_ = std::thread([this] { run(); });
}

void Worker::stop() {
  if (!thread_.joinable()) return;
  post([this] { io_.stop(); });
  thread_.join();
}

void Worker::take_client(int socket, unsigned listener) {
  post([this, socket, listener] {
    turn([this, socket, listener] {
      const Handle handle =
          sessions_.emplace(room_, *entrances_[listener], socket, ++sessions_started_ * count_ + index_);
      ClientSession& session = sessions_.at(handle);
      if (!session.start(handle)) sessions_.erase(handle);
    });
  });
}

void Worker::publish(unsigned upstream, std::shared_ptr<const routing::Topology> topology) {
  post([this, upstream, topology = std::move(topology)] {
    turn([&] { upstreams_[upstream]->set_topology(topology); });
  });
}

void Worker::publish(unsigned upstream, std::shared_ptr<const protocol::LearnedCommands> learned) {
  post([this, upstream, learned = std::move(learned)] {
    upstreams_[upstream]->dispatcher.set_learned(learned);
  });
}

void Worker::publish(unsigned upstream, std::shared_ptr<const routing::ReplicaFacts> facts) {
  post([this, upstream, facts = std::move(facts)] {
    turn([&] { upstreams_[upstream]->pool.set_replica_facts(facts); });
  });
}

void Worker::configure(std::shared_ptr<const config::Config> config) {
  post([this, config = std::move(config)] {
    turn([&] {
      loop_.config = *config;
      room_.parse_limits = parse_limits(loop_.config.limits);
      room_.memory_limit = config::memory_limit(loop_.config.limits.max_memory_bytes);
      const std::vector<config::NamedUpstream> upstreams = config::every_upstream(loop_.config);
      for (std::size_t i = 0; i < upstreams_.size(); ++i) {
        upstreams_[i]->configure(upstreams[i].settings);
        if (mirrors_[i]) mirrors_[i]->configure(upstreams[i].settings.upstream.mirror);
      }
      const std::vector<config::ListenerConfig> listeners = config::every_listener(loop_.config);
      for (std::size_t i = 0; i < entrances_.size(); ++i) configure(*entrances_[i], listeners[i]);
      // As in Redis: who has not logged in needs not any more.
      sessions_.for_each([](Handle, ClientSession& session) {
        if (!session.entrance().config.client.needs_login()) session.state().facts.authenticated = true;
      });
    });
  });
}

void Worker::configure(Entrance& entrance, const config::ListenerConfig& listener) const {
  if (entrance.config.client.tls != listener.client.tls) {
    const config::TlsConfig& tls = listener.client.tls;
    entrance.tls = tls.is_on() ? std::make_unique<TlsContext>(tls) : nullptr;
  }
  entrance.config = config::view_at(loop_.config, listener);
  entrance.read_from = listener.read_from;
  if (entrance.router) entrance.router->configure(loop_.config);
}

WorkerStatus Worker::status() {
  WorkerStatus status;
  for (const auto& upstream : upstreams_) {
    for (UpstreamStatus& connection : upstream->pool.statuses())
      status.upstreams.push_back(std::move(connection));
  }
  return status;
}

void Worker::drain(std::chrono::milliseconds limit) {
  post([this, limit] {
    drain_.begin(Clock::now(), limit);
    schedule_drain();
  });
}

void Worker::run_at_desk(std::function<void(ClientDesk&)> job) {
  post([this, job = std::move(job)] { turn([&] { job(client_desk_); }); });
}

void Worker::run() {
  ::pthread_setname_np(::pthread_self(), ("worker-" + std::to_string(index_)).c_str());
  wait_for_sockets();
  schedule_tick();
  io_.run();
}

// --- a turn ---

void Worker::wait_for_sockets() {
  sockets_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                      [this](const boost::system::error_code& error) {
                        if (!error) on_sockets();
                      });
}

void Worker::on_sockets() {
  const TimePoint begin = Clock::now();
  for (int round = 0; round < kRoundsPerTurn && loop_.now - begin < kLongTurn; ++round) {
    const std::span<const epoll_event> events = loop_.poller.take_ready(patience_left());
    loop_.now = Clock::now();
    for (const epoll_event& event : events) handle(event);
    end_turn(events.empty());
    if (events.size() < kBusyRound && room_.deferred.empty() && !loop_.poller.has_again()) break;
  }
  if (loop_.poller.has_again() || !room_.deferred.empty()) return post([this] { on_sockets(); });
  wait_for_sockets();
}

// How long the sockets may be silent before output that was put off is written.
std::chrono::nanoseconds Worker::patience_left() {
  if (room_.deferred.empty()) return 0ns;
  return std::clamp<std::chrono::nanoseconds>(room_.deferred.front().since + kPatience - loop_.now, 0ns,
                                              kIdlePatience);
}

void Worker::handle(const epoll_event& event) {
  const PollTag tag = PollTag::unpack(event.data.u64);
  switch (tag.kind) {
    case PollTag::Kind::client:
      if (ClientSession* session = sessions_.find(tag.handle)) session->on_io(event.events);
      break;
    case PollTag::Kind::upstream:
      upstreams_[UpstreamPool::number_of(tag.handle)]->pool.on_io(tag.handle, event.events);
      break;
  }
}

void Worker::end_turn(bool idle) {
  // What a session takes up again after a pause goes out in this turn too.
  do {
    for (Mirror* mirror : active_mirrors_) mirror->feed();
    for (const auto& upstream : upstreams_) {
      upstream->dispatcher.send_due();
      upstream->pool.flush_scheduled();
    }
    settle_sessions();
    if (room_.monitored) show_to_monitors();
    settle_deferred(idle);
    for (Mirror* mirror : active_mirrors_) mirror->collect();
  } while (has_scheduled() || !room_.to_settle.empty() || (idle && !room_.deferred.empty()));
  arm_retry_timer();
  loop_.counters.loop_turns.add();
}

void Worker::show_to_monitors() {
  for (const auto& upstream : upstreams_) {
    if (upstream->monitors.has_lines()) upstream->monitors.flush();
  }
}

bool Worker::has_scheduled() const {
  return std::any_of(upstreams_.begin(), upstreams_.end(),
                     [](const auto& upstream) { return upstream->pool.has_scheduled(); }) ||
         std::any_of(active_mirrors_.begin(), active_mirrors_.end(),
                     [](const Mirror* mirror) { return mirror->has_sent(); });
}

void Worker::settle_sessions() {
  settling_.swap(room_.to_settle);
  for (const Handle handle : settling_) {
    if (ClientSession* session = sessions_.find(handle); session && !session->settle())
      sessions_.erase(handle);
  }
  settling_.clear();
}

void Worker::settle_deferred(bool all) {
  while (!room_.deferred.empty() && (all || room_.deferred.front().since + kPatience <= loop_.now)) {
    const DeferredOutput output = room_.deferred.front();
    room_.deferred.pop_front();
    ClientSession* session = sessions_.find(output.session);
    if (session && !session->settle_deferred(output.since)) sessions_.erase(output.session);
  }
}

// --- time ---

void Worker::arm_retry_timer() {
  std::optional<TimePoint> due;
  for (const auto& upstream : upstreams_) {
    const std::optional<TimePoint> next = upstream->dispatcher.next_due();
    if (next && (!due || *next < *due)) due = next;
  }
  if (!due || (retry_armed_ && *retry_armed_ <= *due)) return;
  retry_armed_ = due;
  retry_timer_.expires_at(*due);
  retry_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    retry_armed_.reset();
    turn([] {});
  });
}

void Worker::schedule_drain() {
  bool goes_on = false;
  turn([&] { goes_on = drain_.step(loop_.now); });
  if (!goes_on) return;
  drain_timer_.expires_after(ClientDrain::kStep);
  drain_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) schedule_drain();
  });
}

void Worker::schedule_tick() {
  tick_timer_.expires_after(kTick);
  tick_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    turn([this] { on_tick(); });
    schedule_tick();
  });
}

void Worker::on_tick() {
  for (const auto& upstream : upstreams_) upstream->on_tick();
  comparisons_.on_tick();
  client_desk_.on_tick();
  memory_guard_.on_tick();
  const bool ages = std::any_of(entrances_.begin(), entrances_.end(), [](const auto& entrance) {
    return entrance->config.client.client_max_age.count() > 0;
  });
  if (ages || loop_.config.timeouts.client_idle.count() > 0 || drain_.has_begun()) {
    sessions_.for_each([ages](Handle, ClientSession& session) {
      if (ages) session.check_age();
      session.on_tick();
    });
  }
  loop_.counters.buffer_bytes.set(loop_.blocks.bytes_held());
}

}  // namespace slotway::proxy
