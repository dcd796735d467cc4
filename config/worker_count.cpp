#include "config/worker_count.hpp"

#include <sched.h>

#include <algorithm>
#include <limits>
#include <memory>

namespace slotway::config {
namespace {

// Half a core still needs one thread: rounded up.
std::optional<unsigned> cores(std::optional<std::int64_t> quota, std::optional<std::int64_t> period) {
  if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;
  const std::int64_t count = *quota / *period + (*quota % *period != 0 ? 1 : 0);
  return static_cast<unsigned>(std::min<std::int64_t>(count, std::numeric_limits<unsigned>::max()));
}

std::optional<unsigned> quota_of(const CgroupFolder& folder, const ReadFile& read) {
  if (folder.version == CgroupVersion::v2) {
    const auto text = read(folder.path + "/cpu.max");
    return text ? parse_cpu_max(*text) : std::nullopt;
  }
  const auto quota = read(folder.path + "/cpu.cfs_quota_us");
  const auto period = read(folder.path + "/cpu.cfs_period_us");
  return quota && period ? parse_cfs_quota(*quota, *period) : std::nullopt;
}

unsigned affinity_cores() {
  // The kernel refuses a set that is smaller than its own: try larger ones.
  constexpr std::size_t kMostCpus = 1 << 16;
  for (std::size_t cpus = CPU_SETSIZE; cpus <= kMostCpus; cpus *= 2) {
    const auto free_set = [](cpu_set_t* set) { CPU_FREE(set); };
    const std::unique_ptr<cpu_set_t, decltype(free_set)> set(CPU_ALLOC(cpus), free_set);
    const std::size_t size = CPU_ALLOC_SIZE(cpus);
    if (!set || sched_getaffinity(0, size, set.get()) != 0) continue;
    return static_cast<unsigned>(std::max(1, CPU_COUNT_S(size, set.get())));
  }
  return 1;
}

}  // namespace

unsigned worker_count(std::uint32_t configured) { return configured != 0 ? configured : usable_cores(); }

unsigned usable_cores() {
  const unsigned affinity = affinity_cores();
  return std::min(affinity, quota_cores(read_system_file).value_or(affinity));
}

std::optional<unsigned> parse_cpu_max(std::string_view text) {
  const std::size_t blank = text.find(' ');
  if (blank == std::string_view::npos) return std::nullopt;
  return cores(parse_kernel_number(text.substr(0, blank)), parse_kernel_number(text.substr(blank + 1)));
}

std::optional<unsigned> parse_cfs_quota(std::string_view quota, std::string_view period) {
  return cores(parse_kernel_number(quota), parse_kernel_number(period));
}

std::optional<unsigned> quota_cores(const ReadFile& read) {
  std::optional<unsigned> least;
  for (const CgroupFolder& folder : own_cgroup_folders(read, "cpu")) {
    const auto quota = quota_of(folder, read);
    if (quota && (!least || *quota < *least)) least = quota;
  }
  return least;
}

}  // namespace slotway::config
