// The part of the Dispatcher that serves requests on connections set aside for one session: those that may
// block, and WATCH with the transaction that follows it.
#include <algorithm>

#include "protocol/redirect_error.hpp"
#include "protocol/reply_errors.hpp"
#include "protocol/reply_writer.hpp"
#include "proxy/dispatch/dispatcher.hpp"

namespace slotway::proxy {

namespace {

using protocol::ByteQueue;
using protocol::RedirectKind;
using routing::RefreshReason;

constexpr std::string_view kUnwatch = "*1\r\n$7\r\nUNWATCH\r\n";
// What Redis tells blocked clients of a primary that becomes a replica (replication.c): nothing was taken.
constexpr std::string_view kForcedUnblock = "-UNBLOCKED force unblock";
constexpr std::chrono::milliseconds kRetryDelay{50};
constexpr int kMaxRetryDelays = 20;

// EXEC's answer when what was watched has changed.
std::string_view null_array(const Request& request) {
  return request.use.resp3 ? protocol::kNull3 : protocol::kNullArray;
}

}  // namespace

ClientSession* Dispatcher::session_of(const Request& request) {
  const ReplySlot* slot = slots_.find(request.reply_slot);
  return slot ? sessions_.find(slot->session) : nullptr;
}

void Dispatcher::pin(UpstreamConnection& connection, const Request& request) {
  ClientSession* session = session_of(request);
  if (!session) return;
  set_aside(*session, request, connection.handle());
  if (request.pin == Request::Pin::wait) waiting_.push_back({request.reply_slot, connection.handle()});
}

void Dispatcher::set_aside(ClientSession& session, const Request& request, Handle connection) {
  request.may_block() ? session.set_blocking(connection) : session.set_watching(connection);
}

// Opens its reply slot; later requests of the session wait for the reply.
Request Dispatcher::begin_pinned(ClientSession& session, const protocol::CommandRow& row, routing::Slot slot,
                                 std::size_t bytes, Request::Pin pin) {
  loop_.counters.in_flight.add();
  const Handle reply_slot = pin == Request::Pin::exec ? session.open_exec_reply(row.family, bytes)
                                                      : session.open_reply(row.family, bytes);
  Request request = begin_request(session, reply_slot, row, slot);
  request.pin = pin;
  request.use.pinned = true;
  request.spreads = false;
  session.hold_until_answered();
  return request;
}

// --- blocking commands ---

bool Dispatcher::send_blocking(ClientSession& session, const protocol::RequestView& request,
                               const routing::Blocking& blocking) {
  if (session.has_pending()) return false;
  const protocol::CommandRow& row = *blocking.row;
  if (blocking.slot == routing::kAnySlot) {
    // Its keys cannot be made out: a node words the error.
    send_single(session, request, {&row, blocking.slot}, nullptr);
    return true;
  }
  loop_.counters.requests[index_of(row.family)].add();
  if (!pool_.may_lease()) {
    session.reply_error(row.family, ErrorClass::refused, protocol::errors::kAllPinned);
    return true;
  }
  Request pinned = begin_pinned(session, row, blocking.slot, request.bytes().size(), Request::Pin::blocking);
  session.begin_blocking(pinned.reply_slot);
  loop_.counters.clients_blocked.add();
  pinned.deadline = blocking.wait == routing::kForever ? TimePoint::max() : pinned.deadline + blocking.wait;
  send(pinned, [&](ByteQueue& out) { out.append(loop_.blocks, request.bytes()); });
  return true;
}

// --- WATCH ---

bool Dispatcher::send_watch(ClientSession& session, const protocol::RequestView& request,
                            const routing::Watch& watch) {
  if (session.has_pending()) return false;
  const protocol::CommandRow& row = *watch.row;
  const bool watches = session.watched_slot() != routing::kAnySlot;
  loop_.counters.requests[index_of(row.family)].add();
  if (watches && watch.slot != session.watched_slot()) {
    session.reply_error(row.family, ErrorClass::refused, protocol::errors::kCrossSlot);
    return true;
  }
  if (!watches && !pool_.may_lease()) {
    session.reply_error(row.family, ErrorClass::refused, protocol::errors::kAllPinned);
    return true;
  }
  Request pinned = begin_pinned(session, row, watch.slot, request.bytes().size(), Request::Pin::watch);
  const auto write = [&](ByteQueue& out) { out.append(loop_.blocks, request.bytes()); };
  if (!watches) {
    send(pinned, write);
  } else if (UpstreamConnection* connection = watching_connection(session)) {
    send_to(*connection, pinned, false, write);
  } else {
    // What it watched before is lost with its connection: EXEC will say so.
    deliver(pinned, {protocol::kOk}, ErrorClass::count_);
  }
  return true;
}

// nullptr: it has gone, and with it what the session watches.
UpstreamConnection* Dispatcher::watching_connection(const ClientSession& session) {
  UpstreamConnection* connection = pool_.find(session.watching());
  return connection && !connection->is_retired() ? connection : nullptr;
}

bool Dispatcher::step_transaction(ClientSession& session, const protocol::CommandRow& row) {
  const bool watches = session.watched_slot() != routing::kAnySlot;
  if (watches && session.has_pending()) return false;
  const bool was_open = session.facts().in_transaction;
  if (const std::unique_ptr<Transaction> closed = session.step_transaction(row)) {
    watches ? send_watched(session, row, *closed) : send_transaction(session, row, *closed);
    // What comes after it must not be flushed with the other shards.
    if (closed->flushes()) session.hold_until_answered();
  } else if (watches &&
             (was_open ? !session.facts().in_transaction : row.local == protocol::LocalCommand::unwatch)) {
    end_watch(session);
  }
  return true;
}

void Dispatcher::send_watched(ClientSession& session, const protocol::CommandRow& row,
                              Transaction& transaction) {
  Request request =
      begin_pinned(session, row, session.watched_slot(), transaction.bytes().size(), Request::Pin::exec);
  note_transaction(request, transaction);
  if (UpstreamConnection* connection = watching_connection(session)) {
    send_to(*connection, request, false,
            [&](ByteQueue& out) { out.splice(loop_.blocks, transaction.bytes()); });
    return;
  }
  // Nobody knows whether the keys have changed since: as if they had.
  transaction.bytes().clear(loop_.blocks);
  session.watch(routing::kAnySlot);
  session.set_watching({});
  deliver(request, {null_array(request)}, ErrorClass::count_);
}

void Dispatcher::end_watch(ClientSession& session) {
  if (UpstreamConnection* connection = watching_connection(session)) {
    Request unwatch;
    unwatch.kind = Request::Kind::probe;
    unwatch.use = connection->use();
    unwatch.deadline = loop_.now + pool_.settings().timeouts.request;
    send_to(*connection, unwatch, false, [&](ByteQueue& out) { out.append(loop_.blocks, kUnwatch); });
    pool_.release(*connection);
  }
  session.watch(routing::kAnySlot);
  session.set_watching({});
}

// --- replies ---

void Dispatcher::on_pinned_reply(UpstreamConnection& connection, std::string_view reply,
                                 protocol::ReadBuffer& source) {
  const Request request = connection.pipeline().front();
  if (request.pin == Request::Pin::wait) return on_wait_reply(connection, reply);
  ClientSession* session = session_of(request);
  if (!session) {
    finish(request);
    return connection.retire(true);
  }
  if (request.pin == Request::Pin::blocking) {
    on_blocking_reply(connection, *session, request, {reply, &source});
  } else {
    on_watching_reply(connection, *session, request, {reply, &source});
  }
}

// The session is let go of before it is answered: an answer that is too long for it may be its end.
void Dispatcher::on_blocking_reply(UpstreamConnection& connection, ClientSession& session,
                                   const Request& request, ReplyBytes reply) {
  const bool is_error = reply.view.front() == '-';
  session.set_blocking({});
  if (is_error && (handle_redirect(connection, reply.view) || handle_forced_unblock(connection, reply.view)))
    return pool_.release(connection);
  pool_.release(connection);
  deliver(request, reply, is_error ? ErrorClass::upstream : ErrorClass::count_);
}

void Dispatcher::on_watching_reply(UpstreamConnection& connection, ClientSession& session,
                                   const Request& request, ReplyBytes reply) {
  const bool is_error = reply.view.front() == '-';
  const bool executes = request.pin == Request::Pin::exec;
  const bool watched_before = session.watched_slot() != routing::kAnySlot;
  const std::string_view leading = connection.pipeline().leading_error();
  const std::string_view cause = leading.empty() ? reply.view : leading;
  const bool elsewhere = is_error && protocol::parse_redirect(cause).kind != RedirectKind::count_;
  // Whoever forgets the connection in what follows must not count this request again.
  connection.pipeline().front().abandoned = true;

  if (elsewhere && watched_before) {
    // The slot is leaving this node, and what was watched here says nothing any more.
    connection.retire(true);
    session.set_watching({});
    if (executes) session.watch(routing::kAnySlot);
    return deliver(request, {executes ? null_array(request) : protocol::kOk}, ErrorClass::count_);
  }
  if (executes && !is_error) mirror_executed(connection, request, reply.view);
  if (!executes && (watched_before || !is_error)) {
    // It stays set aside for this session.
    if (!is_error) session.watch(request.slot);
  } else {
    session.watch(routing::kAnySlot);
    session.set_watching({});
    pool_.release(connection);
    if (elsewhere) {
      connection.pipeline().front().abandoned = false;
      if (handle_redirect(connection, cause)) return;
    }
  }
  if (!is_error && request.is_rewritten()) return deliver_flushing(connection, request, reply);
  deliver(request, reply, is_error ? ErrorClass::upstream : ErrorClass::count_);
}

bool Dispatcher::handle_forced_unblock(UpstreamConnection& connection, std::string_view reply) {
  if (!reply.starts_with(kForcedUnblock)) return false;
  ask_refresh(RefreshReason::moved);
  Request again = connection.pipeline().front();
  // It may wait as long as it said, from now on.
  if (again.deadline != TimePoint::max()) again.deadline += loop_.now - again.queued_at;
  ByteQueue bytes;
  connection.pipeline().copy_front(bytes);
  park(again, std::move(bytes), loop_.now + kRetryDelay);
  return true;
}

// --- loss ---

void Dispatcher::lose_pinned(UpstreamConnection& connection) {
  connection.retire(true);
  UpstreamPipeline& pipeline = connection.pipeline();
  while (!pipeline.empty()) {
    const Request request = pipeline.front();
    if (request.pin == Request::Pin::wait) leave(connection, request);
    if (request.kind == Request::Kind::client && !request.abandoned) {
      lose_pinned_request(pipeline, request);
    }
    pipeline.pop_front();
  }
}

void Dispatcher::lose_pinned_request(UpstreamPipeline& pipeline, const Request& request) {
  ClientSession* session = session_of(request);
  if (!session) return finish(request);
  const bool watched_before = session->watched_slot() != routing::kAnySlot;
  const bool unsent = pipeline.front_is_unsent();
  if (request.pin != Request::Pin::wait) set_aside(*session, request, {});
  if (request.pin == Request::Pin::exec) {
    session->watch(routing::kAnySlot);
    if (unsent) return deliver(request, {null_array(request)}, ErrorClass::count_);
  } else if (request.pin == Request::Pin::watch && watched_before) {
    return deliver(request, {protocol::kOk}, ErrorClass::count_);
  } else if (unsent || request.repeatable || request.pin == Request::Pin::watch) {
    ByteQueue bytes;
    pipeline.copy_front(bytes);
    count_retry(request, unsent);
    Request again = request;
    await_primary(again);
    return park(again, std::move(bytes),
                loop_.now + kRetryDelay * std::min(request.attempts + 1, kMaxRetryDelays));
  }
  deliver_error(request, ErrorClass::unknown_outcome, protocol::errors::kOutcomeUnknown);
}

void Dispatcher::forget(Handle upstream) {
  UpstreamConnection* connection = pool_.find(upstream);
  if (!connection) return;
  const UpstreamPipeline& pipeline = connection->pipeline();
  const bool waits = !pipeline.empty() && pipeline.front().pin == Request::Pin::wait;
  const Handle reply_slot = waits ? pipeline.front().reply_slot : Handle{};
  give_up(*connection);
  if (!waits) return;
  std::erase_if(waiting_, [&](const Waiting& waiting) {
    if (waiting.reply_slot != reply_slot) return false;
    if (UpstreamConnection* other = pool_.find(waiting.connection)) give_up(*other);
    return true;
  });
}

void Dispatcher::give_up(UpstreamConnection& connection) {
  UpstreamPipeline& pipeline = connection.pipeline();
  for (std::size_t i = 0; i < pipeline.size(); ++i) {
    if (!pipeline[i].abandoned) finish(pipeline[i]);
  }
  connection.abandon();
}

}  // namespace slotway::proxy
