#include "proxy/control/watched_folders.hpp"

#include <deque>
#include <filesystem>
#include <system_error>

namespace slotway::proxy {

namespace {

namespace fs = std::filesystem;

constexpr int kMaxLinks = 40;  // as the kernel (path_resolution(7))

}  // namespace

void add_watched_folders(const std::string& file, std::set<std::string>& folders) {
  std::error_code error;
  const fs::path whole = fs::absolute(file, error);
  if (error) return;
  std::deque<fs::path> way(whole.begin(), whole.end());
  fs::path at = "/";
  for (int links = 0; !way.empty();) {
    const fs::path name = way.front();
    way.pop_front();
    if (name.empty() || name == "." || name == "/") continue;
    if (name == "..") {
      at = at.parent_path();
      continue;
    }
    const fs::path next = at / name;
    const fs::file_status status = fs::symlink_status(next, error);
    if (fs::is_symlink(status)) {
      folders.insert(at);
      const fs::path target = fs::read_symlink(next, error);
      if (error || ++links > kMaxLinks) return;
      if (target.is_absolute()) at = "/";
      way.insert(way.begin(), target.begin(), target.end());
      continue;
    }
    if (way.empty() || !fs::exists(status)) {
      folders.insert(at);
      return;
    }
    at = next;
  }
}

}  // namespace slotway::proxy
