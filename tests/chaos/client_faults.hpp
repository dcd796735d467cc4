// Faults on the clients' side: the proxy itself is gone, or other clients misbehave. Thread: main's.
#pragma once

namespace slotway::chaos {

struct Scene;

void kill_proxy(Scene& scene);
void slow_readers(Scene& scene);
void storm_of_connections(Scene& scene);

}  // namespace slotway::chaos
