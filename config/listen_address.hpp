// Where clients connect: read, printed and compared; and what is told of all such addresses together.
// Owner: none, pure functions. Thread: any. Invariant: an address is stored in the one way in which the
// kernel prints it, so that equal ones are equal as text.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "config/config.hpp"
#include "config/units.hpp"

namespace slotway::config {

// "HOST:PORT" as in units, or "unix:PATH" with an absolute path that fits into a socket's address.
Parsed<ListenAddress> parse_listen_address(std::string_view text);
std::string print_listen_address(const ListenAddress& address);

// An IP address, of either family.
bool is_numeric_address(const std::string& host);
// Stands for every address of its family.
bool is_any_address(std::string_view host);

// Both cannot be bound by one process: they are the same, or one of them stands for the other too.
bool claims_same(const ListenAddress& left, const ListenAddress& right);

// What a server with these addresses is taken for: its port, 0 = it has none; and where those find it who ask
// for an address and came over none: the first TCP address that does not stand for all, or loopback.
std::uint16_t first_tcp_port(std::span<const ListenAddress> addresses);
HostPort reachable_address(std::span<const ListenAddress> addresses);

}  // namespace slotway::config
