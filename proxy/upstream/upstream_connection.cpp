#include "proxy/upstream/upstream_connection.hpp"

#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "config/units.hpp"
#include "protocol/redirect_error.hpp"
#include "proxy/socket_io.hpp"
#include "proxy/upstream/node_connection.hpp"
#include "proxy/upstream/upstream_pool.hpp"

namespace slotway::proxy {

namespace {

// A connection whose oldest request has waited this many times the request timeout is stuck.
constexpr int kStuckFactor = 2;
// A replica has this part of it.
constexpr int kReplicaShare = 2;
constexpr std::chrono::milliseconds kLongScript{100};
// A demoted node that answers nothing for so long does not answer at all.
constexpr std::chrono::milliseconds kSupersededPatience{500};

}  // namespace

UpstreamConnection::UpstreamConnection(UpstreamPool& pool, Loop& loop, UpstreamEvents& events,
                                       routing::Endpoint endpoint, UpstreamUse use)
    : pool_(pool),
      loop_(loop),
      events_(events),
      endpoint_(std::move(endpoint)),
      use_(use),
      handshake_(pool.settings().upstream,
                 {.resp3 = use.resp3,
                  .asks_id = use.pinned,
                  .no_touch = use.no_touch,
                  .database = use.database,
                  .readonly = use.replica && !pool.settings().upstream.is_one_shard()}),
      pipeline_(loop.blocks) {}

UpstreamConnection::~UpstreamConnection() {
  close_socket();
  read_.clear(loop_.blocks);
}

UpstreamStatus UpstreamConnection::status() const {
  return {config::print_host_port(endpoint_.host, endpoint_.port), state_, pipeline_.size(),
          pipeline_.queued_bytes()};
}

bool UpstreamConnection::accepts(TimePoint now) {
  if (state_ == UpstreamState::backoff && now >= retry_at_) state_ = UpstreamState::idle;
  return state_ != UpstreamState::backoff;
}

void UpstreamConnection::schedule_flush() {
  if (state_ == UpstreamState::idle) connect();
  if (scheduled_ || write_blocked_ || state_ != UpstreamState::ready) return;
  scheduled_ = true;
  pool_.schedule_flush(*this);
}

void UpstreamConnection::flush() {
  scheduled_ = false;
  while (state_ == UpstreamState::ready && pipeline_.has_unsent()) {
    const IoResult result = write_some(socket_, pipeline_.bytes(), pipeline_.cursor());
    pipeline_.on_sent(result.bytes);
    loop_.counters.upstream_bytes_out.add(result.bytes);
    if (result.status == IoStatus::failed) return fail_writing(errno);
    if (result.status == IoStatus::would_block) {
      write_blocked_ = true;
      return;
    }
  }
}

void UpstreamConnection::fail_writing(int error) {
  // A new connection may have been told that there are too many.
  hangup_ = true;
  if (fresh_) read();
  if (state_ == UpstreamState::ready) fail(std::system_category().message(error));
}

// --- connecting ---

void UpstreamConnection::connect() {
  if (pool_.enter_gate(*this)) return start_connecting();
  state_ = UpstreamState::waiting;
}

void UpstreamConnection::enter_gate() {
  if (state_ == UpstreamState::waiting) connect();
}

void UpstreamConnection::leave_gate() {
  if (std::exchange(in_gate_, false)) pool_.leave_gate(endpoint_);
}

void UpstreamConnection::start_connecting() {
  in_gate_ = true;
  state_ = UpstreamState::resolving;
  connect_deadline_ = loop_.now + pool_.settings().timeouts.connect;
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(endpoint_.host, error);
  if (!error) return use_addresses({{address, endpoint_.port}});
  if (!std::exchange(looking_up_, true)) pool_.resolve(handle_, endpoint_);
}

void UpstreamConnection::on_resolved(std::vector<boost::asio::ip::tcp::endpoint> addresses) {
  looking_up_ = false;
  if (state_ == UpstreamState::resolving) use_addresses(std::move(addresses));
}

void UpstreamConnection::use_addresses(std::vector<boost::asio::ip::tcp::endpoint> addresses) {
  addresses_ = std::move(addresses);
  next_address_ = 0;
  if (addresses_.empty()) return fail("the name does not resolve");
  try_next_address();
}

void UpstreamConnection::try_next_address() {
  const auto& address = addresses_[next_address_++];
  connect_deadline_ = loop_.now + pool_.settings().timeouts.connect;
  loop_.counters.upstream_connects.add();
  state_ = UpstreamState::connecting;
  fresh_ = true;
  socket_ = ::socket(address.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (socket_ < 0) return fail(std::system_category().message(errno));
  tune_socket(socket_, {pool_.settings().timeouts.tcp_keepalive, pool_.settings().timeouts.tcp_user_timeout});
  const auto size = static_cast<socklen_t>(address.size());
  if (::connect(socket_, address.data(), size) != 0 && errno != EINPROGRESS) {
    return fail(std::system_category().message(errno));
  }
  if (!loop_.poller.add(socket_, {PollTag::Kind::upstream, handle_}))
    fail(std::system_category().message(errno));
}

void UpstreamConnection::on_connected() {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return fail(std::system_category().message(error));
  state_ = UpstreamState::handshaking;
  const std::string greeting = handshake_.start();
  if (greeting.empty()) return become_ready();
  handshake_scanner_.start();
  // A fresh socket takes these few bytes whole, or it is broken.
  const ssize_t sent = ::send(socket_, greeting.data(), greeting.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(greeting.size())) fail("the handshake could not be written");
}

void UpstreamConnection::on_handshake() {
  while (state_ == UpstreamState::handshaking && !read_.bytes().empty()) {
    const protocol::ScanStatus scanned = handshake_scanner_.scan(read_.bytes());
    if (scanned == protocol::ScanStatus::need_more) return;
    if (scanned == protocol::ScanStatus::error) return fail("the handshake's reply is not RESP");
    if (protocol::is_client_limit(read_.bytes())) return fail(kClientLimit);
    fresh_ = false;
    const auto status = handshake_.on_reply(read_.bytes().substr(0, handshake_scanner_.size()));
    read_.consume(handshake_scanner_.size());
    handshake_scanner_.start();
    if (status == UpstreamHandshake::Status::failed) return fail(handshake_.error());
    if (status == UpstreamHandshake::Status::done) become_ready();
  }
}

void UpstreamConnection::become_ready() {
  state_ = UpstreamState::ready;
  leave_gate();
  last_reply_ = loop_.now;
  if (handshake_.no_touch_refused()) {
    spdlog::warn(
        "node {}:{} refuses CLIENT NO-TOUCH ON: what clients with NO-TOUCH read there counts as used (is the "
        "node "
        "older than 7.2, or may the user not say CLIENT?)",
        endpoint_.host, endpoint_.port);
  }
  // What was queued while connecting counts its patience from now.
  for (std::size_t i = 0; i < pipeline_.size(); ++i) pipeline_[i].queued_at = loop_.now;
  schedule_flush();
}

// --- reading ---

void UpstreamConnection::on_io(std::uint32_t events) {
  if (state_ == UpstreamState::connecting) {
    if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) == 0) return;
    on_connected();
    // The events were those of a socket that may have given way to the next address's.
    if (state_ != UpstreamState::handshaking && state_ != UpstreamState::ready) return;
  }
  if (socket_ < 0) return;
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) hangup_ = true;
  if ((events & EPOLLIN) != 0 || hangup_) read();
  if ((events & EPOLLOUT) != 0 && write_blocked_) {
    write_blocked_ = false;
    schedule_flush();
  }
}

void UpstreamConnection::read() {
  std::size_t taken = 0;
  for (int reads = 0;; ++reads) {
    if (reads == kNodeReadsPerTurn || taken >= Loop::kTurnBytes)
      return loop_.poller.again({PollTag::Kind::upstream, handle_});
    const std::size_t wanted = pipeline_.wanted(read_.bytes().size());
    const IoResult result = read_some(socket_, read_.writable(loop_.blocks, loop_.scratch(), wanted));
    const int error = errno;
    if (result.bytes > 0) {
      loop_.counters.upstream_bytes_in.add(result.bytes);
      taken += result.bytes;
      read_.commit(result.bytes);
      on_handshake();
      if (!take_replies()) return;
    }
    read_.keep_rest(loop_.blocks);
    if (result.status == IoStatus::closed) return fail("closed by the node");
    if (result.status == IoStatus::failed) return fail(std::system_category().message(error));
    if (result.status == IoStatus::would_block && !(hangup_ && result.bytes > 0)) return;
  }
}

// False: the connection is gone.
bool UpstreamConnection::take_replies() {
  while (state_ == UpstreamState::ready) {
    if (has_refused_us()) {
      refuse();
      return false;
    }
    const UpstreamPipeline::Next next = pipeline_.next(read_.bytes());
    switch (next) {
      case UpstreamPipeline::Next::need_more: return true;
      case UpstreamPipeline::Next::broken: fail("a reply is not RESP"); return false;
      case UpstreamPipeline::Next::unsolicited: fail("a reply that nobody asked for"); return false;
      case UpstreamPipeline::Next::leading:
      case UpstreamPipeline::Next::refused:
      case UpstreamPipeline::Next::reply: break;
    }
    const std::size_t size = pipeline_.reply_size();
    if (next == UpstreamPipeline::Next::leading) {
      pipeline_.pass_leading(read_.bytes().substr(0, size));
      read_.consume(size);
      continue;
    }
    events_.on_reply(*this, read_.bytes().substr(0, size), read_);
    // What the reply was too much for has abandoned its connection.
    if (socket_ < 0) return false;
    // A long reply may have left with its block.
    if (!read_.bytes().empty()) read_.consume(size);
    if (next == UpstreamPipeline::Next::refused) {
      pipeline_.front().abandoned = true;
      fail("the node refused a request before its end");
      return false;
    }
    pipeline_.pop_front();
    last_reply_ = loop_.now;
    fresh_ = false;
    failures_ = 0;
    if (std::exchange(unreachable_, false))
      spdlog::info("node {}:{} is reachable again", endpoint_.host, endpoint_.port);
  }
  return socket_ >= 0;
}

// What a node with too many clients says to a new one before it closes. A script may say it too, but the node
// does not close then.
bool UpstreamConnection::has_refused_us() {
  if (!fresh_ || !protocol::is_client_limit(read_.bytes())) return false;
  return hangup_ || pipeline_.empty() || !pipeline_.front().scripted;
}

// Nothing of what was written has been read: it counts as never connected, and all of it is sent again.
void UpstreamConnection::refuse() {
  pipeline_.forget_sent();
  state_ = UpstreamState::handshaking;
  fail(kClientLimit);
}

// --- time and failure ---

void UpstreamConnection::on_tick() {
  const auto& timeouts = pool_.settings().timeouts;
  switch (state_) {
    case UpstreamState::waiting:
      if (has_expired()) events_.on_lost(*this);
      return;
    case UpstreamState::resolving:
    case UpstreamState::connecting:
    case UpstreamState::handshaking:
      if (loop_.now >= connect_deadline_) return fail("no connection within timeouts.connect");
      // Nothing of them is on the wire: the dispatcher answers those that are late and sends the others here
      // again.
      if (has_expired()) events_.on_lost(*this);
      return;
    case UpstreamState::ready: break;
    case UpstreamState::idle:
    case UpstreamState::backoff:
    case UpstreamState::count_: return;
  }
  if (pipeline_.empty()) {
    if (timeouts.upstream_idle_ping.count() > 0 && loop_.now - last_reply_ >= timeouts.upstream_idle_ping)
      send_probe();
    return;
  }
  expire_requests();
  if (socket_ < 0) return;  // abandoned by whom it was set aside for
  if (use_.pinned) {
    // What it carries may take long; when its time is up, the node does not answer.
    if (is_overdue()) fail("no reply in time");
    return;
  }
  if (is_left_behind()) return fail("no reply since another node has taken its place");
  // What a replica does not answer the primary still can.
  const auto bound = use_.replica ? timeouts.request / kReplicaShare : kStuckFactor * timeouts.request;
  if (loop_.now - pipeline_.front().queued_at > bound) fail("no reply for too long");
}

// A primary that steps down answers what it was asked; one that hangs, and was replaced for it, does not.
bool UpstreamConnection::is_left_behind() const {
  return is_superseded_ && !pipeline_.empty() &&
         loop_.now - std::max(last_reply_, pipeline_.front().queued_at) >= kSupersededPatience;
}

bool UpstreamConnection::awaits_script() const {
  return state_ == UpstreamState::ready && !pipeline_.empty() && pipeline_.front().scripted &&
         loop_.now - pipeline_.front().queued_at >= kLongScript;
}

bool UpstreamConnection::has_expired() {
  for (std::size_t i = 0; i < pipeline_.size(); ++i) {
    if (loop_.now >= pipeline_[i].deadline) return true;
    if (pipeline_.is_in_order()) return false;
  }
  return false;
}

void UpstreamConnection::expire_requests() {
  for (std::size_t i = 0; i < pipeline_.size(); ++i) {
    Request& request = pipeline_[i];
    const bool expired = loop_.now >= request.expires(pool_.settings().timeouts.request);
    if (!expired && pipeline_.is_in_order()) return;
    if (!expired || request.abandoned || request.kind != Request::Kind::client) continue;
    request.abandoned = true;
    events_.on_deadline(request);
  }
}

// One request on a connection that is set aside has not been answered in its time.
bool UpstreamConnection::is_overdue() {
  for (std::size_t i = 0; i < pipeline_.size(); ++i) {
    if (pipeline_[i].abandoned || loop_.now >= pipeline_[i].expires(pool_.settings().timeouts.request))
      return true;
  }
  return false;
}

void UpstreamConnection::send_probe() {
  Request probe;
  probe.kind = Request::Kind::probe;
  probe.queued_at = loop_.now;
  probe.deadline = loop_.now + pool_.settings().timeouts.request;
  pipeline_.bytes().append(loop_.blocks, kPing);
  pipeline_.commit(probe);
  schedule_flush();
}

void UpstreamConnection::report_latency(routing::NodeSecond& second) {
  second.replies += std::exchange(replies_, 0);
  second.total_us += std::exchange(total_us_, 0);
  if (state_ != UpstreamState::ready || pipeline_.empty()) return;
  second.oldest_us = std::max(second.oldest_us, Loop::microseconds(loop_.now - pipeline_.front().queued_at));
}

void UpstreamConnection::abandon() {
  leave_gate();
  close_socket();
  while (!pipeline_.empty()) pipeline_.pop_front();
  read_.clear(loop_.blocks);
  state_ = UpstreamState::idle;
  retired_ = true;
}

void UpstreamConnection::close_socket() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
  scripts_seen_ = 0;
  write_blocked_ = hangup_ = false;
}

void UpstreamConnection::fail(std::string_view reason) {
  const bool was_ready = state_ == UpstreamState::ready;
  const bool was_connecting = state_ == UpstreamState::connecting;
  // A name that does not resolve is an attempt too, though no address was tried.
  if (state_ == UpstreamState::resolving) loop_.counters.upstream_connects.add();
  if (!was_ready) loop_.counters.upstream_connect_failures.add();
  close_socket();
  read_.clear(loop_.blocks);
  if (was_connecting && next_address_ < addresses_.size()) return try_next_address();
  leave_gate();

  // Said once for each time that the node goes away, not for each attempt.
  if (was_ready && !pipeline_.empty()) {
    spdlog::warn("connection to node {}:{} lost with {} requests on it: {}", endpoint_.host, endpoint_.port,
                 pipeline_.size(), reason);
  } else if (!was_ready && !unreachable_) {
    spdlog::warn("node {}:{} is not reachable: {}", endpoint_.host, endpoint_.port, reason);
    unreachable_ = true;
  }

  // A connection that has served is made anew at once; one that never did has to wait.
  if (was_ready && failures_ == 0) {
    state_ = UpstreamState::idle;
    failures_ = 1;
  } else {
    retry_at_ = loop_.now + kReconnect.delay(failures_++, pool_.random());
    state_ = UpstreamState::backoff;
  }
  events_.on_lost(*this);
}

}  // namespace slotway::proxy
