#include "config/cgroups.hpp"

#include <algorithm>
#include <charconv>
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
std::optional<Mount> parse_mount(std::string_view line, std::string_view controller) {
  const std::size_t dash = line.find(" - ");
  if (dash == std::string_view::npos) return std::nullopt;
  const auto front = split(line.substr(0, dash), ' ');
  const auto back = split(line.substr(dash + 3), ' ');
  if (front.size() < 5 || back.size() < 3) return std::nullopt;
  const bool is_v2 = back[0] == "cgroup2";
  const bool is_v1 = back[0] == "cgroup" && has_word(back[2], controller);
  if (!is_v2 && !is_v1) return std::nullopt;
  return Mount{is_v2 ? CgroupVersion::v2 : CgroupVersion::v1, unescape(front[3]), unescape(front[4])};
}

// "ID:CONTROLLERS:PATH"; version 2 has no controllers and the id 0.
std::optional<std::pair<CgroupVersion, std::string>> parse_membership(std::string_view line,
                                                                      std::string_view controller) {
  const std::size_t first = line.find(':');
  const std::size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const std::string_view controllers = line.substr(first + 1, second - first - 1);
  const std::string path(line.substr(second + 1));
  if (controllers.empty()) return std::pair(CgroupVersion::v2, path);
  if (has_word(controllers, controller)) return std::pair(CgroupVersion::v1, path);
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

}  // namespace

std::optional<std::int64_t> parse_kernel_number(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole ? std::optional(value) : std::nullopt;
}

std::optional<std::string> read_system_file(const std::string& path) {
  constexpr std::size_t kLargest = 4 << 20;
  auto text = read_text_file(path, kLargest);
  if (auto* content = std::get_if<std::string>(&text)) return std::move(*content);
  return std::nullopt;
}

std::vector<CgroupFolder> cgroup_folders(std::string_view cgroup, std::string_view mountinfo,
                                         std::string_view controller) {
  std::vector<CgroupFolder> folders;
  for (const std::string_view mount_line : split(mountinfo, '\n')) {
    const auto mount = parse_mount(mount_line, controller);
    if (!mount) continue;
    for (const std::string_view line : split(cgroup, '\n')) {
      const auto membership = parse_membership(line, controller);
      if (!membership || membership->first != mount->version) continue;
      for (std::string path = below_root(membership->second, mount->root);; path.resize(path.rfind('/'))) {
        folders.push_back({mount->version, mount->point + path});
        if (path.empty()) break;
      }
    }
  }
  return folders;
}

std::vector<CgroupFolder> own_cgroup_folders(const ReadFile& read, std::string_view controller) {
  const auto cgroup = read("/proc/self/cgroup");
  const auto mountinfo = read("/proc/self/mountinfo");
  if (!cgroup || !mountinfo) return {};
  return cgroup_folders(*cgroup, *mountinfo, controller);
}

}  // namespace slotway::config
