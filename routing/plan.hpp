// What is to be done with a request, decided once and carried as data: nothing later looks at the command's
// name. Owner: the dispatcher, for the length of one request. Thread: worker.
#pragma once

#include <chrono>
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

// Forwarded on a connection set aside for it, as it may wait for `wait` before it answers; kForever without
// end.
inline constexpr std::chrono::milliseconds kForever = std::chrono::milliseconds::max();
struct Blocking {
  const protocol::CommandRow* row;
  Slot slot;
  std::chrono::milliseconds wait;
};

// WAIT: sent to every primary, each on a connection set aside for it.
struct Wait {
  const protocol::CommandRow* row;
  std::chrono::milliseconds wait;
};

// WATCH: on a connection set aside for the client until the transaction that follows.
struct Watch {
  const protocol::CommandRow* row;
  Slot slot;
};

// MULTI, EXEC, DISCARD or UNWATCH: the session's transaction opens or ends.
struct TransactionStep {
  const protocol::CommandRow* row;
};

// Joins the session's open transaction, whose keys are all of `slot` (kAnySlot: none so far).
struct Queue {
  const protocol::CommandRow* row;
  Slot slot;
  bool outside = false;  // its node cannot run it: it is planned anew, by itself, when EXEC was answered
};

// (P|S)SUBSCRIBE or its opposite: the worker's subscriptions take it.
struct Subscribe {
  const protocol::CommandRow* row;
};

// Sent to every primary that has slots; which they are is looked up when it is sent.
struct Broadcast {
  const protocol::CommandRow* row;
};

// Sent to the primary that its cursor names.
struct Scan {
  const protocol::CommandRow* row;
};

// Any primary's settings, with the proxy's own among them.
struct Settings {
  const protocol::CommandRow* row;
};

// CONFIG SET: the proxy's own settings are not the nodes'.
struct ChangeSettings {
  const protocol::CommandRow* row;
};

enum class RejectReason : std::uint8_t {
  unknown_command,
  unknown_subcommand,
  wrong_arity,
  no_auth,
  unsupported,
  cross_slot,
  unbalanced,  // an XREAD whose streams and ids are not equally many
  no_group,    // an XREADGROUP without GROUP
  no_multi,    // a command that Redis refuses inside a transaction
  watch_in_multi,
  not_in_multi,   // one that Redis takes there and Slotway does not
  subscriber,     // not allowed while the client is subscribed to something
  debug_off,      // DEBUG, which is not allowed
  debug_refused,  // a DEBUG subcommand that would crash a node or leave keys where they do not belong
};

// Answered with an error. `row` is nullptr if the command is unknown.
struct Reject {
  const protocol::CommandRow* row;
  RejectReason reason;
};

using Plan = std::variant<Single, LocalReply, FanOut, Broadcast, Scan, Settings, ChangeSettings, Blocking,
                          Wait, Watch, TransactionStep, Queue, Subscribe, Reject>;

}  // namespace slotway::routing
