// A request as MONITOR shows it: +1339518083.107412 [0 127.0.0.1:60866] "set" "k" "v". Pure; any thread.
// Invariant: passwords are never in a line. Source: Redis 7.0, replicationFeedMonitors (replication.c),
// sdscatrepr (sds.c), and redactClientCommandArgument's callers; administrative commands are not shown there
// either (call in server.c).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/command_table.hpp"
#include "protocol/request.hpp"

namespace slotway::protocol {

bool is_monitored(const CommandRow& row);

// Appends the line with its end. `unix_us`: microseconds since 1970; `database` and `address`: the client's.
void write_monitor_line(std::string& out, std::uint64_t unix_us, std::uint16_t database,
                        std::string_view address, const CommandRow& row, const RequestView& request);

}  // namespace slotway::protocol
