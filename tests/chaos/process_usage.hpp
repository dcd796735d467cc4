// What a process holds, as /proc tells it. Thread: any.
#pragma once

#include <sys/types.h>

#include <cstddef>

namespace slotway::chaos {

struct ProcessUsage {
  std::size_t rss = 0;       // bytes
  std::size_t peak_rss = 0;  // bytes, since it was started
  std::size_t descriptors = 0;
};

// All 0 if there is no such process.
ProcessUsage usage_of(pid_t pid);

}  // namespace slotway::chaos
