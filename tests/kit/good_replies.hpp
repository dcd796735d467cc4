// The good replies of all clients of a load: how many, and the longest time without one. Owner: CheckedLoad.
// Thread: any. Invariant: every time between two good replies, and those before the first and behind the
// last, has been compared with the longest.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace slotway::kit {

class GoodReplies {
 public:
  using Clock = std::chrono::steady_clock;

  // The time without a reply begins.
  GoodReplies() : last_(Clock::now().time_since_epoch().count()) {}

  void add(Clock::time_point now) {
    count_.fetch_add(1, std::memory_order_relaxed);
    touch(now);
  }
  // No more are to come.
  void end() { touch(Clock::now()); }

  std::uint64_t count() const { return count_.load(std::memory_order_relaxed); }
  std::chrono::nanoseconds longest_gap() const { return Clock::duration(longest_.load()); }

 private:
  void touch(Clock::time_point now) {
    const Clock::rep at = now.time_since_epoch().count();
    // Another thread may have been here with a later time.
    Clock::rep last = last_.load();
    while (last < at && !last_.compare_exchange_weak(last, at)) {
    }
    Clock::rep longest = longest_.load();
    while (longest < at - last && !longest_.compare_exchange_weak(longest, at - last)) {
    }
  }

  std::atomic<std::uint64_t> count_{0};
  std::atomic<Clock::rep> last_;
  std::atomic<Clock::rep> longest_{0};
};

}  // namespace slotway::kit
