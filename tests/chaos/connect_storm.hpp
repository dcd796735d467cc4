// Connections that are opened at a steady rate, each for as long as a PING takes or not even that. Owner: a
// fault. Thread: main's, and one of its own. Invariant: at most kMostOpen at a time; the addresses it
// connects from have ports enough for all that are still remembered by the kernel.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

#include "tests/chaos/raw_socket.hpp"

namespace slotway::chaos {

class ConnectStorm {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr std::size_t kMostOpen = 2000;

  // Begins; ends by itself after `time`.
  ConnectStorm(std::uint16_t port, double per_second, std::chrono::seconds time);
  ~ConnectStorm();
  ConnectStorm(const ConnectStorm&) = delete;
  ConnectStorm& operator=(const ConnectStorm&) = delete;

  // Returns when it is over and all its connections are closed.
  void wait();
  // --- afterwards ---
  std::uint64_t opened() const { return opened_; }
  double per_second() const { return rate_; }
  std::uint64_t answered() const { return answered_; }
  // Not opened, closed before the answer, or answered with something else.
  std::uint64_t failed() const { return failed_; }

 private:
  struct Visit {
    RawSocket socket;
    Clock::time_point begin;
    bool has_asked = false;
  };

  void run(double per_second, std::chrono::seconds time);
  void open();
  // Until `moment`: what is answered is closed.
  void attend(Clock::time_point moment);
  // True if it is over.
  bool attend(Visit& visit, short ready);

  std::uint16_t port_;
  std::vector<Visit> visits_;
  std::uint64_t opened_ = 0;
  std::uint64_t answered_ = 0;
  std::uint64_t failed_ = 0;
  double rate_ = 0;
  std::thread thread_;
};

}  // namespace slotway::chaos
