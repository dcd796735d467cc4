// What is to be done with a request, decided once and carried as data: nothing later looks at the command's
// name. Owner: the dispatcher, for the length of one request. Thread: worker.
#pragma once

#include <cstdint>
#include <variant>

#include "protocol/command_table.hpp"
#include "routing/key_slot.hpp"

namespace slotway::routing {

// "No key, any primary will do."
inline constexpr Slot kAnySlot = 0xFFFF;

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

enum class RejectReason : std::uint8_t {
  unknown_command,
  unknown_subcommand,
  wrong_arity,
  no_auth,
  unsupported,
  blocks,  // XREAD and XREADGROUP with BLOCK
  cross_slot,
};

// Answered with an error. `row` is nullptr if the command is unknown.
struct Reject {
  const protocol::CommandRow* row;
  RejectReason reason;
};

using Plan = std::variant<Single, LocalReply, FanOut, Reject>;

}  // namespace slotway::routing
