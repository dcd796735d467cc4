// One connection to one node, shared by all sessions of its worker: it connects on demand, says the
// handshake, writes what the pipeline holds once a turn, and hands replies to the dispatcher in order. Owner:
// the worker's UpstreamPool. Thread: worker. Invariant: while not ready nothing of the pipeline is on the
// wire; when a connection is lost its pipeline is emptied through UpstreamEvents::on_lost before anything
// else happens.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/read_buffer.hpp"
#include "proxy/loop.hpp"
#include "proxy/observe/worker_status.hpp"
#include "proxy/upstream/upstream_handshake.hpp"
#include "proxy/upstream/upstream_pipeline.hpp"
#include "routing/slow_nodes.hpp"
#include "routing/topology.hpp"

namespace slotway::proxy {

class UpstreamConnection;
class UpstreamPool;

// What the dispatcher is told. Views are valid during the call.
class UpstreamEvents {
 public:
  // The reply of pipeline().front(), which is popped afterwards. `source` holds it, and nothing before it.
  virtual void on_reply(UpstreamConnection& connection, std::string_view reply,
                        protocol::ReadBuffer& source) = 0;
  // The connection is gone, or long in coming: every request of the pipeline must be taken out of it
  // (front(), copy_front(), pop_front()).
  virtual void on_lost(UpstreamConnection& connection) = 0;
  // The deadline of a request that is on the wire has passed: it has been abandoned.
  virtual void on_deadline(const Request& request) = 0;

 protected:
  ~UpstreamEvents() = default;
};

class UpstreamConnection {
 public:
  UpstreamConnection(UpstreamPool& pool, Loop& loop, UpstreamEvents& events, routing::Endpoint endpoint,
                     UpstreamUse use);
  ~UpstreamConnection();
  UpstreamConnection(const UpstreamConnection&) = delete;
  UpstreamConnection& operator=(const UpstreamConnection&) = delete;

  void set_handle(Handle handle) { handle_ = handle; }
  Handle handle() const { return handle_; }
  const UpstreamUse& use() const { return use_; }
  bool is_pinned() const { return use_.pinned; }
  const routing::Endpoint& endpoint() const { return endpoint_; }
  UpstreamState state() const { return state_; }
  UpstreamStatus status() const;
  UpstreamPipeline& pipeline() { return pipeline_; }
  const UpstreamPipeline& pipeline() const { return pipeline_; }
  // Of one that is pinned: as which client the node knows it; 0 = it has not told.
  std::int64_t client_id() const { return handshake_.client_id(); }

  // False while it waits before the next attempt to connect: requests are better kept elsewhere until
  // retry_at().
  bool accepts(TimePoint now);
  TimePoint retry_at() const { return retry_at_; }

  // After commits to the pipeline: connects if need be, and has them written at the end of the turn.
  void schedule_flush();
  void flush();

  void on_io(std::uint32_t events);
  // Of the one look-up that pool.resolve() was asked for.
  void on_resolved(std::vector<boost::asio::ip::tcp::endpoint> addresses);
  void on_tick();

  // No longer in the map: closed by the pool as soon as nothing is in flight.
  void retire(bool retired) { retired_ = retired; }
  bool is_retired() const { return retired_; }
  // By the map its node is the primary of some slots, or not any more.
  void note_serving(bool serves) {
    is_superseded_ = !serves && (is_superseded_ || serves_);
    serves_ = serves;
  }
  bool is_done() const { return retired_ && pipeline_.empty(); }
  // Its oldest request is a script that has been running, or waiting for another one, for kLongScript.
  bool awaits_script() const;

  // Nothing of its pipeline is on the wire.
  bool is_opening() const {
    return state_ == UpstreamState::waiting || state_ == UpstreamState::resolving ||
           state_ == UpstreamState::connecting || state_ == UpstreamState::handshaking;
  }
  // It waits no more, if it still does, and connects.
  void enter_gate();

  // Latencies of its replies, for slow_nodes.
  void note_latency(std::uint64_t us) {
    ++replies_;
    total_us_ += us;
  }
  // Adds what has been noted since the last call.
  void report_latency(routing::NodeSecond& second);

  // The number of the newest script that its node has been told of on it; 0 = none.
  std::uint64_t scripts_seen() const { return scripts_seen_; }
  void set_scripts_seen(std::uint64_t number) { scripts_seen_ = number; }
  // It has refused one: all are told again, but not before some time has passed.
  void refuse_scripts() {
    scripts_seen_ = 0;
    scripts_due_ = loop_.now + std::chrono::seconds(1);
  }
  bool takes_scripts() const { return loop_.now >= scripts_due_; }

  // Gives it up, and whatever it carries, without a word to anyone.
  void abandon();

 private:
  void connect();
  void start_connecting();
  void leave_gate();
  void use_addresses(std::vector<boost::asio::ip::tcp::endpoint> addresses);
  void try_next_address();
  void on_connected();
  void on_handshake();
  void become_ready();
  void read();
  bool take_replies();
  bool has_expired();
  bool is_left_behind() const;
  bool is_overdue();
  void expire_requests();
  void fail(std::string_view reason);
  bool has_refused_us();
  void refuse();
  void fail_writing(int error);
  void close_socket();
  void send_probe();

  UpstreamPool& pool_;
  Loop& loop_;
  UpstreamEvents& events_;
  routing::Endpoint endpoint_;
  const UpstreamUse use_;
  Handle handle_;
  UpstreamState state_ = UpstreamState::idle;
  int socket_ = -1;
  bool scheduled_ = false;
  bool write_blocked_ = false;
  bool hangup_ = false;
  bool looking_up_ = false;  // a look-up is under way, also one that was not waited for
  bool in_gate_ = false;     // counts as being opened
  bool fresh_ = false;       // nothing has been read from this socket
  bool retired_ = false;
  bool serves_ = false;
  bool is_superseded_ = false;  // another node has taken its node's place
  bool unreachable_ = false;    // as the log has it
  std::uint32_t failures_ = 0;  // connections in a row that ended before their first reply
  std::uint64_t scripts_seen_ = 0;
  TimePoint scripts_due_{};
  TimePoint retry_at_{};
  TimePoint connect_deadline_{};
  TimePoint last_reply_{};
  std::uint64_t replies_ = 0;  // since report_latency()
  std::uint64_t total_us_ = 0;
  std::vector<boost::asio::ip::tcp::endpoint> addresses_;
  std::size_t next_address_ = 0;
  UpstreamHandshake handshake_;
  protocol::ReplyScanner handshake_scanner_;
  protocol::ReadBuffer read_;
  UpstreamPipeline pipeline_;
};

}  // namespace slotway::proxy
