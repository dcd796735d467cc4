// ACL's reading subcommands for the proxy's one user, `default`, as Redis 7.0 describes it (acl.c). Pure;
// any thread. Invariant: nothing of the password is told, not even its hash.
#pragma once

#include <string>

#include "protocol/command_table.hpp"
#include "protocol/request.hpp"

namespace slotway::proxy {

// Appends one reply. REQUIRES: `command` is one of ACL's.
void run_acl(protocol::LocalCommand command, const protocol::RequestView& request, bool needs_password,
             bool resp3, std::string& out);

}  // namespace slotway::proxy
