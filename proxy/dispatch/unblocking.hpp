// What CLIENT UNBLOCK has found at the worker of the client that it names: plain data, for a node may have to
// be asked, and the worker that was asked does that. Owner: the caller. Thread: any.
#pragma once

#include <cstdint>
#include <vector>

#include "routing/topology.hpp"

namespace slotway::proxy {

// A connection that blocks at a node, which knows it as this client.
struct BlockedConnection {
  routing::Endpoint node;
  std::int64_t client_id = 0;
};

struct Unblocking {
  bool done = false;                       // nothing had been sent: the client has its reply
  std::vector<BlockedConnection> blocked;  // else: where it may block; WAIT at several nodes
  unsigned upstream = 0;                   // the number of that of those nodes

  bool found() const { return done || !blocked.empty(); }
};

}  // namespace slotway::proxy
