// A TCP port for a test server on 127.0.0.1.
// Thread: any. Invariant: the port and the port 10000 above it (a Redis Cluster node's bus) were free, both
// lie below the kernel's range for outgoing connections, and no other process that uses this function gets
// them while this process lives.
#pragma once

#include <cstdint>

namespace slotway::kit {

inline constexpr std::uint16_t kBusOffset = 10000;

// Throws std::runtime_error if no port is free.
std::uint16_t free_port();

}  // namespace slotway::kit
