// Faults between the proxy and the nodes: connections that are closed, packets that are lost. Thread: main's.
#pragma once

namespace slotway::chaos {

struct Scene;

inline constexpr unsigned kKillRounds = 20;

void kill_connections(Scene& scene);
void cut_off_node(Scene& scene);

}  // namespace slotway::chaos
