// Numbers, sizes, durations and addresses as people write them in a configuration, and back to text.
// Owner: none, pure functions. Thread: any.
// Invariant: parse_x(print_x(v)) == v for each v that can be configured.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "config/config.hpp"
#include "config/problem.hpp"

namespace slotway::config {

template <class T>
using Parsed = std::variant<T, Complaint>;

// Decimal digits only: "10000".
Parsed<std::uint64_t> parse_count(std::string_view text);

// Bytes, alone or with a unit of Redis's configuration, in either case: b; k, m, g are powers of 1000; kb,
// mb, gb are powers of 1024 (redis.conf, "Note on units").
Parsed<std::uint64_t> parse_size(std::string_view text);
std::string print_size(std::uint64_t bytes);  // "512mb", "1000"

// A number with a unit: ms, s, m or h. Only 0 needs none.
Parsed<std::chrono::milliseconds> parse_duration(std::string_view text);
std::string print_duration(std::chrono::milliseconds duration);  // "250ms", "10s", "1m", "0"

// "HOST:PORT"; an IPv6 address stands in brackets, as in "[::1]:6380", and is stored without them. Port 0 to
// 65535.
Parsed<HostPort> parse_host_port(std::string_view text);
std::string print_host_port(std::string_view host, std::uint16_t port);
std::string print_host_port(const HostPort& address);

// Permissions of a file, in octal digits as chmod takes them: "0660"; "0" is no permissions of its own.
Parsed<std::uint32_t> parse_mode(std::string_view text);
std::string print_mode(std::uint32_t mode);

// What was written in the place of an address, for an error text. A URL or a user's name may have a password
// next to it: then only "what is written" is said.
std::string quoted_address(std::string_view text);

}  // namespace slotway::config
