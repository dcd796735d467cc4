// How many connections to one node are being opened at the same time: a node that comes back must not meet
// all of them at once. Those beyond the limit wait, the first come first. Owner: an UpstreamPool. Thread:
// worker. Invariant: whoever has entered leaves once.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

#include "proxy/slab.hpp"
#include "routing/topology.hpp"

namespace slotway::proxy {

class ConnectGate {
 public:
  // True: it may connect to `node`. False: it waits, until next() names it.
  bool enter(const routing::Endpoint& node, Handle connection, std::size_t limit);
  // One that had entered is connected, or has given up.
  void leave(const routing::Endpoint& node);
  // One that waits and may enter now, by enter(): it waits no more. It may be gone.
  std::optional<Handle> next(std::size_t limit);

 private:
  struct Door {
    routing::Endpoint node;
    std::size_t opening = 0;
    std::deque<Handle> waiting{};
  };

  Door& door_of(const routing::Endpoint& node);

  std::vector<Door> doors_;  // of nodes that anyone connects to
};

}  // namespace slotway::proxy
