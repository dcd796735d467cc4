// The fault of a cluster that grows and shrinks: primaries are added, take slots, give them back and leave.
// Thread: main's. Invariant: when it is over the proxy has nothing left of the nodes that are gone.
#pragma once

namespace slotway::chaos {

struct Scene;

void grow_and_shrink(Scene& scene);

}  // namespace slotway::chaos
