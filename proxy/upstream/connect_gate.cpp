#include "proxy/upstream/connect_gate.hpp"

#include <algorithm>
#include <cassert>

namespace slotway::proxy {

bool ConnectGate::enter(const routing::Endpoint& node, Handle connection, std::size_t limit) {
  Door& door = door_of(node);
  if (door.opening >= limit) {
    door.waiting.push_back(connection);
    return false;
  }
  ++door.opening;
  return true;
}

void ConnectGate::leave(const routing::Endpoint& node) {
  Door& door = door_of(node);
  assert(door.opening > 0);
  --door.opening;
  std::erase_if(doors_, [](const Door& d) { return d.opening == 0 && d.waiting.empty(); });
}

std::optional<Handle> ConnectGate::next(std::size_t limit) {
  for (Door& door : doors_) {
    if (door.waiting.empty() || door.opening >= limit) continue;
    const Handle connection = door.waiting.front();
    door.waiting.pop_front();
    return connection;
  }
  return std::nullopt;
}

ConnectGate::Door& ConnectGate::door_of(const routing::Endpoint& node) {
  const auto found =
      std::find_if(doors_.begin(), doors_.end(), [&](const Door& d) { return d.node == node; });
  return found != doors_.end() ? *found : doors_.emplace_back(Door{node});
}

}  // namespace slotway::proxy
