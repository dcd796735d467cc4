// How much memory what clients send and have not read may take in all: limits.max_memory, or three quarters
// of what the process may use, which is the machine's memory or the limit of its cgroups, whichever is less.
// Owner: none. Thread: any; it reads /proc and /sys. Sources: memory.max in the kernel's cgroup-v2.rst;
// memory.limit_in_bytes in cgroup-v1/memory.rst.
#pragma once

#include <cstdint>
#include <optional>

#include "config/cgroups.hpp"

namespace slotway::config {

// `configured` is LimitsConfig::max_memory_bytes: nullopt = auto. 0 = no limit.
std::uint64_t memory_limit(std::optional<std::uint64_t> configured);

// The parts beneath
// ----------------------------------------------------------------------------------------------------------

// The least limit of all folders; nullopt: there is none.
std::optional<std::uint64_t> cgroup_memory(const ReadFile& read);
// Three quarters of the lesser one; 0 if neither is known.
std::uint64_t share_of_memory(std::optional<std::uint64_t> cgroup, std::uint64_t machine);

}  // namespace slotway::config
