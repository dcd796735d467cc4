// How many cores the process may use: its CPU affinity, and the CPU quota of its cgroups (what Kubernetes and
// Docker call a CPU limit), whichever is less. Owner: none. Thread: before the threads start: it reads /proc
// and /sys. Invariant: never less than 1. Sources: cpu.max in the kernel's cgroup-v2.rst; cpu.cfs_quota_us in
// sched-bwc.rst.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "config/cgroups.hpp"

namespace slotway::config {

// `configured` is Config::workers: 0 = auto.
unsigned worker_count(std::uint32_t configured);

// The smaller of affinity and quota.
unsigned usable_cores();

// What the parts beneath work on
// ------------------------------------------------------------------------------------

// "150000 100000" -> 2 cores; "max 100000" and what cannot be read -> no quota.
std::optional<unsigned> parse_cpu_max(std::string_view text);

// cpu.cfs_quota_us and cpu.cfs_period_us; a quota of -1 is none.
std::optional<unsigned> parse_cfs_quota(std::string_view quota, std::string_view period);

// The least quota of all folders.
std::optional<unsigned> quota_cores(const ReadFile& read);

}  // namespace slotway::config
