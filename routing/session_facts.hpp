// What the planner must know of a client's session: plain data, kept by the session.
// Owner: the ClientSession. Thread: worker.
#pragma once

namespace slotway::routing {

struct SessionFacts {
  bool authenticated = true;  // false: `requirepass` is set and the client has yet to log in
};

}  // namespace slotway::routing
