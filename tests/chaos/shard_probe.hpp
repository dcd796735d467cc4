// One client that writes one key of one shard again and again, and knows when it was answered. Owner: a
// fault. Thread: starts one of its own; the public functions are for main's. Invariant: one request at a
// time.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>

namespace slotway::chaos {

class ShardProbe {
 public:
  using Clock = std::chrono::steady_clock;

  // Returns when the first reply was good.
  ShardProbe(std::uint16_t port, std::string key);
  ~ShardProbe();
  ShardProbe(const ShardProbe&) = delete;
  ShardProbe& operator=(const ShardProbe&) = delete;

  // When the first good reply after `moment`, which may not be over for long, came; throws std::runtime_error
  // if none does within `limit`.
  Clock::time_point first_good_after(Clock::time_point moment, std::chrono::milliseconds limit);
  std::uint64_t error_count() const { return errors_; }
  // Until a good reply.
  Clock::duration longest_wait() const { return Clock::duration(longest_wait_.load()); }

 private:
  void run();
  void on_good(Clock::time_point now);

  std::uint16_t port_;
  std::string key_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> errors_{0};
  std::atomic<Clock::rep> last_good_{0};
  std::atomic<Clock::rep> longest_wait_{0};
  std::atomic<Clock::rep> wanted_;    // the moment of first_good_after
  std::atomic<Clock::rep> found_{0};  // the first good reply behind it
  std::thread thread_;
};

}  // namespace slotway::chaos
