// What is to be done with a request, decided once and carried as data: nothing later looks at the command's
// name. Owner: the dispatcher, for the length of one request. Thread: worker.
#pragma once

#include <cstdint>
#include <variant>

#include "protocol/command_table.hpp"
#include "routing/key_slot.hpp"

namespace slotway::routing {

// The proxy answers by itself.
struct LocalReply {
  const protocol::CommandRow* row;
};

// Forwarded whole to the node that serves `slot`.
struct Single {
  const protocol::CommandRow* row;
  Slot slot;
};

// Split by slot: the planner's splitter holds the fragments until the next plan.
struct FanOut {
  const protocol::CommandRow* row;
};

// MULTI, EXEC or DISCARD: the session's transaction opens or ends.
struct TransactionStep {
  const protocol::CommandRow* row;
};

// Joins the session's open transaction, whose keys are all of `slot` (kAnySlot: none so far).
struct Queue {
  const protocol::CommandRow* row;
  Slot slot;
};

enum class RejectReason : std::uint8_t {
  unknown_command,
  unknown_subcommand,
  wrong_arity,
  no_auth,
  unsupported,
  blocks,  // XREAD and XREADGROUP with BLOCK
  cross_slot,
  no_multi,      // a command that Redis refuses inside a transaction
  not_in_multi,  // one that Redis takes there and Slotway does not
};

// Answered with an error. `row` is nullptr if the command is unknown.
struct Reject {
  const protocol::CommandRow* row;
  RejectReason reason;
};

using Plan = std::variant<Single, LocalReply, FanOut, TransactionStep, Queue, Reject>;

}  // namespace slotway::routing
