// One client session of a proxy that knows no node: what the proxy answers by itself, from the client's bytes
// to the replies' bytes. Owner: a test, which uses it on its own thread. Invariant: nothing is sent to any
// node.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/client/client_session.hpp"
#include "proxy/client/entrance.hpp"
#include "proxy/dispatch/dispatcher.hpp"
#include "proxy/loop.hpp"
#include "proxy/upstream/upstream_pool.hpp"
#include "tests/proxy/socket_pair.hpp"

namespace slotway::proxy {

class LocalStage {
 public:
  static constexpr std::uint64_t kClientId = 7;

  explicit LocalStage(config::Config config = {}) : config_(std::move(config)) {
    pool_.set_events(dispatcher_);
    room_.upstreams.push_back({.dispatcher = &dispatcher_});
    room_.pauses.resize(1);
    session_ = sessions_.emplace(room_, entrance_, sockets_.release_ours(), kClientId);
    if (!session().start(session_)) throw std::runtime_error("the session does not start");
  }
  // Sessions hand their slots and bytes back before those go.
  ~LocalStage() {
    sessions_.for_each([this](Handle handle, ClientSession&) { sessions_.erase(handle); });
  }
  LocalStage(const LocalStage&) = delete;
  LocalStage& operator=(const LocalStage&) = delete;

  // Another client of the same worker, on that socket.
  Handle add_client(int socket) {
    const Handle handle = sessions_.emplace(room_, entrance_, socket, kClientId + sessions_.size());
    if (!sessions_.at(handle).start(handle)) throw std::runtime_error("the session does not start");
    return handle;
  }

  // The nodes' version, as a map would bring it.
  void set_server_version(std::string version) {
    auto topology = std::make_shared<routing::Topology>();
    topology->set_server_version(std::move(version));
    pool_.set_topology(std::move(topology));
  }

  // As UNPAUSE of another client does it.
  void end_pause() {
    room_.pauses[0] = {};
    room_.paused = false;
    session().end_pause();
  }

  // All that the session answers to `bytes`, which come in one read.
  std::string exchange(std::string_view bytes) {
    if (!sockets_.peer_sends(bytes)) throw std::runtime_error("the bytes do not fit into the socket");
    session().on_io(EPOLLIN);
    settle();
    return sockets_.peer_receives();
  }

  void pass(Clock::duration time) { loop_.now += time; }
  // The worker's tick.
  void tick() {
    session().on_tick();
    settle();
  }

  // The worker acts, and a turn ends.
  template <class Act>
  void turn(Act act) {
    act();
    settle();
  }

  bool closed() { return sessions_.find(session_) == nullptr; }
  Sessions& sessions() { return sessions_; }
  SessionRoom& room() { return room_; }
  SocketPair& sockets() { return sockets_; }
  // REQUIRES: not closed.
  ClientSession& session() { return sessions_.at(session_); }
  Dispatcher& dispatcher() { return dispatcher_; }
  TimePoint now() const { return loop_.now; }
  const WorkerCounters& counters() const { return loop_.counters; }

 private:
  void settle() {
    while (!room_.to_settle.empty()) {
      for (const Handle handle : std::exchange(room_.to_settle, {})) {
        ClientSession* session = sessions_.find(handle);
        if (session && !session->settle()) sessions_.erase(handle);
      }
    }
  }

  config::Config config_;
  boost::asio::io_context io_;
  Loop loop_{config_};
  ReplySlots slots_;
  Sessions sessions_;
  UpstreamPool pool_{io_, loop_, loop_.config};
  Dispatcher dispatcher_{loop_, sessions_, slots_, pool_, [](routing::RefreshReason) {}};
  ProxyFacts facts_{std::string(40, 'f'), Clock::now(), {{{{"127.0.0.1", 6380}, {}}}}, {&loop_.counters}};
  SessionRoom room_{loop_, slots_, {}, {}, {}, {}, {}};
  ClientDesk desk_{0, facts_, room_, sessions_};
  Entrance entrance_{facts_, 0, config_, {.dispatcher = &dispatcher_}, pool_, desk_};
  SocketPair sockets_;
  Handle session_;
};

}  // namespace slotway::proxy
