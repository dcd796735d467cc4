#include "proxy/upstream/subscriber_link.hpp"

#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <boost/asio/connect.hpp>
#include <cerrno>
#include <system_error>
#include <utility>

#include "config/units.hpp"
#include "proxy/socket_io.hpp"
#include "proxy/upstream/node_connection.hpp"

namespace slotway::proxy {

SubscriberLink::SubscriberLink(boost::asio::io_context& io, Loop& loop,
                               const config::UpstreamSettings& settings, SubscriberLinkEvents& events,
                               LinkPurpose purpose, routing::LinkId id, routing::Endpoint endpoint)
    : loop_(loop),
      settings_(settings),
      events_(events),
      purpose_(purpose),
      id_(id),
      endpoint_(std::move(endpoint)),
      resolver_(io.get_executor()),
      socket_(io.get_executor()),
      handshake_(settings_.upstream, {.resp3 = purpose.resp3}) {}

SubscriberLink::~SubscriberLink() { read_.clear(loop_.blocks); }

template <class Act>
auto SubscriberLink::later(Act act) {
  return [weak = weak_from_this(), attempt = attempt_, act](const boost::system::error_code& error,
                                                            auto&&... results) {
    const std::shared_ptr<SubscriberLink> link = weak.lock();
    if (!link || link->attempt_ != attempt) return;
    link->loop_.now = Clock::now();
    if (error) {
      link->fail(error.message());
    } else {
      act(*link, results...);
    }
    link->events_.end_turn();
  };
}

// --- connecting ---

void SubscriberLink::open() {
  if (state_ != State::closed || loop_.now < retry_at_) return;
  state_ = State::connecting;
  connect_deadline_ = loop_.now + settings_.timeouts.connect;
  loop_.counters.upstream_connects.add();
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(endpoint_.host, error);
  if (!error) {
    return socket_.async_connect({address, endpoint_.port},
                                 later([](SubscriberLink& link) { link.on_connected(); }));
  }
  resolver_.async_resolve(endpoint_.host, std::to_string(endpoint_.port),
                          later([](SubscriberLink& link, const Resolver::results_type& addresses) {
                            boost::asio::async_connect(link.socket_, addresses,
                                                       link.later([](SubscriberLink& connected, const auto&) {
                                                         connected.on_connected();
                                                       }));
                          }));
}

void SubscriberLink::on_connected() {
  state_ = State::handshaking;
  socket_.native_non_blocking(true);
  tune_socket(socket_.native_handle(),
              {settings_.timeouts.tcp_keepalive, settings_.timeouts.tcp_user_timeout});
  scanner_.start();
  wait_readable();
  out_ = handshake_.start();
  if (out_.empty()) return become_ready();
  write();
}

void SubscriberLink::take_handshake(std::string_view reply) {
  const auto status = handshake_.on_reply(reply);
  if (status == UpstreamHandshake::Status::failed) return fail(handshake_.error());
  if (status == UpstreamHandshake::Status::done) become_ready();
}

void SubscriberLink::become_ready() {
  state_ = State::ready;
  last_heard_ = loop_.now;
  awaiting_since_.reset();
  events_.on_ready(id_);
}

// --- writing ---

void SubscriberLink::flush() {
  if (state_ == State::ready) write();
}

void SubscriberLink::write() {
  if (!out_.empty() && !awaiting_since_) awaiting_since_ = loop_.now;
  while (!out_.empty() && !write_blocked_) {
    const ssize_t sent = ::send(socket_.native_handle(), out_.data(), out_.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      loop_.counters.upstream_bytes_out.add(static_cast<std::uint64_t>(sent));
      out_.erase(0, static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      write_blocked_ = true;
      socket_.async_wait(Socket::wait_write, later([](SubscriberLink& link) {
                           link.write_blocked_ = false;
                           link.write();
                         }));
    } else if (errno != EINTR) {
      return fail(std::system_category().message(errno));
    }
  }
}

// --- reading ---

void SubscriberLink::wait_readable() {
  socket_.async_wait(Socket::wait_read, later([](SubscriberLink& link) { link.read(); }));
}

void SubscriberLink::read() {
  for (int reads = 0; reads < kNodeReadsPerTurn; ++reads) {
    const std::size_t wanted = scanner_.wanted(read_.bytes().size());
    const IoResult result =
        read_some(socket_.native_handle(), read_.writable(loop_.blocks, loop_.scratch(), wanted));
    const int error = errno;
    if (result.bytes > 0) {
      loop_.counters.upstream_bytes_in.add(result.bytes);
      read_.commit(result.bytes);
      if (!take_frames()) return;
    }
    read_.keep_rest(loop_.blocks);
    if (result.status == IoStatus::closed) return fail("closed by the node");
    if (result.status == IoStatus::failed) return fail(std::system_category().message(error));
    if (result.status == IoStatus::would_block) break;
  }
  wait_readable();
}

// False: the link has failed.
bool SubscriberLink::take_frames() {
  const std::uint32_t attempt = attempt_;
  while (!read_.bytes().empty()) {
    const protocol::ScanStatus scanned = scanner_.scan(read_.bytes());
    if (scanned == protocol::ScanStatus::need_more) return true;
    if (scanned == protocol::ScanStatus::error) {
      fail("what it says is not RESP");
      return false;
    }
    const std::string_view frame = read_.bytes().substr(0, scanner_.size());
    last_heard_ = loop_.now;
    awaiting_since_.reset();
    if (state_ == State::handshaking) {
      take_handshake(frame);
    } else if (protocol::is_client_limit(frame)) {
      fail(kClientLimit);
    } else if (!events_.on_frame(id_, frame)) {
      fail("it says what was not asked for: " + std::string(frame.substr(0, frame.find('\r'))));
    } else {
      failures_ = 0;
      if (std::exchange(unreachable_, false))
        spdlog::info("{} at node {} stand again", purpose_.name,
                     config::print_host_port(endpoint_.host, endpoint_.port));
    }
    if (attempt_ != attempt) return false;
    read_.consume(scanner_.size());
    scanner_.start();
  }
  return true;
}

// --- time and failure ---

void SubscriberLink::on_tick() {
  const auto& timeouts = settings_.timeouts;
  switch (state_) {
    case State::closed: return;
    case State::connecting:
    case State::handshaking:
      if (loop_.now >= connect_deadline_) fail("no connection within timeouts.connect");
      return;
    case State::ready: break;
  }
  if (awaiting_since_) {
    if (loop_.now - *awaiting_since_ >= timeouts.request) fail("no answer for too long");
  } else if (timeouts.upstream_idle_ping.count() > 0 &&
             loop_.now - last_heard_ >= timeouts.upstream_idle_ping) {
    out_ += kPing;
    write();
  }
}

void SubscriberLink::note_use(bool used) {
  if (used) {
    unused_since_.reset();
  } else if (!unused_since_) {
    unused_since_ = loop_.now;
  }
}

void SubscriberLink::close() {
  drop();
  failures_ = 0;  // it may be well again when it is wanted
}

void SubscriberLink::drop() {
  ++attempt_;
  boost::system::error_code ignored;
  socket_.close(ignored);
  resolver_.cancel();
  read_.clear(loop_.blocks);
  out_.clear();
  state_ = State::closed;
  write_blocked_ = false;
  awaiting_since_.reset();
}

void SubscriberLink::fail(std::string_view reason) {
  const bool was_ready = state_ == State::ready;
  // Said once for each time that the node goes away, not for each attempt.
  if (!std::exchange(unreachable_, true))
    spdlog::warn("{} at node {} are lost: {}", purpose_.name,
                 config::print_host_port(endpoint_.host, endpoint_.port), reason);
  if (!was_ready) loop_.counters.upstream_connect_failures.add();
  drop();
  // One that has served is made anew at once; one that never did has to wait.
  if (was_ready && failures_ == 0) {
    failures_ = 1;
    retry_at_ = loop_.now;
  } else {
    retry_at_ = loop_.now + kReconnect.delay(failures_++, events_.random());
  }
  events_.on_lost(id_);
}

}  // namespace slotway::proxy
