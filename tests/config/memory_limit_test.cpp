// The memory that `auto` means: a share of the machine's, or of what the control groups leave of it.
#include "config/memory_limit.hpp"

#include <catch2/catch.hpp>
#include <map>

namespace slotway::config {
namespace {

std::optional<std::uint64_t> limit_by(const std::map<std::string, std::string>& files) {
  return cgroup_memory([&](const std::string& path) -> std::optional<std::string> {
    const auto found = files.find(path);
    return found == files.end() ? std::nullopt : std::optional(found->second);
  });
}

}  // namespace

TEST_CASE("the least memory limit of the process's groups counts") {
  std::map<std::string, std::string> files = {
      {"/proc/self/cgroup", "0::/pods/one\n"},
      {"/proc/self/mountinfo", "31 23 0:24 / /cg rw shared:9 - cgroup2 cgroup2 rw\n"}};
  CHECK(limit_by(files) == std::nullopt);
  files["/cg/pods/one/memory.max"] = "max\n";
  CHECK(limit_by(files) == std::nullopt);
  files["/cg/pods/memory.max"] = "419430400\n";
  CHECK(limit_by(files) == 419430400);
  files["/cg/pods/one/memory.max"] = "209715200\n";
  CHECK(limit_by(files) == 209715200);
  files["/cg/pods/one/memory.max"] = "0\n";
  CHECK(limit_by(files) == 419430400);
}

TEST_CASE("a memory limit of the first version's groups counts as well") {
  CHECK(limit_by({{"/proc/self/cgroup", "9:memory:/docker/x\n4:cpu,cpuacct:/docker/x\n"},
                  {"/proc/self/mountinfo",
                   "35 25 0:31 /docker/x /cg/memory rw - cgroup cgroup rw,memory\n"
                   "36 25 0:32 /docker/x /cg/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"},
                  {"/cg/memory/memory.limit_in_bytes", "1048576\n"},
                  {"/cg/cpu/memory.limit_in_bytes", "1\n"}}) == 1048576);
  CHECK(limit_by({}) == std::nullopt);
}

TEST_CASE("Slotway takes three quarters of what it may use") {
  CHECK(share_of_memory(std::nullopt, 1000) == 750);
  CHECK(share_of_memory(400, 1000) == 300);
  CHECK(share_of_memory(9223372036854771712u, 1000) == 750);
  CHECK(share_of_memory(400, 0) == 300);
  CHECK(share_of_memory(std::nullopt, 0) == 0);
  CHECK(memory_limit(5) == 5);
  CHECK(memory_limit(0) == 0);
  CHECK(memory_limit(std::nullopt) > 0);
}

}  // namespace slotway::config
