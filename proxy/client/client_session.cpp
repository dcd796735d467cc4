#include "proxy/client/client_session.hpp"

#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

#include "config/units.hpp"
#include "protocol/reply_errors.hpp"
#include "protocol/reply_writer.hpp"
#include "proxy/client/entrance.hpp"
#include "proxy/client/inner_stream.hpp"
#include "proxy/client/local_commands.hpp"
#include "proxy/dispatch/dispatcher.hpp"
#include "proxy/dispatch/reply_comparisons.hpp"
#include "proxy/socket_address.hpp"
#include "proxy/socket_io.hpp"

namespace slotway::proxy {

namespace {

constexpr int kReadsPerTurn = 16;
constexpr std::size_t kDropAtOnce = 1024 * 1024;
// More output than this is worth a write of its own, whatever is still to come.
constexpr std::size_t kDeferBelow = 16 * 1024;

// Straight to the kernel, which writes nothing: ThreadSanitizer would take it for a write at address 0, by
// all workers.
long drop_unread(int socket) {
  return ::syscall(SYS_recvfrom, socket, nullptr, kDropAtOnce, MSG_TRUNC | MSG_DONTWAIT, nullptr, nullptr);
}

}  // namespace

std::unique_ptr<protocol::RequestParser> SessionRoom::lend_parser() {
  if (parsers.empty()) return std::make_unique<protocol::RequestParser>();
  std::unique_ptr<protocol::RequestParser> parser = std::move(parsers.back());
  parsers.pop_back();
  parser->start();
  return parser;
}

void SessionRoom::take_back(std::unique_ptr<protocol::RequestParser> parser) {
  // One that an unusual request made large is not kept.
  if (parser->reserved_bytes() <= kKeepBytes && parsers.size() < kMaxFreeParsers)
    parsers.push_back(std::move(parser));
}

ClientSession::ClientSession(SessionRoom& room, const Entrance& entrance, int socket, std::uint64_t id)
    : room_(room),
      entrance_(entrance),
      socket_(socket),
      replies_(room.loop, room.slots),
      started_(room.loop.now),
      last_active_(room.loop.now) {
  state_.id = id;
  state_.facts.authenticated = !entrance.config.client.needs_login();
  room_.loop.counters.clients.add();
  room_.loop.counters.clients_accepted.add();
}

ClientSession::ClientSession(SessionRoom& room, const Entrance& entrance, InnerStream& inner)
    : room_(room),
      entrance_(entrance),
      socket_(-1),
      inner_(&inner),
      replies_(room.loop, room.slots),
      started_(room.loop.now),
      last_active_(room.loop.now) {}

ClientSession::~ClientSession() {
  settling_ = true;  // to_settle has no use for it any more
  finish();
  leave_subscriptions();
  leave_monitors();
  stop_tracking();
  replies_.clear();
  room_.part_bytes -= part_bytes_;
  drop_transaction();
  if (exec_) exec_->pushes.clear(room_.loop.blocks);
  out_.clear(room_.loop.blocks);
  read_.clear(room_.loop.blocks);
  end_pause();
  set_limited(false);
  if (inner_) return;
  room_.loop.counters.clients.sub();
  room_.loop.counters.clients_closed.add();
}

bool ClientSession::start(Handle handle) {
  handle_ = handle;
  if (inner_) return true;
  // No TCP_USER_TIMEOUT: it would cut off a client that reads slowly, which its limits deal with.
  tune_socket(socket_, {room_.loop.config.timeouts.tcp_keepalive, std::chrono::milliseconds{0}});
  if (entrance_.tls && !local_address(socket_).is_unix()) tls_ = entrance_.tls->accept(socket_);
  return room_.loop.poller.add(socket_, {PollTag::Kind::client, handle_});
}

// --- reading ---

void ClientSession::on_io(std::uint32_t events) {
  if (finished_) return;
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) hangup_ = true;
  // Nobody reads the replies. Not so EPOLLHUP: who closes a unix socket may have sent requests before.
  if ((events & EPOLLERR) != 0) return finish();
  if (has_gone()) return finish();
  const bool may_read = (events & EPOLLIN) != 0 || hangup_ || (tls_ && tls_->wants_write());
  if (may_read && !paused_ && !closing_) read();
  if ((events & EPOLLOUT) != 0 && write_blocked_) {
    write_blocked_ = false;
    want_settle();
  }
}

void ClientSession::read() {
  protocol::BlockPool& blocks = room_.loop.blocks;
  std::size_t taken = 0;
  for (int reads = 0;; ++reads) {
    if (reads == kReadsPerTurn || taken >= Loop::kTurnBytes)
      return room_.loop.poller.again({PollTag::Kind::client, handle_});
    const std::size_t wanted = parser_ ? parser_->wanted(read_.bytes().size()) : 0;
    const std::span<char> space = read_.writable(blocks, room_.loop.scratch(), wanted);
    const IoResult result = read_into(space);
    if (result.bytes > 0) {
      room_.loop.counters.client_bytes_in.add(result.bytes);
      last_active_ = room_.loop.now;
      taken += result.bytes;
      read_.commit(result.bytes);
      const bool more = process_requests();
      read_.keep_rest(blocks);
      if (!more) return;
    }
    if (result.status == IoStatus::failed) return finish();
    if (result.status == IoStatus::closed) {
      hangup_ = true;
      if (has_gone()) return finish();
      // The peer sends no more, but may well wait for its replies.
      closing_ = true;
      return want_settle();
    }
    if (result.status == IoStatus::would_block && !(hangup_ && result.bytes > 0)) return;
  }
}

IoResult ClientSession::read_into(std::span<char> space) {
  if (tls_) [[unlikely]]
    return tls_->read(space);
  return inner_ ? inner_->read(space) : read_some(socket_, space);
}

// Takes every complete request. False: reading has to stop.
bool ClientSession::process_requests() {
  while (!read_.bytes().empty()) {
    if (waits_for_replies() || is_at_limit()) return pause();
    if (!parser_) parser_ = room_.lend_parser();
    switch (parser_->parse(read_.bytes(), room_.parse_limits, state_.facts.authenticated)) {
      case protocol::ParseStatus::need_more: return true;
      case protocol::ParseStatus::error:
        reply_error(protocol::Family::connection, ErrorClass::protocol, parser_->error_text());
        closing_ = true;
        break;
      case protocol::ParseStatus::nothing: break;
      case protocol::ParseStatus::request:
        switch (handle_request(&read_)) {
          case Taken::yes: break;
          case Taken::when_answered: held_ = true; return pause();
          case Taken::after_pause: parser_->start(); return false;
        }
        break;
    }
    if (closing_ || finished_) {
      read_.clear(room_.loop.blocks);
      want_settle();
      return false;
    }
    // A long request may have left with its block.
    if (!read_.bytes().empty()) read_.consume(parser_->size());
    parser_->start();
  }
  if (parser_) room_.take_back(std::move(parser_));
  return true;
}

bool ClientSession::pause() {
  paused_ = true;
  set_limited(!waits_for_replies());
  want_settle();
  return false;
}

Taken ClientSession::handle_request(protocol::ReadBuffer* source) {
  if (replies_.size() == 0) map_version_ = room_.loop.map_version;
  const std::string_view bytes = read_.bytes();
  const protocol::RequestView request = parser_->request(bytes);
  const bool as_sent = request.bytes().data() == bytes.data();
  protocol::ReadBuffer* taken_from = as_sent ? source : nullptr;
  if (entrance_.router) [[unlikely]]
    return entrance_.router->dispatch(*this, request, taken_from);
  return entrance_.home.dispatcher->dispatch(*this, request, taken_from);
}

// A later request could overtake one that is in flight: one that is redirected or parked, or one that was
// sent by another map and will be redirected yet.
bool ClientSession::waits_for_replies() const {
  if (held_) return replies_.size() > 0 || exec_;
  return replies_.size() > 0 && map_version_ != room_.loop.map_version;
}

bool ClientSession::is_at_limit() const {
  const config::LimitsConfig& limits = room_.loop.config.limits;
  return replies_.size() >= limits.max_inflight_per_client ||
         replies_.pending_bytes() >= limits.max_inflight_bytes_per_client ||
         out_.size() >= limits.max_output_bytes_per_client;
}

// The request stays where it is, and is parsed again when the pause is over.
bool ClientSession::postpones(const protocol::CommandRow& row, const protocol::RequestView& request) {
  if (!room_.pauses[entrance_.home.number].postpones(row, request, transaction_ && transaction_->writes(),
                                                     room_.loop.now))
    return false;
  postponed_ = true;
  paused_ = true;
  room_.loop.counters.clients_postponed.add();
  want_settle();
  return true;
}

// As Redis: who ends its side while it blocks or is paused has gone. It must not take an element with it, nor
// write when the pause is over.
bool ClientSession::has_gone() const { return hangup_ && (is_blocked() || postponed_); }

void ClientSession::end_pause() {
  if (!postponed_) return;
  postponed_ = false;
  room_.loop.counters.clients_postponed.sub();
  want_settle();
}

bool ClientSession::may_resume() const {
  const config::LimitsConfig& limits = room_.loop.config.limits;
  return !postponed_ && !waits_for_replies() && replies_.size() <= limits.max_inflight_per_client / 2 &&
         replies_.pending_bytes() <= limits.max_inflight_bytes_per_client / 2 &&
         out_.size() <= limits.max_output_bytes_per_client / 2;
}

// In the metric are those that a limit stops, not those that wait for the sake of order.
void ClientSession::set_limited(bool limited) {
  if (limited == limited_) return;
  limited_ = limited;
  Counter& paused = room_.loop.counters.clients_paused;
  if (limited) {
    paused.add();
  } else {
    paused.sub();
  }
}

// --- replies ---

Handle ClientSession::open_reply(protocol::Family family, std::size_t request_bytes) {
  const Handle handle = replies_.open(handle_, family, static_cast<std::uint32_t>(request_bytes));
  if (state_.reply_off || state_.skip_reply) {
    room_.slots.at(handle).muted = true;
    state_.skip_reply = false;
  }
  return handle;
}

void ClientSession::deliver(Handle handle, ReplySlot& slot, ReplyBytes reply) {
  if (slot.compared) [[unlikely]]
    room_.comparisons->on_original(handle, reply.view);
  if (handle == exec_slot_) return take_exec_reply(handle, slot, reply);
  if (replies_.fill(handle, slot, reply, out_)) want_settle();
  // Short ones are bounded by their number.
  if (reply.view.size() > ReplySlot::kInlineBytes) check_memory();
}

void ClientSession::hold_part(std::size_t bytes) {
  part_bytes_ += bytes;
  room_.part_bytes += bytes;
  check_memory();
}

std::unique_ptr<routing::Merger> ClientSession::deliver_merged(Handle handle, ReplySlot& slot) {
  std::unique_ptr<routing::Merger> merger;
  const std::size_t part = slot.rest().merger->held_bytes();
  part_bytes_ -= part;
  room_.part_bytes -= part;
  if (handle == exec_slot_ || slot.compared) {
    merger = std::move(slot.rest().merger);
    protocol::ByteQueue merged;
    merger->write(room_.loop.blocks, merged);
    const std::string text = merged.text(merged.size());
    merged.clear(room_.loop.blocks);
    deliver(handle, slot, {text});
    return merger;
  }
  if (replies_.fill_merged(handle, slot, out_, merger)) want_settle();
  check_memory();
  return merger;
}

std::uint64_t ClientSession::held_bytes() const {
  const std::uint64_t queued =
      (transaction_ ? transaction_->held_bytes() : 0) + (tracking_ ? tracking_->queued_bytes : 0);
  return out_.size() + replies_.reply_bytes() + part_bytes_ + queued + (exec_ ? exec_->held_bytes() : 0);
}

std::uint64_t ClientSession::memory_bytes() const {
  const std::uint64_t in_flight = replies_.pending_bytes() - replies_.reply_bytes();
  return sizeof *this + read_.reserved_bytes() + in_flight + held_bytes();
}

// Its requests are on their way already: all that can be done is to want no replies.
void ClientSession::check_memory() {
  const std::uint64_t held = held_bytes();
  const std::uint64_t limit = room_.loop.config.limits.max_memory_bytes_per_client;
  if (held <= limit || finished_) return;
  room_.loop.counters.clients_over_memory.add();
  if (const auto left_out = room_.memory_warnings.allow(room_.loop.now)) {
    spdlog::warn(
        "client {} closed: its unread replies and its open transaction are {} bytes, more than "
        "limits.max_memory_per_client ({} more such clients since the last of these lines)",
        state_.id, held, *left_out);
  }
  finish();
}

void ClientSession::run_local(const protocol::CommandRow& row, const protocol::RequestView& request) {
  room_.loop.counters.requests[index_of(row.family)].add();
  room_.scratch.clear();
  entrance_.local_commands.run(row.local, request, *this, room_.scratch);
  if (room_.scratch.empty()) return;  // it has a reply slot of its own, or no reply
  if (room_.scratch.front() == '-') room_.loop.counters.count_error(row.family, ErrorClass::refused);
  reply_now(row.family, room_.scratch);
  if (room_.scratch.capacity() > SessionRoom::kKeepBytes) std::string().swap(room_.scratch);
}

bool ClientSession::run_sentinel(const protocol::RequestView& request) {
  room_.scratch.clear();
  if (!entrance_.local_commands.run_sentinel(request, *this, room_.scratch)) return false;
  room_.loop.counters.requests[index_of(protocol::Family::server)].add();
  if (room_.scratch.front() == '-')
    room_.loop.counters.count_error(protocol::Family::server, ErrorClass::refused);
  reply_now(protocol::Family::server, room_.scratch);
  return true;
}

// Not behind requests of its own, which may be the script: those are answered first.
bool ClientSession::leaves_to_nodes(const protocol::CommandRow& row) const {
  return !has_pending() && row.merge != protocol::Merge::none && !state_.facts.subscriber &&
         entrance_.local_commands.script_runs_long();
}

// --- replies that are made here ---

void ClientSession::reply_error(protocol::Family family, ErrorClass error, std::string_view text) {
  room_.loop.counters.count_error(family, error);
  room_.scratch.clear();
  protocol::write_error(room_.scratch, text);
  reply_now(family, room_.scratch);
}

void ClientSession::reply_now(protocol::Family family, std::string_view reply) {
  const Handle handle = open_reply(family, 0);
  deliver(handle, room_.slots.at(handle), {reply});
}

// --- the end of a turn ---

void ClientSession::want_settle() {
  if (settling_) return;
  settling_ = true;
  room_.to_settle.push_back(handle_);
}

bool ClientSession::expects_more_output() const { return replies_.size() > 0 && out_.size() < kDeferBelow; }

bool ClientSession::settle_deferred(TimePoint since) {
  if (deferred_since_ != since) return true;
  deferred_since_ = {};
  if (!finished_ && !out_.empty() && !write_blocked_) write();
  return settle();
}

bool ClientSession::settle() {
  if (exec_ && exec_->is_taken()) continue_exec();
  settling_ = false;
  if (!finished_ && !out_.empty() && !write_blocked_) {
    if (!expects_more_output()) {
      write();
    } else if (deferred_since_ == TimePoint{}) {
      deferred_since_ = room_.loop.now;
      room_.deferred.push_back({handle_, deferred_since_});
    }
  }
  if (replies_.size() == 0 && !exec_) held_ = false;
  if (paused_ && !postponed_) set_limited(!waits_for_replies());
  if (!finished_ && paused_ && !closing_ && may_resume()) {
    paused_ = false;
    set_limited(false);
    // What was read before the pause first, then what the socket holds.
    const bool more = process_requests();
    read_.keep_rest(room_.loop.blocks);
    if (more && !closing_) read();
  }
  if (departure_ != Departure::none) depart();
  if (!finished_ && (has_gone() || (closing_ && replies_.size() == 0 && out_.empty()))) finish();
  return !finished_;
}

void ClientSession::write() {
  deferred_since_ = {};
  if (inner_) {
    inner_->out += out_.text(out_.size());
    return out_.clear(room_.loop.blocks);
  }
  while (!out_.empty()) {
    const IoResult result = tls_ ? tls_->write(out_) : write_some(socket_, out_, {});
    out_.consume(room_.loop.blocks, result.bytes);
    room_.loop.counters.client_bytes_out.add(result.bytes);
    if (result.bytes > 0) last_active_ = room_.loop.now;
    if (result.status == IoStatus::failed) return finish();
    if (result.status == IoStatus::would_block) {
      write_blocked_ = !out_.empty();
      return;
    }
  }
}

void ClientSession::on_tick() {
  if (departure_ != Departure::none) depart_if_quiet();
  const auto idle = room_.loop.config.timeouts.client_idle;
  // Like Redis, not one that waits for messages.
  if (state_.facts.subscriber || monitors_) return;
  if (idle.count() > 0 && !postponed_ && replies_.size() == 0 && room_.loop.now - last_active_ >= idle)
    finish();
}

void ClientSession::finish() {
  if (finished_) return;
  finished_ = true;
  forget_watching();
  give_up(blocking_);
  set_blocking({});
  want_settle();
  if (inner_) {
    inner_->closed = true;
    return;
  }
  if (tls_) tls_->close();
  if (closing_) {
    // Unread bytes would make the kernel reset the connection, and the peer might lose its last replies. They
    // are dropped where they are: somebody else's may be in the scratch area at this moment.
    ::shutdown(socket_, SHUT_WR);
    for (int i = 0; i < kReadsPerTurn; ++i) {
      if (drop_unread(socket_) <= 0) break;
    }
  }
  ::close(socket_);
}

}  // namespace slotway::proxy
