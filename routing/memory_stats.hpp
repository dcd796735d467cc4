// One MEMORY STATS of all primaries': bytes and keys added, shares and ratios made anew of the sums, or the
// worst of all where they cannot be. Pure. Thread: any. Source: Redis 7.0's memoryCommand (object.c).
#pragma once

#include <span>
#include <string>

#include "protocol/reply_tree.hpp"

namespace slotway::routing {

// Appends the reply; false, `out` then being of no use, if one has not the shape that is expected.
bool write_memory_stats(std::string& out, std::span<const protocol::ReplyTree> replies, bool resp3);

}  // namespace slotway::routing
