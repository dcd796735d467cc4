// One connection to one node that hears what nodes say unasked: messages of subscriptions, or invalidations
// of keys. It is apart from the request connections, because what comes here answers no request. Owner: the
// SubscriberLinks of a purpose. Thread: worker. Invariants: nothing is written before the handshake is done;
// when it is lost, what was to be written is dropped, and SubscriberLinkEvents::on_lost is called once.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/read_buffer.hpp"
#include "protocol/reply_scanner.hpp"
#include "proxy/loop.hpp"
#include "proxy/upstream/upstream_handshake.hpp"
#include "routing/subscription_table.hpp"
#include "routing/topology.hpp"

namespace slotway::proxy {

class SubscriberLinkEvents {
 public:
  virtual void on_ready(routing::LinkId link) = 0;
  // One whole frame. False: the link must be closed.
  virtual bool on_frame(routing::LinkId link, std::string_view frame) = 0;
  virtual void on_lost(routing::LinkId link) = 0;
  // Something has happened outside of the worker's turns: the end of one.
  virtual void end_turn() = 0;
  virtual std::uint64_t random() = 0;

 protected:
  ~SubscriberLinkEvents() = default;
};

// What links are for.
struct LinkPurpose {
  std::string_view name;  // for the log
  bool resp3;
};

class SubscriberLink : public std::enable_shared_from_this<SubscriberLink> {
 public:
  SubscriberLink(boost::asio::io_context& io, Loop& loop, const config::UpstreamSettings& settings,
                 SubscriberLinkEvents& events, LinkPurpose purpose, routing::LinkId id,
                 routing::Endpoint endpoint);
  ~SubscriberLink();
  SubscriberLink(const SubscriberLink&) = delete;
  SubscriberLink& operator=(const SubscriberLink&) = delete;

  const routing::Endpoint& endpoint() const { return endpoint_; }
  // Its last attempt to serve has failed.
  bool is_failing() const { return failures_ > 0; }
  bool is_open() const { return state_ != State::closed; }

  // What is to be written by the next flush(). REQUIRES: it is ready.
  std::string& out() { return out_; }
  void flush();
  // Connects, unless it does already or has to wait after a failure.
  void open();
  // Deadlines, probes, and the next attempt.
  void on_tick();
  // Nothing is wanted from it any more; on_lost is not called.
  void close();
  // Told once a tick whether anything is wanted from it.
  void note_use(bool used);
  bool is_unused_for(Clock::duration time) const {
    return unused_since_ && loop_.now - *unused_since_ >= time;
  }

 private:
  enum class State : std::uint8_t { closed, connecting, handshaking, ready };
  using Executor = boost::asio::io_context::executor_type;
  using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;
  using Resolver = boost::asio::ip::basic_resolver<boost::asio::ip::tcp, Executor>;

  // A handler that does nothing if the link, or this attempt of it, has gone meanwhile.
  template <class Act>
  auto later(Act act);
  void on_connected();
  void wait_readable();
  void read();
  bool take_frames();
  void take_handshake(std::string_view reply);
  void become_ready();
  void write();
  void drop();
  void fail(std::string_view reason);

  Loop& loop_;
  const config::UpstreamSettings& settings_;
  SubscriberLinkEvents& events_;
  const LinkPurpose purpose_;
  const routing::LinkId id_;
  const routing::Endpoint endpoint_;
  Resolver resolver_;
  Socket socket_;
  State state_ = State::closed;
  std::uint32_t attempt_ = 0;
  std::uint32_t failures_ = 0;  // attempts in a row that ended before the node said anything
  bool write_blocked_ = false;
  bool unreachable_ = false;  // as the log has it
  TimePoint retry_at_{};
  TimePoint connect_deadline_{};
  TimePoint last_heard_{};
  std::optional<TimePoint> awaiting_since_;  // the node owes an answer
  std::optional<TimePoint> unused_since_;
  std::string out_;
  UpstreamHandshake handshake_;
  protocol::ReplyScanner scanner_;
  protocol::ReadBuffer read_;
};

}  // namespace slotway::proxy
