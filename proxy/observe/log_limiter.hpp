// Keeps a warning that repeats from flooding the log: one line an interval, with the number of those left
// out. Owner: whoever warns, one limiter per kind of warning. Thread: that of its owner. Pure: the time comes
// in.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace slotway::proxy {

class LogLimiter {
 public:
  using Clock = std::chrono::steady_clock;

  explicit LogLimiter(Clock::duration interval) : interval_(interval) {}

  // nullopt = stay silent. A number = write the line; so many like it were left out since the last one.
  std::optional<std::uint64_t> allow(Clock::time_point now) {
    if (last_ && now - *last_ < interval_) {
      ++suppressed_;
      return std::nullopt;
    }
    last_ = now;
    const std::uint64_t left_out = suppressed_;
    suppressed_ = 0;
    return left_out;
  }

 private:
  Clock::duration interval_;
  std::optional<Clock::time_point> last_;
  std::uint64_t suppressed_ = 0;
};

}  // namespace slotway::proxy
