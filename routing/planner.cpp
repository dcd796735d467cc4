#include "routing/planner.hpp"

#include "protocol/ascii_case.hpp"
#include "protocol/command_keys.hpp"
#include "protocol/decimal.hpp"
#include "routing/block_time.hpp"
#include "routing/debug_command.hpp"

namespace slotway::routing {

namespace {

using protocol::CommandRow;
using protocol::KeySpec;
using protocol::LocalCommand;
using protocol::RequestView;
using protocol::Service;

// Exactly one key at a fixed place: nearly all traffic.
bool has_one_fixed_key(const CommandRow& row) {
  return row.keys.size() == 1 && row.keys[0].begin == KeySpec::Begin::index &&
         row.keys[0].find == KeySpec::Find::range && row.keys[0].last == 0;
}

// Answered by the proxy when it stands alone, but a node would say the same.
bool node_answers_alike(LocalCommand command) {
  return command == LocalCommand::ping || command == LocalCommand::echo || command == LocalCommand::time;
}

// The protocol, or whether there are replies, would change in the middle of EXEC's.
bool changes_reply(LocalCommand command) {
  return command == LocalCommand::hello || command == LocalCommand::client_reply;
}

// What is no slot goes to any node: the server words the error itself.
Slot named_slot(const RequestView& request) {
  const auto slot = protocol::parse_decimal(request.arg(2));
  return slot && *slot >= 0 && *slot < kSlotCount ? static_cast<Slot>(*slot) : kAnySlot;
}

// What a subscriber may still say in RESP2 (processCommand, "in the context of Pub/Sub").
bool is_for_subscribers(const CommandRow& row) {
  using protocol::LocalCommand;
  return row.service == Service::subscription || row.local == LocalCommand::ping ||
         row.local == LocalCommand::quit || row.local == LocalCommand::reset;
}

}  // namespace

// One function of each: it is on every request's way.
[[gnu::always_inline]] inline Plan Planner::decide(const RequestView& request, const CommandRow& command,
                                                   const SessionFacts& facts) {
  const CommandRow* const row = &command;
  // --- may it run at all? In Redis's order (processCommand): arity before authentication ---
  if (!row->arity_ok(request.argc())) return Reject{row, RejectReason::wrong_arity};
  if (!facts.authenticated && !row->has(protocol::kNoAuth)) return Reject{row, RejectReason::no_auth};
  if (facts.subscriber && !facts.resp3 && !is_for_subscribers(*row))
    return Reject{row, RejectReason::subscriber};

  // --- where ---
  if (facts.in_transaction) return plan_queued(request, *row, facts);
  switch (row->service) {
    case Service::by_key:
      if (has_one_fixed_key(*row)) return plan_one_key(request, *row);
      if (row->has(protocol::kBlocking) && may_block(*row, request)) return plan_blocking(request, *row);
      return plan_by_key(request, *row);
    case Service::blocking: return plan_blocking(request, *row);
    case Service::wait: return plan_wait(request, *row);
    case Service::any_node: return Single{row, kAnySlot};
    case Service::by_slot: return Single{row, named_slot(request)};
    case Service::broadcast:
    case Service::flush: return Broadcast{row};
    case Service::scan: return Scan{row};
    case Service::settings: return Settings{row};
    case Service::change_settings: return ChangeSettings{row};
    case Service::debug: return plan_debug(request, *row);
    case Service::local: return LocalReply{row};
    case Service::transaction:
      return row->local == LocalCommand::watch ? plan_watch(request, *row) : TransactionStep{row};
    case Service::subscription: return plan_subscription(request, *row);
    case Service::container: return Reject{row, RejectReason::wrong_arity};
    case Service::unsupported:
      // With other nodes of a cluster they would have to agree (MIGRATE).
      if (one_shard_ && !row->keys.empty()) return plan_by_key(request, *row);
      break;
  }
  return Reject{row, RejectReason::unsupported};
}

Plan Planner::plan(const RequestView& request, const SessionFacts& facts) {
  const CommandRow* row = protocol::find_command(request.arg(0));
  if (!row || !row->subcommands.empty()) {
    const protocol::FoundRow found = protocol::find_row(request, learned_.get());
    row = found.row;
    if (!row) {
      return Reject{nullptr, found.is_known_container ? RejectReason::unknown_subcommand
                                                      : RejectReason::unknown_command};
    }
  }
  return decide(request, *row, facts);
}

const CommandRow* Planner::find_row(const RequestView& request) const {
  return protocol::find_row(request, learned_.get()).row;
}

Plan Planner::plan_as(const CommandRow& row, const RequestView& request, const SessionFacts& facts) {
  return decide(request, row, facts);
}

Single Planner::plan_one_key(const RequestView& request, const CommandRow& row) const {
  const std::size_t at = static_cast<std::size_t>(row.keys[0].begin_at);
  return {&row, at < request.argc() ? slot_for(request.arg(at)) : kAnySlot};
}

// Inside MULTI. What is wrong with a command is said now, in Redis's order (processCommand), and EXEC will
// refuse.
Plan Planner::plan_queued(const RequestView& request, const CommandRow& row, const SessionFacts& facts) {
  if (row.has(protocol::kNoMulti)) return Reject{&row, RejectReason::no_multi};
  Slot slot = kAnySlot;
  switch (row.service) {
    case Service::transaction:
      if (row.local == LocalCommand::watch) return Reject{&row, RejectReason::watch_in_multi};
      // Redis lets it join the queue, where it does nothing.
      if (row.local != LocalCommand::unwatch) return TransactionStep{&row};
      break;
    case Service::wait:  // it asks for replicas of what was written before MULTI, and does not wait
    case Service::flush:
    case Service::any_node: break;
    case Service::debug:
      if (const Plan alone = plan_debug(request, row); std::holds_alternative<Reject>(alone)) return alone;
      return Queue{&row, kAnySlot, true};
    case Service::broadcast:
      if (runs_in_transaction(row)) break;
      [[fallthrough]];
    case Service::scan:
    case Service::settings:
    case Service::change_settings:
    case Service::by_slot:
    case Service::subscription: return Queue{&row, kAnySlot, true};
    case Service::local:
      // These two end the transaction, or the session with it.
      if (row.local == LocalCommand::quit || row.local == LocalCommand::reset) return LocalReply{&row};
      if (changes_reply(row.local)) return Reject{&row, RejectReason::not_in_multi};
      if (one_shard_ && row.local == LocalCommand::select) break;  // what follows is of another database
      if (!node_answers_alike(row.local)) return Queue{&row, kAnySlot, true};
      break;
    case Service::by_key:
    case Service::blocking: {  // inside a transaction nothing waits
      const Plan alone = plan_by_key(request, row);
      if (std::holds_alternative<FanOut>(alone)) return Reject{&row, RejectReason::cross_slot};
      if (const auto* single = std::get_if<Single>(&alone)) {
        slot = single->slot;
        break;
      }
      return alone;
    }
    case Service::container: return Reject{&row, RejectReason::wrong_arity};
    case Service::unsupported: return Reject{&row, RejectReason::unsupported};
  }
  const bool other_slot =
      slot != kAnySlot && facts.transaction_slot != kAnySlot && slot != facts.transaction_slot;
  if (other_slot) return Reject{&row, RejectReason::cross_slot};
  return Queue{&row, slot};
}

// Elsewhere its node would speak for all.
bool Planner::runs_in_transaction(const CommandRow& row) const {
  return one_shard_ && !protocol::is_report(row.merge) && row.scripts == protocol::ScriptUse::none;
}

Plan Planner::plan_blocking(const RequestView& request, const CommandRow& row) {
  const Plan plan = plan_by_key(request, row);
  if (const auto* single = std::get_if<Single>(&plan)) {
    return Blocking{&row, single->slot, block_time(row, request)};
  }
  // No node can wait for the streams of another.
  return std::holds_alternative<FanOut>(plan) ? Reject{&row, RejectReason::cross_slot} : plan;
}

// What is no number of replicas, or no time, goes to any node: the server words the error itself.
Plan Planner::plan_wait(const RequestView& request, const CommandRow& row) {
  const auto time = replica_wait_time(request);
  if (!time) return Single{&row, kAnySlot};
  return Wait{&row, *time};
}

Plan Planner::plan_watch(const RequestView& request, const CommandRow& row) {
  const Plan plan = plan_by_key(request, row);
  const auto* single = std::get_if<Single>(&plan);
  return single ? Watch{&row, single->slot} : plan;
}

// Shard channels are routed like keys: those of one command are of one slot.
Plan Planner::plan_subscription(const RequestView& request, const CommandRow& row) {
  const bool crosses = !one_shard_ && !row.keys.empty() &&
                       find_keys(row, request, keys_) == protocol::KeyError::none && !keys_.empty() &&
                       splitter_.split(request, keys_);
  if (crosses) return Reject{&row, RejectReason::cross_slot};
  return Subscribe{&row};
}

Plan Planner::plan_debug(const RequestView& request, const CommandRow& row) const {
  if (!debug_) return Reject{&row, RejectReason::debug_off};
  switch (debug_target(request.arg(1))) {
    case DebugTarget::key: return Single{&row, request.argc() > 2 ? slot_for(request.arg(2)) : kAnySlot};
    case DebugTarget::every: return Broadcast{&row};
    case DebugTarget::refused: return Reject{&row, RejectReason::debug_refused};
    case DebugTarget::any: break;
  }
  return Single{&row, kAnySlot};
}

Plan Planner::plan_by_key(const RequestView& request, const CommandRow& row) {
  if (has_one_fixed_key(row)) return plan_one_key(request, row);

  // A request whose keys cannot be made out goes to any node: the server words the error itself.
  if (find_keys(row, request, keys_) != protocol::KeyError::none || keys_.empty())
    return Single{&row, kAnySlot};
  if (one_shard_) return Single{&row, kOneSlot};
  if (!splitter_.split(request, keys_)) return Single{&row, splitter_.slot()};

  if (row.merge == protocol::Merge::none) return Reject{&row, RejectReason::cross_slot};
  if (!has_whole_keys(request, keys_, row)) {
    return Reject{&row, has_ids_behind(row) ? RejectReason::unbalanced : RejectReason::wrong_arity};
  }
  // With GROUP it would be long enough.
  if (!row.arity_ok(keys_.front() + arguments_per_key(row))) return Reject{&row, RejectReason::no_group};
  if (row.split_step > 1 && multikey_.mset == config::CrossSlotWrites::reject) {
    return Reject{&row, RejectReason::cross_slot};
  }
  return FanOut{&row};
}

}  // namespace slotway::routing
