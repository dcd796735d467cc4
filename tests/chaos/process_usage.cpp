#include "tests/chaos/process_usage.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

namespace slotway::chaos {

ProcessUsage usage_of(pid_t pid) {
  const std::string folder = "/proc/" + std::to_string(pid);
  ProcessUsage usage;
  std::ifstream status(folder + "/status");
  for (std::string line; std::getline(status, line);) {
    const bool is_rss = line.starts_with("VmRSS:");
    if (!is_rss && !line.starts_with("VmHWM:")) continue;
    (is_rss ? usage.rss : usage.peak_rss) = std::stoul(line.substr(6)) * 1024;
  }
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder + "/fd", error), end; !error && entry != end;
       entry.increment(error)) {
    ++usage.descriptors;
  }
  return usage;
}

}  // namespace slotway::chaos
