// What the kernel says of this process: the usual process_* metrics.
// Owner: the scrape. Thread: control. Source: proc(5), /proc/[pid]/stat and /proc/stat.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace slotway::proxy {

struct ProcessFacts {
  double cpu_seconds = 0;         // user and system
  double start_time_seconds = 0;  // since the Unix epoch
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t open_fds = 0;
  double max_fds = 0;  // soft limit; may be infinite
};

// How the kernel counts: clock ticks a second, bytes a page, when the machine started (seconds since the
// epoch).
struct KernelUnits {
  double ticks_per_second = 100;
  std::uint64_t page_bytes = 4096;
  double boot_time_seconds = 0;
};

// nullopt = not to be read here (no /proc): the process_* metrics are left out.
std::optional<ProcessFacts> read_process_facts();

// The fields of `stat`, one line of /proc/[pid]/stat; the two fd counts are left at 0. nullopt = malformed.
std::optional<ProcessFacts> parse_process_stat(std::string_view stat, const KernelUnits& units);

// The `btime` line of /proc/stat; nullopt = there is none.
std::optional<double> parse_boot_time(std::string_view stat);

}  // namespace slotway::proxy
