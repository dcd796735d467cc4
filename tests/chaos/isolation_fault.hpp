// The fault of a primary that only the proxy still reaches: the other nodes elect its replica. Thread:
// main's. Invariant: the nodes have addresses of their own, and connect from them (see
// kit/redis_process.hpp).
#pragma once

namespace slotway::chaos {

struct Scene;

void isolate_primary(Scene& scene);

}  // namespace slotway::chaos
