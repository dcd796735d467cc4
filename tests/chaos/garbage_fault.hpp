// The fault of clients that send nothing that makes sense, on many connections that come and go. Thread:
// main's, and some of its own while it lasts. Invariant: the same seed sends the same bytes; when it lets go
// of them does not depend on it alone.
#pragma once

namespace slotway::chaos {

struct Scene;

void send_garbage(Scene& scene);

}  // namespace slotway::chaos
