// One thread, one io_context, its own sessions, its own part of each upstream, its own counters. Nothing
// that it owns is touched by another thread, so nothing in it locks. Owner: the Server. Thread: what the
// comments say; the only ways in from outside are post() and what is built on it, the only way out is
// RequestRefresh and the counters, which others may read.
//
// A turn of the loop: take in all sockets that are ready, handle them, then write what they caused, nodes
// first.
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "proxy/client/client_desk.hpp"
#include "proxy/client/client_drain.hpp"
#include "proxy/client/client_session.hpp"
#include "proxy/client/entrance.hpp"
#include "proxy/client/memory_guard.hpp"
#include "proxy/dispatch/mirror.hpp"
#include "proxy/dispatch/reply_comparisons.hpp"
#include "proxy/loop.hpp"
#include "proxy/observe/worker_status.hpp"
#include "proxy/worker_upstream.hpp"

namespace slotway::proxy {

class Worker {
 public:
  // Called on the worker's thread; must hand over to the control plane and return at once. With the number of
  // the upstream.
  using RequestRefresh = std::function<void(unsigned, routing::RefreshReason)>;

  // `index` below `count`, the number of workers. `facts` outlive the worker.
  Worker(unsigned index, unsigned count, const config::Config& config, const ProxyFacts& facts,
         const RequestRefresh& request_refresh);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // --- any thread ---
  void start();
  void stop();  // ends the loop and joins; open connections are closed
  template <class Function>
  void post(Function function) {
    boost::asio::post(io_, std::move(function));
  }
  // `listener`: the number of that at which it has come in.
  void take_client(int socket, unsigned listener);
  // `upstream`: its number.
  void publish(unsigned upstream, std::shared_ptr<const routing::Topology> topology);
  void publish(unsigned upstream, std::shared_ptr<const protocol::LearnedCommands> learned);
  void publish(unsigned upstream, std::shared_ptr<const routing::ReplicaFacts> facts);
  // From now on, on connections that there are too, as far as they still ask; but nobody has to log in again.
  void configure(std::shared_ptr<const config::Config> config);
  // All clients are let go within `limit`; see ClientDrain. REQUIRES: no client is given to it any more.
  void drain(std::chrono::milliseconds limit);
  // A question of another worker about this one's clients.
  void run_at_desk(std::function<void(ClientDesk&)> job);
  const WorkerCounters& counters() const { return loop_.counters; }

  // --- worker ---
  WorkerStatus status();

 private:
  using Executor = boost::asio::io_context::executor_type;
  using Timer = boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, Executor>;

  // What is not an event of a socket's, as a turn of its own.
  template <class Act>
  void turn(Act act) {
    loop_.now = Clock::now();
    act();
    end_turn(true);
  }
  void make_upstreams(const RequestRefresh& request_refresh);
  void make_entrances();
  void make_mirrors();
  void configure(Entrance& entrance, const config::ListenerConfig& listener) const;
  void run();
  void wait_for_sockets();
  void on_sockets();
  std::chrono::nanoseconds patience_left();
  void handle(const epoll_event& event);
  // Writes what the turn caused. `idle`: the loop is about to wait, so nothing may be held back.
  void end_turn(bool idle);
  void settle_sessions();
  // Those that have waited long enough, or all.
  void settle_deferred(bool all);
  bool has_scheduled() const;
  void show_to_monitors();
  void arm_retry_timer();
  void schedule_drain();
  void schedule_tick();
  void on_tick();

  const unsigned index_;
  const unsigned count_;
  const ProxyFacts& facts_;
  boost::asio::io_context io_;
  Loop loop_;
  ReplySlots slots_;
  Sessions sessions_;
  std::vector<std::unique_ptr<WorkerUpstream>> upstreams_;  // by number
  SessionRoom room_;
  ClientDesk client_desk_;
  std::vector<std::unique_ptr<Entrance>> entrances_;  // by number of the listener
  ReplyComparisons comparisons_;
  // Where a mirror's own clients come in, and the mirrors; by number of the upstream, nullptr = it has none.
  std::vector<std::unique_ptr<Entrance>> mirror_entrances_;
  std::vector<std::unique_ptr<Mirror>> mirrors_;
  std::vector<Mirror*> active_mirrors_;  // those that there are
  MemoryGuard memory_guard_;
  ClientDrain drain_;
  boost::asio::posix::basic_stream_descriptor<Executor> sockets_;  // the poller's own descriptor
  Timer tick_timer_;
  Timer retry_timer_;
  Timer drain_timer_;
  std::optional<TimePoint> retry_armed_;
  std::vector<Handle> settling_;
  std::uint64_t sessions_started_ = 0;
  std::thread thread_;
};

}  // namespace slotway::proxy
