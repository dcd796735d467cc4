// What Slotway answers as if it were a sentinel (sentinel_view: on): the primary, and its one replica, are
// Slotway itself. So clients that ask a sentinel where to go work through it unchanged. Pure; any thread.
// Source: Redis documentation, "Sentinel"; Redis 7.0 sentinel.c (sentinelCommand,
// addReplySentinelRedisInstance).
#pragma once

#include <string>
#include <string_view>

#include "config/config.hpp"
#include "protocol/request.hpp"

namespace slotway::proxy {

struct SentinelView {
  std::string_view master_name;
  config::HostPort address;  // Slotway's, as the client is to connect to it
  std::string_view run_id;
  bool is_up = true;  // there is a map
  bool resp3 = false;
};

// Appends the reply to a SENTINEL command.
void write_sentinel_reply(const protocol::RequestView& request, const SentinelView& view, std::string& out);

}  // namespace slotway::proxy
