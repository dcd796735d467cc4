// Tells when one of some files has changed, by inotify on the folders on the way to them: a file that is
// written in place, one that an editor puts in its place, and the symbolic links of a mounted ConfigMap are
// all seen. What else happens in those folders is not told. Owner: the ConfigReloader. Thread: control.
// Invariant: a change is told once things have been quiet for a moment, but while they never are, now and
// then all the same.
#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "proxy/observe/log_limiter.hpp"

namespace slotway::proxy {

class ConfigWatcher {
 public:
  struct Times {
    std::chrono::milliseconds quiet{250};     // after the last event
    std::chrono::milliseconds longest{2000};  // after the first one
  };

  // `on_change` may call watch() and stop().
  ConfigWatcher(boost::asio::io_context& io, std::function<void()> on_change, Times times);
  ConfigWatcher(boost::asio::io_context& io, std::function<void()> on_change)
      : ConfigWatcher(io, std::move(on_change), Times{}) {}

  // From now on these, whether they exist or not; changes so far are not told any more. Cannot fail: what
  // cannot be watched is a warning.
  void watch(std::vector<std::string> files);
  void stop();

 private:
  // What tells one state of a file from another.
  struct Print {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    std::int64_t written_ns = 0;
    std::int64_t changed_ns = 0;  // the inode: its rights, too
    friend bool operator==(const Print&, const Print&) = default;
  };

  std::vector<Print> take_prints() const;
  void arm();
  void warn(const std::string& what, int error_number);
  void wait();
  void on_events();
  void look();

  std::function<void()> on_change_;
  const Times times_;
  boost::asio::posix::stream_descriptor events_;
  boost::asio::steady_timer timer_;
  std::vector<std::string> files_;
  std::vector<Print> prints_;  // of files_
  std::optional<std::chrono::steady_clock::time_point> first_event_;
  LogLimiter warnings_{std::chrono::seconds(10)};
};

}  // namespace slotway::proxy
