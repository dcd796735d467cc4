// What the planner must know of a client's session: plain data, kept by the session.
// Owner: the ClientSession. Thread: worker.
#pragma once

#include <cstdint>

#include "routing/key_slot.hpp"

namespace slotway::routing {

struct SessionFacts {
  bool authenticated = true;         // false: `requirepass` is set and the client has yet to log in
  bool in_transaction = false;       // between MULTI and EXEC
  Slot transaction_slot = kAnySlot;  // of the keys queued so far
  bool resp3 = false;                // it has said HELLO 3
  bool no_touch = false;             // CLIENT NO-TOUCH ON: what it reads is not younger for that
  std::uint16_t database = 0;        // SELECT
  bool subscriber = false;           // subscribed to something: few commands are allowed in RESP2
};

}  // namespace slotway::routing
