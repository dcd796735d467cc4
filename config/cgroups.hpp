// Where the control groups that the process belongs to are found in the file system: their files hold the
// limits on processors and memory that Kubernetes, Docker and systemd set. Owner: none. Thread: any. Pure but
// for read_system_file(). Sources: the kernel's cgroup-v2.rst; proc(5) and cgroups(7) for /proc/self/cgroup
// and /proc/self/mountinfo.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slotway::config {

enum class CgroupVersion { v1, v2 };

// A folder of the cgroup file system that the process belongs to.
struct CgroupFolder {
  CgroupVersion version = CgroupVersion::v2;
  std::string path;
  friend bool operator==(const CgroupFolder&, const CgroupFolder&) = default;
};

// Gives a file's text, or nothing if there is no such file.
using ReadFile = std::function<std::optional<std::string>(const std::string& path)>;
std::optional<std::string> read_system_file(const std::string& path);

// The process's own folder and each one above it, of the hierarchies that `controller` ("cpu", "memory") can
// be in, out of the texts of /proc/self/cgroup and /proc/self/mountinfo.
std::vector<CgroupFolder> cgroup_folders(std::string_view cgroup, std::string_view mountinfo,
                                         std::string_view controller);
// The same of this process; none if it cannot be told.
std::vector<CgroupFolder> own_cgroup_folders(const ReadFile& read, std::string_view controller);

// A number as the kernel writes it, with the line's end; nullopt: it is none ("max").
std::optional<std::int64_t> parse_kernel_number(std::string_view text);

}  // namespace slotway::config
