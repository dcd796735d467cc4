#include "proxy/control/config_watcher.hpp"

#include <spdlog/spdlog.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "proxy/control/watched_folders.hpp"

namespace slotway::proxy {

namespace {

// Not IN_MODIFY: a file that is being written is looked at when it is closed.
constexpr std::uint32_t kFolderEvents = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
                                        IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

std::int64_t nanoseconds_of(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + std::int64_t{time.tv_nsec};
}

}  // namespace

ConfigWatcher::ConfigWatcher(boost::asio::io_context& io, std::function<void()> on_change, Times times)
    : on_change_(std::move(on_change)), times_(times), events_(io), timer_(io) {}

void ConfigWatcher::watch(std::vector<std::string> files) {
  files_ = std::move(files);
  first_event_.reset();
  timer_.cancel();
  arm();
  prints_ = take_prints();
}

void ConfigWatcher::stop() {
  files_.clear();
  boost::system::error_code ignored;
  events_.close(ignored);
  timer_.cancel();
}

// Anew each time: which folders are on the way may have changed.
void ConfigWatcher::arm() {
  boost::system::error_code ignored;
  events_.close(ignored);
  if (files_.empty()) return;
  const int descriptor = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (descriptor < 0) return warn("the configuration's files", errno);
  events_.assign(descriptor);
  std::set<std::string> folders;
  for (const std::string& file : files_) add_watched_folders(file, folders);
  for (const std::string& folder : folders) {
    if (::inotify_add_watch(descriptor, folder.c_str(), kFolderEvents) < 0) warn(folder, errno);
  }
  wait();
}

void ConfigWatcher::warn(const std::string& what, int error_number) {
  if (!warnings_.allow(std::chrono::steady_clock::now())) return;
  spdlog::warn("cannot watch {} for changes: {}; send SIGHUP after a change", what,
               std::system_category().message(error_number));
}

void ConfigWatcher::wait() {
  events_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                     [this](const boost::system::error_code& error) {
                       if (!error) on_events();
                     });
}

void ConfigWatcher::on_events() {
  // Which entry of which folder is of no interest: the files' own state tells.
  alignas(inotify_event) std::array<char, 4096> buffer;
  while (::read(events_.native_handle(), buffer.data(), buffer.size()) > 0) continue;
  const auto now = std::chrono::steady_clock::now();
  if (!first_event_) first_event_ = now;
  timer_.expires_at(std::min(now + times_.quiet, *first_event_ + times_.longest));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) look();
  });
  wait();
}

void ConfigWatcher::look() {
  first_event_.reset();
  // First the watches, then the look: nothing happens unseen in between.
  arm();
  std::vector<Print> prints = take_prints();
  if (prints == prints_) return;
  prints_ = std::move(prints);
  on_change_();
}

std::vector<ConfigWatcher::Print> ConfigWatcher::take_prints() const {
  std::vector<Print> prints;
  for (const std::string& file : files_) {
    struct stat status {};
    Print& print = prints.emplace_back();
    if (::stat(file.c_str(), &status) != 0) continue;
    print = {status.st_dev, status.st_ino, status.st_size, nanoseconds_of(status.st_mtim),
             nanoseconds_of(status.st_ctim)};
  }
  return prints;
}

}  // namespace slotway::proxy
