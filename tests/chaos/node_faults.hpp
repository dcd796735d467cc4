// Faults of nodes: they change roles, die, freeze, are slow, and come back. Thread: main's.
#pragma once

namespace slotway::chaos {

struct Scene;

void play_nothing(Scene& scene);
void fail_over_each(Scene& scene);
void reshard(Scene& scene);
void kill_primary(Scene& scene);
void freeze_primary(Scene& scene);
void restart_replica(Scene& scene);
void restart_primary(Scene& scene);
void slow_node(Scene& scene);

}  // namespace slotway::chaos
