// Where a DEBUG command goes, by its first argument. Pure. Thread: any. Source: Redis 7.0's debug.c, whose
// subcommands have no rows in the server's own table.
#pragma once

#include <cstdint>
#include <string_view>

namespace slotway::routing {

enum class DebugTarget : std::uint8_t {
  key,      // argument 2 is a key: its node
  every,    // all primaries; the first reply stands for all
  any,      // any primary, also for what is unknown: it words the error
  refused,  // it ends the node, or puts keys into slots that are not its own, or speaks of one node's keys
};

DebugTarget debug_target(std::string_view subcommand);

}  // namespace slotway::routing
