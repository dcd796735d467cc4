// Faults of addresses: nodes that come back somewhere else. Thread: main's.
#pragma once

namespace slotway::chaos {

struct Scene;

void move_primary(Scene& scene);
void move_all_nodes(Scene& scene);

}  // namespace slotway::chaos
