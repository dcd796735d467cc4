#include "proxy/dispatch/dispatcher.hpp"

#include <algorithm>
#include <cassert>

#include "config/units.hpp"
#include "protocol/redirect_error.hpp"
#include "protocol/reply_errors.hpp"
#include "protocol/reply_writer.hpp"
#include "proxy/dispatch/mirror.hpp"

namespace slotway::proxy {

namespace {

using protocol::ByteQueue;
using protocol::RedirectKind;
using routing::RefreshReason;

constexpr std::size_t kMaxFreeMergers = 256;
// The slot of the request behind so many others is fetched while a reply is delivered.
constexpr std::size_t kSlotsAhead = 4;

}  // namespace

Dispatcher::Dispatcher(Loop& loop, Sessions& sessions, ReplySlots& slots, UpstreamPool& pool,
                       RequestRefresh request_refresh)
    : loop_(loop),
      sessions_(sessions),
      slots_(slots),
      pool_(pool),
      request_refresh_(std::move(request_refresh)),
      planner_(
          pool.settings().multikey, loop.config.client.debug_command == config::DebugCommand::allow,
          pool.settings().upstream.is_one_shard() ? routing::Keyspace::one_shard : routing::Keyspace::slots),
      parked_(loop.blocks),
      scripts_(pool.settings().limits.max_scripts_bytes) {
  take_settings();
}

// --- from a client ---

[[gnu::always_inline]] inline Taken Dispatcher::carry_out(ClientSession& session,
                                                          const protocol::RequestView& request,
                                                          const routing::Plan& plan,
                                                          protocol::ReadBuffer* source) {
  const protocol::CommandRow* row = std::visit([](const auto& decided) { return decided.row; }, plan);
  session.note_command(row);
  if (mirror_) [[unlikely]]
    return carry_out_mirrored(session, request, plan, row, source);
  if (session.is_observed()) {
    return take_observed(session, request, row, std::holds_alternative<routing::Reject>(plan),
                         [&] { return take(session, request, plan, source); });
  }
  return take(session, request, plan, source) ? Taken::yes : Taken::when_answered;
}

Taken Dispatcher::dispatch(ClientSession& session, const protocol::RequestView& request,
                           protocol::ReadBuffer* source) {
  return carry_out(session, request, planner_.plan(request, session.facts()), source);
}

Taken Dispatcher::dispatch_as(const protocol::CommandRow& row, ClientSession& session,
                              const protocol::RequestView& request, protocol::ReadBuffer* source) {
  return carry_out(session, request, planner_.plan_as(row, request, session.facts()), source);
}

bool Dispatcher::take_rarer(ClientSession& session, const protocol::RequestView& request,
                            const routing::Plan& plan) {
  if (const auto* fan_out = std::get_if<routing::FanOut>(&plan)) {
    send_fan_out(session, request, *fan_out);
  } else if (const auto* broadcast = std::get_if<routing::Broadcast>(&plan)) {
    return send_broadcast(session, request, *broadcast);
  } else if (const auto* scan = std::get_if<routing::Scan>(&plan)) {
    send_scan(session, request, *scan);
  } else if (const auto* settings = std::get_if<routing::Settings>(&plan)) {
    send_settings(session, request, *settings);
  } else if (const auto* change = std::get_if<routing::ChangeSettings>(&plan)) {
    change_settings(session, request, *change);
  } else if (const auto* local = std::get_if<routing::LocalReply>(&plan)) {
    if (local->row->local == protocol::LocalCommand::monitor) return session.run_monitor(*local->row);
    if (session.leaves_to_nodes(*local->row)) return send_broadcast(session, request, {local->row});
    session.run_local(*local->row, request);
  } else if (const auto* queue = std::get_if<routing::Queue>(&plan)) {
    session.queue(*queue, request);
  } else if (const auto* step = std::get_if<routing::TransactionStep>(&plan)) {
    return step_transaction(session, *step->row);
  } else if (const auto* blocking = std::get_if<routing::Blocking>(&plan)) {
    return send_blocking(session, request, *blocking);
  } else if (const auto* wait = std::get_if<routing::Wait>(&plan)) {
    return send_wait(session, request, *wait);
  } else if (const auto* watch = std::get_if<routing::Watch>(&plan)) {
    return send_watch(session, request, *watch);
  } else if (const auto* subscribe = std::get_if<routing::Subscribe>(&plan)) {
    return session.run_subscription(*subscribe->row, request);
  } else {
    reject(session, request, std::get<routing::Reject>(plan));
  }
  return true;
}

// All earlier ones are answered, so none has to wait. What a client may say was judged when it said it: one
// that an earlier command of the transaction has made a subscriber is not refused.
void Dispatcher::run_outside(ClientSession& session, const protocol::RequestView& request) {
  routing::SessionFacts facts = session.facts();
  facts.subscriber = false;
  const routing::Plan plan = planner_.plan(request, facts);
  const auto* local = std::get_if<routing::LocalReply>(&plan);
  if (local && local->row->local == protocol::LocalCommand::monitor)
    return session.reply_error(local->row->family, ErrorClass::refused, protocol::errors::kMonitorInMulti);
  [[maybe_unused]] const bool taken = take(session, request, plan, nullptr);
  assert(taken);
}

void Dispatcher::send_single(ClientSession& session, const protocol::RequestView& request,
                             const routing::Single& single, protocol::ReadBuffer* source) {
  loop_.counters.requests[index_of(single.row->family)].add();
  loop_.counters.in_flight.add();
  const Handle slot = session.open_reply(single.row->family, request.bytes().size());
  Request forwarded = begin_request(session, slot, *single.row, single.slot);
  send(forwarded, [&](ByteQueue& out) {
    protocol::Block* block = source ? source->take_block(request.bytes().size()) : nullptr;
    if (block) {
      out.append_block(block);
    } else {
      out.append(loop_.blocks, request.bytes());
    }
  });
}

void Dispatcher::note_transaction(Request& request, const Transaction& transaction) {
  request.leading = 1 + transaction.size();
  request.scripted = transaction.has_scripts();
  request.by_sha = transaction.has_shas();
  if (transaction.flushes()) request.fragment = Request::kFlush;
  request.selects = transaction.selects();
}

// One request of many commands: the replies before EXEC's own are passed over by the connection.
void Dispatcher::send_transaction(ClientSession& session, const protocol::CommandRow& row,
                                  Transaction& transaction) {
  loop_.counters.in_flight.add();
  const Handle slot = session.open_exec_reply(row.family, transaction.bytes().size());
  Request request = begin_request(session, slot, row, transaction.slot());
  note_transaction(request, transaction);
  ByteQueue& bytes = transaction.bytes();
  const bool mirrored =
      mirror_ && !transaction.selects() &&
      mirror_->keep_transaction(session, bytes.text(bytes.size()), transaction.size(), transaction.writes());
  send(request, [&](ByteQueue& out) { out.splice(loop_.blocks, bytes); });
  if (mirrored) mirror_->send(session);
}

void Dispatcher::send_fan_out(ClientSession& session, const protocol::RequestView& request,
                              const routing::FanOut& fan_out) {
  const protocol::CommandRow& row = *fan_out.row;
  const routing::Splitter& splitter = planner_.splitter();
  const Handle slot = open_parts(session, request, row, splitter, planner_.keys());
  for (std::size_t i = 0; i < splitter.layout().fragments.size(); ++i)
    send_part(session, slot, request, row, splitter, planner_.keys(), i);
}

Handle Dispatcher::open_parts(ClientSession& session, const protocol::RequestView& request,
                              const protocol::CommandRow& row, const routing::Splitter& splitter,
                              std::span<const std::uint32_t> keys) {
  const std::size_t count = splitter.layout().fragments.size();
  loop_.counters.requests[index_of(row.family)].add();
  loop_.counters.fragments.add(count);
  loop_.counters.in_flight.add(count);
  const Handle slot = session.open_reply(row.family, request.bytes().size());
  std::unique_ptr<routing::Merger> merger = take_merger();
  merger->reset(row.merge, splitter.layout(), row.has(protocol::kWrite));
  if (row.merge == protocol::Merge::streams) merger->name_streams(request, keys);
  slots_.at(slot).rest().merger = std::move(merger);
  return slot;
}

void Dispatcher::send_part(ClientSession& session, Handle slot, const protocol::RequestView& request,
                           const protocol::CommandRow& row, const routing::Splitter& splitter,
                           std::span<const std::uint32_t> keys, std::size_t index) {
  Request part = begin_request(session, slot, row, splitter.layout().fragments[index].slot);
  part.fragment = static_cast<std::uint32_t>(index);
  send(part, [&](ByteQueue& out) {
    splitter.write_fragment(request, keys, index, row,
                            [&](std::string_view piece) { out.append(loop_.blocks, piece); });
  });
}

// --- to a node ---

void Dispatcher::set_topology(std::shared_ptr<const routing::Topology> topology) {
  const std::shared_ptr<const routing::Topology> before = pool_.topology();
  pool_.set_topology(std::move(topology));
  pool_.give_back_misplaced();
  const routing::Topology& now = *pool_.topology();
  for (const routing::Slot slot : parked_.slots()) {
    const routing::Endpoint* old_owner =
        before && slot != routing::kAnySlot ? before->owner_of(slot) : nullptr;
    const routing::Endpoint* owner = slot != routing::kAnySlot ? now.owner_of(slot) : nullptr;
    const bool same = owner && old_owner ? *owner == *old_owner : owner == old_owner;
    if (!same || slot == routing::kAnySlot) parked_.hasten(slot, loop_.now);
  }
}

// Those that the old owner has put off keep their time: nodes that point at each other would else never be
// left alone.
void Dispatcher::move_slot(routing::Slot slot, const routing::Endpoint& endpoint) {
  if (pool_.move_slot(slot, endpoint) && parked_.waits_for_node(slot)) parked_.hasten(slot, loop_.now);
}

void Dispatcher::send_bytes(Request request, ByteQueue& bytes) {
  send(request, [&](ByteQueue& out) { out.splice(loop_.blocks, bytes); });
}

bool Dispatcher::has_room_to_park(std::size_t bytes) const {
  const config::FailoverConfig& failover = pool_.settings().failover;
  return parked_.size() < failover.max_held_per_worker &&
         parked_.bytes() + bytes <= failover.max_held_bytes_per_worker;
}

void Dispatcher::park(Request request, ByteQueue bytes, TimePoint due) {
  if (!has_room_to_park(bytes.size())) {
    bytes.clear(loop_.blocks);
    return deliver_error(request, ErrorClass::unreachable, protocol::errors::kTooManyHeld);
  }
  hold_session(request);
  const ReplySlot* slot = slots_.find(request.reply_slot);
  parked_.park({request, std::move(bytes), slot ? slot->session : Handle{}}, std::min(due, request.deadline));
}

void Dispatcher::park_unsent(Request request, ByteQueue bytes, TimePoint due) {
  request.last_error = RedirectKind::count_;
  await_primary(request);
  park(request, std::move(bytes), due);
}

void Dispatcher::await_primary(Request& request) const {
  const auto hold = pool_.settings().failover.hold;
  if (request.held || hold.count() == 0 || request.deadline == TimePoint::max()) return;
  request.held = true;
  request.deadline += hold;
}

void Dispatcher::on_tick() {
  refreshes_asked_ = 0;
  // Nobody else may ask: the clients wait.
  if (parked_.has_held()) ask_refresh(RefreshReason::primary_awaited);
  held_.set(loop_.counters.held_requests, parked_.size());
}

std::optional<TimePoint> Dispatcher::next_due() {
  std::optional<TimePoint> due = parked_.next_due();
  if (!hedges_) return due;
  const std::optional<TimePoint> hedge = next_hedge();
  return due && (!hedge || *due < *hedge) ? due : hedge;
}

void Dispatcher::send_due() {
  if (hedges_) send_hedges();
  while (auto parked = parked_.take_due(loop_.now)) {
    Request& request = parked->request;
    const ClientSession* session = session_of(request);
    if (!session || session->is_finished()) {
      // The client has gone, and nothing has been executed.
      parked->bytes.clear(loop_.blocks);
      finish(request);
    } else if (parked->doubt && !settle_doubt(*parked)) {
      continue;
    } else if (loop_.now >= request.deadline) {
      parked->bytes.clear(loop_.blocks);
      const bool redirected = request.last_error != RedirectKind::count_;
      deliver_error(request, redirected ? ErrorClass::redirect : ErrorClass::unreachable,
                    redirected || pool_.is_covered(request.slot) ? routing::expired_text(request.last_error)
                                                                 : protocol::errors::kUncovered);
    } else {
      request.count_attempt();
      resend(request, parked->bytes);
    }
  }
}

// While one of a client's requests is redirected or waits, its later ones are not sent: they could overtake
// it.
void Dispatcher::hold_session(const Request& request) {
  ReplySlot* slot = slots_.find(request.reply_slot);
  if (!slot) return;
  if (ClientSession* session = sessions_.find(slot->session)) session->hold_until_answered();
}

void Dispatcher::ask_refresh(RefreshReason reason) {
  const std::uint32_t bit = 1u << static_cast<unsigned>(reason);
  if ((refreshes_asked_ & bit) != 0) return;
  refreshes_asked_ |= bit;
  request_refresh_(reason);
}

// --- from a node ---

void Dispatcher::on_reply(UpstreamConnection& connection, std::string_view reply,
                          protocol::ReadBuffer& source) {
  UpstreamPipeline& pipeline = connection.pipeline();
  Request& request = pipeline.front();
  // Replies come in bunches, each for another client's slot.
  if (pipeline.size() > kSlotsAhead) slots_.prefetch(pipeline[kSlotsAhead].reply_slot);
  if (request.kind != Request::Kind::client) {
    if (reply.front() != '-') return;
    if (request.kind == Request::Kind::script_load) connection.refuse_scripts();
    // It may be in any database.
    if (request.kind == Request::Kind::select) connection.retire(true);
    return;
  }
  if (connection.is_pinned()) {
    if (!request.abandoned) on_pinned_reply(connection, reply, source);
    return;
  }
  const std::uint64_t latency_us = Loop::microseconds(loop_.now - request.queued_at);
  loop_.counters.upstream_latency.observe_us(latency_us);
  connection.note_latency(latency_us);
  if (hedges_ && connection.use().replica) hedge_policy_.observe(latency_us);
  if (request.abandoned) return;
  // A queued command's error is the cause of EXEC's.
  const bool is_error = reply.front() == '-';
  const std::string_view cause = pipeline.leading_error();
  if (is_error && !request.fixed && handle_redirect(connection, cause.empty() ? reply : cause)) return;
  if (!is_error && request.is_rewritten()) return deliver_rewritten(connection, request, reply);
  deliver(request, {reply, &source}, is_error ? ErrorClass::upstream : ErrorClass::count_);
}

void Dispatcher::on_lost(UpstreamConnection& connection) {
  ask_refresh(RefreshReason::connection_lost);
  if (connection.is_pinned()) return lose_pinned(connection);
  UpstreamPipeline& pipeline = connection.pipeline();
  const bool is_replica = connection.use().replica;
  if (is_replica) pool_.bench(connection.endpoint());
  const bool waits = connection.state() == UpstreamState::backoff && !is_replica;
  const TimePoint due = waits ? connection.retry_at() : loop_.now;
  while (!pipeline.empty()) {
    Request request = pipeline.front();
    const bool unsent = pipeline.front_is_unsent();
    if (request.kind == Request::Kind::client && !request.abandoned) {
      if (is_replica) leave_replica(request);
      if (!request.fixed && (unsent || request.repeatable)) {
        ByteQueue bytes;
        pipeline.copy_front(bytes);
        count_retry(request, unsent);
        park_unsent(request, std::move(bytes), due);
      } else {
        deliver_error(request, ErrorClass::unknown_outcome, protocol::errors::kOutcomeUnknown);
      }
    }
    pipeline.pop_front();
  }
}

void Dispatcher::count_retry(const Request& request, bool unsent) {
  if (!unsent) (request.readonly ? loop_.counters.retries : loop_.counters.retried_writes).add();
}

void Dispatcher::on_deadline(const Request& request) {
  // The connection that was set aside is closed by whoever calls this.
  if (ClientSession* session = request.pin == Request::Pin::none ? nullptr : session_of(request)) {
    set_aside(*session, request, {});
    if (request.pin == Request::Pin::exec) session->watch(routing::kAnySlot);
  }
  deliver_error(request, ErrorClass::timeout, protocol::errors::kTimeout);
}

// --- to a client ---

void Dispatcher::deliver(const Request& request, ReplyBytes reply, ErrorClass error) {
  finish(request);
  ReplySlot* slot = slots_.find(request.reply_slot);
  if (!slot) return;
  if (request.hedged) {
    if (slot->state != ReplySlot::State::waiting) return;
    if (request.is_hedge) loop_.counters.hedges_won.add();
  }
  ClientSession& session = sessions_.at(slot->session);
  if (session.is_finished()) return;
  if (request.is_part()) return deliver_part(session, *slot, request, reply.view, error);
  if (error != ErrorClass::count_) loop_.counters.count_error(slot->family, error);
  session.deliver(request.reply_slot, *slot, reply);
}

void Dispatcher::deliver_part(ClientSession& session, ReplySlot& slot, const Request& request,
                              std::string_view reply, ErrorClass error) {
  routing::Merger& merger = *slot.rest().merger;
  const bool had_failed = merger.failed();
  const std::size_t held = merger.held_bytes();
  if (protocol::is_report(merger.merge())) {
    const routing::Endpoint* owner = pool_.topology()->owner_of(request.slot);
    const std::string node = owner ? config::print_host_port(owner->host, owner->port) : std::string();
    merger.add_report(request.slot, node, reply);
  } else {
    merger.add(request.fragment, reply);
  }
  // The request counts as one, whatever becomes of its other parts.
  if (merger.failed() && !had_failed)
    loop_.counters.count_error(slot.family, error == ErrorClass::count_ ? ErrorClass::upstream : error);
  session.hold_part(merger.held_bytes() - held);
  if (merger.complete() && !session.is_finished())
    free_merger(session.deliver_merged(request.reply_slot, slot));
}

void Dispatcher::deliver_error(const Request& request, ErrorClass error, std::string_view text) {
  std::string reply;
  const bool flushes = request.fragment == Request::kFlush;
  protocol::write_error(reply, flushes ? protocol::errors::flush_failed(text) : std::string(text));
  deliver(request, {reply}, error);
}

std::unique_ptr<routing::Merger> Dispatcher::take_merger() {
  if (free_mergers_.empty()) return std::make_unique<routing::Merger>();
  std::unique_ptr<routing::Merger> merger = std::move(free_mergers_.back());
  free_mergers_.pop_back();
  return merger;
}

void Dispatcher::free_merger(std::unique_ptr<routing::Merger> merger) {
  if (free_mergers_.size() >= kMaxFreeMergers) return;
  merger->shrink();
  free_mergers_.push_back(std::move(merger));
}

}  // namespace slotway::proxy
