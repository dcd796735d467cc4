// ACL's reading subcommands for a listener's users, as Redis 7.0 describes them (acl.c). Pure; any thread.
// Invariant: nothing of a password is told, not even its hash.
#pragma once

#include <string>
#include <string_view>

#include "config/config.hpp"
#include "protocol/command_table.hpp"
#include "protocol/request.hpp"

namespace slotway::proxy {

// Appends one reply. REQUIRES: `command` is one of ACL's.
// `user`: who asks.
void run_acl(protocol::LocalCommand command, const protocol::RequestView& request,
             const config::ClientConfig& client, std::string_view user, bool resp3, std::string& out);

}  // namespace slotway::proxy
