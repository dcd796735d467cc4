// Faults of a primary that sentinels watch, and of sentinels. Thread: main's.
#pragma once

namespace slotway::chaos {

struct SentinelScene;

inline constexpr unsigned kSwitchRounds = 3;

void switch_primary(SentinelScene& scene);
void kill_watched_primary(SentinelScene& scene);
void freeze_watched_primary(SentinelScene& scene);
void kill_sentinels(SentinelScene& scene);

}  // namespace slotway::chaos
