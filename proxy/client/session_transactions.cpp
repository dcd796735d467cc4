// What a client_session does between MULTI and EXEC, with the connections that are set aside for it, and
// about what it has written.

#include <cassert>
#include <memory>
#include <string>
#include <utility>

#include "protocol/reply_errors.hpp"
#include "protocol/reply_writer.hpp"
#include "proxy/client/client_session.hpp"
#include "proxy/client/entrance.hpp"
#include "proxy/dispatch/dispatcher.hpp"

namespace slotway::proxy {

std::unique_ptr<Transaction> ClientSession::step_transaction(const protocol::CommandRow& row) {
  room_.loop.counters.requests[index_of(row.family)].add();
  if (row.local == protocol::LocalCommand::unwatch) {
    reply_now(row.family, protocol::kOk);
    return nullptr;
  }
  const bool begins = row.local == protocol::LocalCommand::multi;
  const bool executes = row.local == protocol::LocalCommand::exec;
  if (begins && !transaction_) {
    transaction_ = std::make_unique<Transaction>();
    state_.facts.in_transaction = true;
    state_.facts.transaction_slot = watched_slot_;
    reply_now(row.family, protocol::kOk);
  } else if (begins || !transaction_) {
    reply_error(row.family, ErrorClass::refused,
                begins     ? protocol::errors::kNestedMulti
                : executes ? protocol::errors::kExecWithoutMulti
                           : protocol::errors::kDiscardWithoutMulti);
  } else if (executes && !transaction_->failed() &&
             (transaction_->count() > 0 || watched_slot_ != routing::kAnySlot)) {
    const bool has_node = transaction_->size() > 0 || watched_slot_ != routing::kAnySlot;
    if (transaction_->has_outside() || transaction_->selected())
      exec_ = std::make_unique<ExecReply>(transaction_->take_outside(), transaction_->selected());
    transaction_->close(room_.loop.blocks);
    std::unique_ptr<Transaction> closed = std::move(transaction_);
    drop_transaction();
    if (has_node) return closed;
    closed->bytes().clear(room_.loop.blocks);
    const Handle slot = open_exec_reply(row.family, 0);
    deliver(slot, room_.slots.at(slot), {protocol::kEmptyArray});
  } else {
    const bool failed = transaction_->failed();
    drop_transaction();
    if (!executes) {
      reply_now(row.family, protocol::kOk);
    } else if (failed) {
      reply_error(row.family, ErrorClass::refused, protocol::errors::kExecAbort);
    } else {
      reply_now(row.family, protocol::kEmptyArray);
    }
  }
  return nullptr;
}

void ClientSession::queue(const routing::Queue& plan, const protocol::RequestView& request) {
  const protocol::CommandRow& row = *plan.row;
  const std::uint64_t max_bytes = room_.parse_limits.max_request_bytes;
  const bool fits = plan.outside ? transaction_->add_outside(request, max_bytes)
                                 : transaction_->add(room_.loop.blocks, request, plan.slot, max_bytes);
  if (!fits) {
    fail_transaction();
    return reply_error(row.family, ErrorClass::refused, protocol::errors::kTransactionTooLarge);
  }
  if (plan.slot != routing::kAnySlot) state_.facts.transaction_slot = plan.slot;
  if (may_write(row, request)) transaction_->note_write();
  if (!plan.outside) {
    if (row.local == protocol::LocalCommand::select) transaction_->note_select(request.arg(1));
    if (row.service == protocol::Service::flush) transaction_->note_flush();
    if (row.family == protocol::Family::scripting) transaction_->note_script(row.scripts);
    room_.loop.counters.requests[index_of(row.family)].add();
  }
  reply_now(row.family, protocol::kQueued);
  check_memory();
}

void ClientSession::fail_transaction() {
  if (transaction_) transaction_->fail(room_.loop.blocks);
}

// --- EXEC's reply, if it has commands that its node does not run ---

Handle ClientSession::open_exec_reply(protocol::Family family, std::size_t request_bytes) {
  const Handle handle = open_reply(family, request_bytes);
  if (exec_) {
    exec_slot_ = handle;
    hold_until_answered();
  }
  return handle;
}

// The slot goes when it is its turn, and what belongs in its place is written then.
void ClientSession::take_exec_reply(Handle handle, ReplySlot& slot, ReplyBytes reply) {
  exec_slot_ = {};
  if (exec_->take(reply.view)) {
    select(exec_->selected().value_or(state_.facts.database));
    slot.muted = true;
    reply = {};
  } else {
    exec_.reset();
  }
  replies_.fill(handle, slot, reply, out_);
  check_memory();
  want_settle();
}

void ClientSession::continue_exec() {
  hold_until_answered();
  while (!finished_ && replies_.size() == 0) {
    // --- what the node has answered so far ---
    const std::string_view elements = exec_->next_elements();
    if (!state_.reply_off) out_.append(room_.loop.blocks, elements);
    const std::string* outside = exec_->next_outside();
    if (!outside) {
      // --- all of it: what was held back follows ---
      out_.splice(room_.loop.blocks, exec_->pushes);
      exec_.reset();
      return;
    }

    // --- one of the others ---
    protocol::RequestParser parser;
    [[maybe_unused]] const auto status = parser.parse(*outside, protocol::kNoParseLimits, true);
    assert(status == protocol::ParseStatus::request);
    entrance_.home.dispatcher->run_outside(*this, parser.request(*outside));
  }
}

void ClientSession::speak(bool resp3) {
  if (state_.facts.resp3 == resp3) return;
  // Its connection is of the other protocol. What it watches counts as changed.
  give_up(watching_);
  set_watching({});
  state_.facts.resp3 = resp3;
  hold_until_answered();
}

void ClientSession::set_no_touch(bool on) {
  if (state_.facts.no_touch == on) return;
  state_.facts.no_touch = on;
  hold_until_answered();
}

void ClientSession::select(std::uint16_t database) {
  if (state_.facts.database == database) return;
  state_.facts.database = database;
  hold_until_answered();
}

void ClientSession::reset() {
  leave_subscriptions();
  leave_monitors();
  stop_tracking();
  speak(false);
  set_no_touch(false);
  select(0);
  drop_transaction();
  forget_watching();
}

void ClientSession::note_write(routing::Slot slot, Handle reply_slot) {
  if (!own_writes_) own_writes_ = std::make_unique<OwnWrites>();
  own_writes_->note(slot, reply_slot);
}

TimePoint ClientSession::read_since(routing::Slot slot) const {
  if (!own_writes_) return {};
  // Replies come in order: with the latest write's all others have come.
  if (!own_writes_->latest().is_null() && !room_.slots.find(own_writes_->latest()))
    own_writes_->settle(room_.loop.now);
  return own_writes_->answered(slot);
}

void ClientSession::drop_transaction() {
  state_.facts.in_transaction = false;
  state_.facts.transaction_slot = routing::kAnySlot;
  if (!transaction_) return;
  transaction_->bytes().clear(room_.loop.blocks);
  transaction_.reset();
}

void ClientSession::set_aside(Handle& place, Handle upstream) {
  const auto has_any = [this] { return !watching_.is_null() || !blocking_.is_null(); };
  const bool had = has_any();
  place = upstream;
  room_.loop.counters.clients_pinned.add(!had && has_any() ? 1 : 0);
  room_.loop.counters.clients_pinned.sub(had && !has_any() ? 1 : 0);
}

void ClientSession::give_up(Handle upstream) {
  if (!upstream.is_null()) room_.upstreams[UpstreamPool::number_of(upstream)].dispatcher->forget(upstream);
}

void ClientSession::forget_watching() {
  give_up(watching_);
  set_watching({});
  watched_slot_ = routing::kAnySlot;
}

}  // namespace slotway::proxy
