#include "routing/planner.hpp"

#include "protocol/ascii_case.hpp"
#include "protocol/command_keys.hpp"

namespace slotway::routing {

namespace {

using protocol::CommandRow;
using protocol::KeySpec;
using protocol::RequestView;
using protocol::Service;

// Exactly one key at a fixed place: nearly all traffic.
bool has_one_fixed_key(const CommandRow& row) {
  return row.keys.size() == 1 && row.keys[0].begin == KeySpec::Begin::index &&
         row.keys[0].find == KeySpec::Find::range && row.keys[0].last == 0;
}

// XREAD and XREADGROUP block only if they say so, before the streams. What belongs to another option says
// nothing: a group may be named "streams".
bool asks_to_block(const RequestView& request) {
  for (std::size_t i = 1; i < request.argc(); ++i) {
    const std::string_view word = request.arg(i);
    if (protocol::equal_ignore_case(word, "block")) return true;
    if (protocol::equal_ignore_case(word, "streams")) return false;
    if (protocol::equal_ignore_case(word, "count")) i += 1;
    if (protocol::equal_ignore_case(word, "group")) i += 2;
  }
  return false;
}

}  // namespace

Plan Planner::plan(const RequestView& request, const SessionFacts& facts) {
  // --- the row ---
  const CommandRow* row = protocol::find_command(request.arg(0));
  if (!row) return Reject{nullptr, RejectReason::unknown_command};
  if (!row->subcommands.empty() && request.argc() > 1) {
    row = protocol::find_subcommand(*row, request.arg(1));
    if (!row) return Reject{nullptr, RejectReason::unknown_subcommand};
  }

  // --- may it run at all? In Redis's order (processCommand): arity before authentication ---
  if (!row->arity_ok(request.argc())) return Reject{row, RejectReason::wrong_arity};
  if (!facts.authenticated && !row->has(protocol::kNoAuth)) return Reject{row, RejectReason::no_auth};

  // --- where ---
  switch (row->service) {
    case Service::by_key: return plan_by_key(request, *row);
    case Service::any_node: return Single{row, kAnySlot};
    case Service::local: return LocalReply{row};
    case Service::container: return Reject{row, RejectReason::wrong_arity};
    case Service::unsupported: break;
  }
  return Reject{row, RejectReason::unsupported};
}

Plan Planner::plan_by_key(const RequestView& request, const CommandRow& row) {
  if (row.has(protocol::kBlocking) && asks_to_block(request)) return Reject{&row, RejectReason::blocks};
  if (has_one_fixed_key(row)) {
    const std::size_t at = static_cast<std::size_t>(row.keys[0].begin_at);
    return Single{&row, at < request.argc() ? slot_of(request.arg(at)) : kAnySlot};
  }

  // A request whose keys cannot be made out goes to any node: the server words the error itself.
  if (find_keys(row, request, keys_) != protocol::KeyError::none || keys_.empty())
    return Single{&row, kAnySlot};
  if (!splitter_.split(request, keys_)) return Single{&row, splitter_.slot()};

  if (row.merge == protocol::Merge::none) return Reject{&row, RejectReason::cross_slot};
  if ((request.argc() - 1) % row.split_step != 0) return Reject{&row, RejectReason::wrong_arity};
  if (row.split_step > 1 && multikey_.mset == config::CrossSlotWrites::reject) {
    return Reject{&row, RejectReason::cross_slot};
  }
  return FanOut{&row};
}

}  // namespace slotway::routing
