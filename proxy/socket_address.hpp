// The addresses of a socket, as numbers, or as the path of a unix socket. Thread: any.
#pragma once

#include "config/config.hpp"

namespace slotway::proxy {

// Where the socket is bound to, or connected to on our side, and the peer's; "?" and 0 where there is none
// (as in Redis's CLIENT LIST), and for the peer of a unix socket, which has no address.
config::ListenAddress local_address(int socket);
config::HostPort peer_address(int socket);

}  // namespace slotway::proxy
