// One LATENCY LATEST, HISTORY or HISTOGRAM of all primaries': as if one server had seen the events of all.
// Pure. Thread: any. Each appends the reply and returns false, `out` then being of no use, if a node's reply
// has not the shape that is expected. Source: Redis 7.0's latency.c.
#pragma once

#include <span>
#include <string>

#include "protocol/reply_tree.hpp"

namespace slotway::routing {

// [event, time, latest, max] for each event: the newest time with its latency, the largest max.
bool write_latest(std::string& out, std::span<const protocol::ReplyTree> replies);

// [time, latency] by time, one for each second, its largest; the newest 160, as one server keeps.
bool write_history(std::string& out, std::span<const protocol::ReplyTree> replies);

// For each command {calls, histogram_usec: {bucket: calls so far}}: the sums.
bool write_histogram(std::string& out, std::span<const protocol::ReplyTree> replies, bool resp3);

}  // namespace slotway::routing
