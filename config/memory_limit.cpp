#include "config/memory_limit.hpp"

#include <unistd.h>

#include <algorithm>

namespace slotway::config {
namespace {

std::uint64_t machine_memory() {
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long page_size = ::sysconf(_SC_PAGESIZE);
  return pages > 0 && page_size > 0
             ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page_size)
             : 0;
}

}  // namespace

std::uint64_t memory_limit(std::optional<std::uint64_t> configured) {
  return configured ? *configured : share_of_memory(cgroup_memory(read_system_file), machine_memory());
}

std::optional<std::uint64_t> cgroup_memory(const ReadFile& read) {
  std::optional<std::uint64_t> least;
  for (const CgroupFolder& folder : own_cgroup_folders(read, "memory")) {
    const bool is_v2 = folder.version == CgroupVersion::v2;
    const auto text = read(folder.path + (is_v2 ? "/memory.max" : "/memory.limit_in_bytes"));
    const auto bytes = text ? parse_kernel_number(*text) : std::nullopt;
    if (!bytes || *bytes <= 0) continue;
    least = std::min(least.value_or(UINT64_MAX), static_cast<std::uint64_t>(*bytes));
  }
  return least;
}

std::uint64_t share_of_memory(std::optional<std::uint64_t> cgroup, std::uint64_t machine) {
  if (machine == 0) return cgroup.value_or(0) / 4 * 3;
  return std::min(cgroup.value_or(machine), machine) / 4 * 3;
}

}  // namespace slotway::config
