// How many cores the process may use: its CPU affinity, and the CPU quota of its cgroups (what Kubernetes and
// Docker call a CPU limit), whichever is less. Owner: none. Thread: before the threads start: it reads /proc
// and /sys. Invariant: never less than 1. Sources: cpu.max in the kernel's cgroup-v2.rst; cpu.cfs_quota_us in
// sched-bwc.rst; proc(5) and cgroups(7) for /proc/self/cgroup and /proc/self/mountinfo.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slotway::config {

// `configured` is Config::workers: 0 = auto.
unsigned worker_count(std::uint32_t configured);

// The smaller of affinity and quota.
unsigned usable_cores();

// What the parts beneath work on
// ------------------------------------------------------------------------------------

enum class CgroupVersion { v1, v2 };

// A folder of the cgroup file system that the process belongs to.
struct CgroupFolder {
  CgroupVersion version = CgroupVersion::v2;
  std::string path;
  friend bool operator==(const CgroupFolder&, const CgroupFolder&) = default;
};

// The process's own folder and each one above it, of the hierarchies that can limit the CPU, out of the texts
// of /proc/self/cgroup and /proc/self/mountinfo.
std::vector<CgroupFolder> cgroup_folders(std::string_view cgroup, std::string_view mountinfo);

// "150000 100000" -> 2 cores; "max 100000" and what cannot be read -> no quota.
std::optional<unsigned> parse_cpu_max(std::string_view text);

// cpu.cfs_quota_us and cpu.cfs_period_us; a quota of -1 is none.
std::optional<unsigned> parse_cfs_quota(std::string_view quota, std::string_view period);

// The least quota of all folders. `read` gives a file's text, or nothing if there is no such file.
using ReadFile = std::function<std::optional<std::string>(const std::string& path)>;
std::optional<unsigned> quota_cores(const ReadFile& read);

}  // namespace slotway::config
