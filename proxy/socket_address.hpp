// The two addresses of a connected socket, as numbers. Thread: any.
#pragma once

#include "config/config.hpp"

namespace slotway::proxy {

// Where the socket is connected to on our side, and the peer's; "?" and 0 where there is none (as in Redis's
// CLIENT LIST). An IPv4 address that came over an IPv6 socket is shown as IPv4.
config::HostPort local_address(int socket);
config::HostPort peer_address(int socket);

}  // namespace slotway::proxy
