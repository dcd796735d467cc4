#include "config/worker_count.hpp"

#include <sched.h>

#include <catch2/catch.hpp>
#include <map>

namespace slotway::config {
namespace {

using Files = std::map<std::string, std::string>;
using Cores = std::optional<unsigned>;

Cores quota_of(const Files& files) {
  return quota_cores([&](const std::string& path) -> std::optional<std::string> {
    const auto found = files.find(path);
    return found == files.end() ? std::nullopt : std::optional(found->second);
  });
}

constexpr const char* kMountV2 =
    "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";

TEST_CASE("cpu.max gives cores, rounded up") {
  const auto [text, cores] = GENERATE(table<std::string, Cores>({
      {"max 100000\n", std::nullopt},
      {"100000 100000\n", 1},
      {"150000 100000\n", 2},
      {"10000 100000", 1},
      {"1600000 100000\n", 16},
      {"200000 50000\n", 4},
      {"", std::nullopt},
      {"100000", std::nullopt},
      {"0 100000", std::nullopt},
      {"100000 0", std::nullopt},
      {"x 100000", std::nullopt},
  }));
  CAPTURE(text);
  CHECK(parse_cpu_max(text) == cores);
}

TEST_CASE("cpu.cfs_quota_us gives cores, rounded up") {
  const auto [quota, period, cores] = GENERATE(table<std::string, std::string, Cores>({
      {"-1\n", "100000\n", std::nullopt},
      {"250000\n", "100000\n", 3},
      {"50000\n", "100000\n", 1},
      {"\n", "100000\n", std::nullopt},
      {"100000\n", "\n", std::nullopt},
  }));
  CAPTURE(quota, period);
  CHECK(parse_cfs_quota(quota, period) == cores);
}

TEST_CASE("the folders of the process reach from its own to the mount point") {
  using V = CgroupVersion;
  const auto [cgroup, mountinfo, folders] =
      GENERATE(table<std::string, std::string, std::vector<CgroupFolder>>({
          // version 2, a service of the machine
          {"0::/system.slice/slotway.service\n",
           kMountV2,
           {{V::v2, "/sys/fs/cgroup/system.slice/slotway.service"},
            {V::v2, "/sys/fs/cgroup/system.slice"},
            {V::v2, "/sys/fs/cgroup"}}},
          // version 2, a container with a namespace of its own
          {"0::/\n", kMountV2, {{V::v2, "/sys/fs/cgroup"}}},
          // a path outside of the namespace
          {"0::/../other\n", kMountV2, {{V::v2, "/sys/fs/cgroup"}}},
          // version 1 in a container: the mount shows the container's own part
          {"4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n0::/\n",
           "33 32 0:29 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n"
           "34 32 0:30 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n",
           {{V::v1, "/sys/fs/cgroup/cpu,cpuacct"}}},
          // cpuset and cpuacct alone are not cpu
          {"3:cpuset:/a\n2:cpuacct:/a\n", "34 32 0:30 / /c rw - cgroup cgroup rw,cpuset,cpuacct\n", {}},
          // a root that is only the beginning of a name
          {"1:cpu:/docker/abc\n", "34 32 0:30 /docker/ab /c rw - cgroup cgroup rw,cpu\n", {{V::v1, "/c"}}},
          // a blank in the mount point
          {"0::/\n", "30 23 0:26 / /my\\040group rw - cgroup2 cgroup2 rw\n", {{V::v2, "/my group"}}},
          {"", kMountV2, {}},
          {"0::/\n", "", {}},
          {"0:\nnonsense\n", "30 23 0:26 / - cgroup2\n", {}},
      }));
  CAPTURE(cgroup, mountinfo);
  CHECK(cgroup_folders(cgroup, mountinfo, "cpu") == folders);
}

TEST_CASE("the least quota of all folders counts") {
  Files files{{"/proc/self/cgroup", "0::/kubepods/pod1/container\n"},
              {"/proc/self/mountinfo", kMountV2},
              {"/sys/fs/cgroup/kubepods/pod1/container/cpu.max", "max 100000\n"},
              {"/sys/fs/cgroup/kubepods/pod1/cpu.max", "max 100000\n"}};
  CHECK(quota_of(files) == std::nullopt);
  files["/sys/fs/cgroup/kubepods/cpu.max"] = "600000 100000\n";
  CHECK(quota_of(files) == 6);
  files["/sys/fs/cgroup/kubepods/pod1/cpu.max"] = "250000 100000\n";
  CHECK(quota_of(files) == 3);
  files["/sys/fs/cgroup/kubepods/pod1/container/cpu.max"] = "400000 100000\n";
  CHECK(quota_of(files) == 3);
}

TEST_CASE("a version 1 quota is read from its two files") {
  Files files{{"/proc/self/cgroup", "3:cpu,cpuacct:/docker/abc\n0::/\n"},
              {"/proc/self/mountinfo", "34 32 0:30 /docker/abc /cpu ro - cgroup cgroup rw,cpu,cpuacct\n"},
              {"/cpu/cpu.cfs_quota_us", "150000\n"}};
  CHECK(quota_of(files) == std::nullopt);
  files["/cpu/cpu.cfs_period_us"] = "100000\n";
  CHECK(quota_of(files) == 2);
}

TEST_CASE("without /proc there is no quota") { CHECK(quota_of({}) == std::nullopt); }

TEST_CASE("workers are as many as configured, and auto is at most the affinity") {
  CHECK(worker_count(3) == 3);
  cpu_set_t before;
  REQUIRE(sched_getaffinity(0, sizeof before, &before) == 0);
  CHECK(worker_count(0) >= 1);
  CHECK(worker_count(0) <= static_cast<unsigned>(CPU_COUNT(&before)));

  int first = 0;
  while (!CPU_ISSET(first, &before)) ++first;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0);
  CHECK(usable_cores() == 1);
  REQUIRE(sched_setaffinity(0, sizeof before, &before) == 0);
}

}  // namespace
}  // namespace slotway::config
