#include "config/worker_count.hpp"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <memory>
#include <utility>
#include <variant>

#include "config/text_file.hpp"

namespace slotway::config {
namespace {

// Parts of `text` between single separators.
std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<std::int64_t> parse_number(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole ? std::optional(value) : std::nullopt;
}

// Half a core still needs one thread: rounded up.
std::optional<unsigned> cores(std::optional<std::int64_t> quota, std::optional<std::int64_t> period) {
  if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;
  const std::int64_t count = *quota / *period + (*quota % *period != 0 ? 1 : 0);
  return static_cast<unsigned>(std::min<std::int64_t>(count, std::numeric_limits<unsigned>::max()));
}

bool has_word(std::string_view list, std::string_view word) {
  const auto words = split(list, ',');
  return std::find(words.begin(), words.end(), word) != words.end();
}

// mountinfo writes a blank in a path as \040.
std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_octal = text[i] == '\\' && i + 3 < text.size();
    unsigned value = 0;
    if (is_octal && std::from_chars(&text[i + 1], &text[i + 1] + 3, value, 8).ptr == &text[i + 1] + 3) {
      out += static_cast<char>(value);
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

struct Mount {
  CgroupVersion version;
  std::string root;   // the part of the hierarchy that is mounted
  std::string point;  // where
};

// "31 23 0:24 ROOT POINT OPTIONS [FIELDS ...] - TYPE SOURCE SUPER_OPTIONS"
std::optional<Mount> parse_mount(std::string_view line) {
  const std::size_t dash = line.find(" - ");
  if (dash == std::string_view::npos) return std::nullopt;
  const auto front = split(line.substr(0, dash), ' ');
  const auto back = split(line.substr(dash + 3), ' ');
  if (front.size() < 5 || back.size() < 3) return std::nullopt;
  const bool is_v2 = back[0] == "cgroup2";
  const bool is_v1_cpu = back[0] == "cgroup" && has_word(back[2], "cpu");
  if (!is_v2 && !is_v1_cpu) return std::nullopt;
  return Mount{is_v2 ? CgroupVersion::v2 : CgroupVersion::v1, unescape(front[3]), unescape(front[4])};
}

// "ID:CONTROLLERS:PATH"; version 2 has no controllers and the id 0.
std::optional<std::pair<CgroupVersion, std::string>> parse_membership(std::string_view line) {
  const std::size_t first = line.find(':');
  const std::size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const std::string_view controllers = line.substr(first + 1, second - first - 1);
  const std::string path(line.substr(second + 1));
  if (controllers.empty()) return std::pair(CgroupVersion::v2, path);
  if (has_word(controllers, "cpu")) return std::pair(CgroupVersion::v1, path);
  return std::nullopt;
}

// Where `path` is below the mounted part of the hierarchy: "" for its top, and for a path outside of it, of
// which the top is the nearest that can be seen.
std::string below_root(std::string_view path, std::string_view root) {
  if (root == "/") root = "";
  if (!path.starts_with(root)) return {};
  path.remove_prefix(root.size());
  const bool is_inside =
      path.starts_with('/') && path.size() > 1 && path.find("/..") == std::string_view::npos;
  return is_inside ? std::string(path) : std::string();
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

std::optional<std::string> read_system_file(const std::string& path) {
  constexpr std::size_t kLargest = 4 << 20;
  auto text = read_text_file(path, kLargest);
  if (auto* content = std::get_if<std::string>(&text)) return std::move(*content);
  return std::nullopt;
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
  return cores(parse_number(text.substr(0, blank)), parse_number(text.substr(blank + 1)));
}

std::optional<unsigned> parse_cfs_quota(std::string_view quota, std::string_view period) {
  return cores(parse_number(quota), parse_number(period));
}

std::vector<CgroupFolder> cgroup_folders(std::string_view cgroup, std::string_view mountinfo) {
  std::vector<CgroupFolder> folders;
  for (const std::string_view mount_line : split(mountinfo, '\n')) {
    const auto mount = parse_mount(mount_line);
    if (!mount) continue;
    for (const std::string_view line : split(cgroup, '\n')) {
      const auto membership = parse_membership(line);
      if (!membership || membership->first != mount->version) continue;
      for (std::string path = below_root(membership->second, mount->root);; path.resize(path.rfind('/'))) {
        folders.push_back({mount->version, mount->point + path});
        if (path.empty()) break;
      }
    }
  }
  return folders;
}

std::optional<unsigned> quota_cores(const ReadFile& read) {
  const auto cgroup = read("/proc/self/cgroup");
  const auto mountinfo = read("/proc/self/mountinfo");
  if (!cgroup || !mountinfo) return std::nullopt;
  std::optional<unsigned> least;
  for (const CgroupFolder& folder : cgroup_folders(*cgroup, *mountinfo)) {
    const auto quota = quota_of(folder, read);
    if (quota && (!least || *quota < *least)) least = quota;
  }
  return least;
}

}  // namespace slotway::config
