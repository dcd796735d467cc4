// What a client_session does between MULTI and EXEC, and with the connections that are set aside for it.

#include <memory>
#include <utility>

#include "protocol/reply_errors.hpp"
#include "protocol/reply_writer.hpp"
#include "proxy/client/client_session.hpp"
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
             (transaction_->size() > 0 || watched_slot_ != routing::kAnySlot)) {
    transaction_->close(room_.loop.blocks);
    std::unique_ptr<Transaction> closed = std::move(transaction_);
    drop_transaction();
    return closed;
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

void ClientSession::queue(const protocol::CommandRow& row, const protocol::RequestView& request,
                          routing::Slot slot) {
  if (!transaction_->add(room_.loop.blocks, request, slot, room_.parse_limits.max_request_bytes)) {
    fail_transaction();
    return reply_error(row.family, ErrorClass::refused, protocol::errors::kTransactionTooLarge);
  }
  if (slot != routing::kAnySlot) state_.facts.transaction_slot = slot;
  if (may_write(row, request)) transaction_->note_write();
  if (row.service == protocol::Service::flush) transaction_->note_flush();
  if (row.family == protocol::Family::scripting) transaction_->note_script(row.scripts);
  room_.loop.counters.requests[index_of(row.family)].add();
  reply_now(row.family, protocol::kQueued);
  check_memory();
}

void ClientSession::fail_transaction() {
  if (transaction_) transaction_->fail(room_.loop.blocks);
}

void ClientSession::speak(bool resp3) {
  if (state_.facts.resp3 == resp3) return;
  // Its connection is of the other protocol. What it watches counts as changed.
  room_.dispatcher.forget(watching_);
  set_watching({});
  state_.facts.resp3 = resp3;
  hold_until_answered();
}

void ClientSession::set_no_touch(bool on) {
  if (state_.facts.no_touch == on) return;
  state_.facts.no_touch = on;
  hold_until_answered();
}

void ClientSession::reset() {
  leave_subscriptions();
  leave_monitors();
  stop_tracking();
  speak(false);
  set_no_touch(false);
  drop_transaction();
  forget_watching();
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

void ClientSession::forget_watching() {
  room_.dispatcher.forget(watching_);
  set_watching({});
  watched_slot_ = routing::kAnySlot;
}

}  // namespace slotway::proxy
