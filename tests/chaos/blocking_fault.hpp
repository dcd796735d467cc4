// The fault of clients that block and never read, and of clients that have ended their side while replies are
// still to come. Thread: main's. Invariant: their keys are their own, and deleted when it is over.
#pragma once

namespace slotway::chaos {

struct Scene;

void block_unread(Scene& scene);

}  // namespace slotway::chaos
