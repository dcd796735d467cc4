// How long a blocking command may wait before its node answers: what its argument says. Pure; any thread.
// What the node would refuse is 0: it answers at once with the error. Source: Redis 7.0,
// getTimeoutFromObjectOrReply (timeout.c) and xreadCommand (t_stream.c).
#pragma once

#include <chrono>
#include <optional>

#include "protocol/command_table.hpp"
#include "protocol/request.hpp"

namespace slotway::routing {

// False: the command lacks the option without which it does not wait (XREAD without BLOCK).
bool may_block(const protocol::CommandRow& row, const protocol::RequestView& request);

// kForever if there is no limit. REQUIRES: may_block().
std::chrono::milliseconds block_time(const protocol::CommandRow& row, const protocol::RequestView& request);

// Of a WAIT; nothing if a node would refuse its arguments.
std::optional<std::chrono::milliseconds> replica_wait_time(const protocol::RequestView& request);

}  // namespace slotway::routing
