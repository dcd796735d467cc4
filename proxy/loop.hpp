// What everything on one worker's thread shares: memory, the hot sockets, the counters, and the turn's clock.
// Owner: a Worker. Thread: worker (the counters are also read by the control thread).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>

#include "config/config.hpp"
#include "protocol/block_pool.hpp"
#include "proxy/edge_poller.hpp"
#include "proxy/observe/counters.hpp"

namespace slotway::proxy {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;

struct Loop {
  static constexpr std::size_t kScratchBytes = 64 * 1024;
  // Read from one socket, then others and the timers have their turn.
  static constexpr std::size_t kTurnBytes = 2 * 1024 * 1024;

  explicit Loop(const config::Config& c) : config(c), scratch_(std::make_unique<char[]>(kScratchBytes)) {}

  config::Config config;  // the worker's own: others are told to take over a new one (Worker::configure)
  protocol::BlockPool blocks;
  EdgePoller poller;
  WorkerCounters counters;
  TimePoint now = Clock::now();  // read once a turn
  // Another number whenever a slot of any upstream has got another owner: requests that were sent before and
  // after may meet on different connections.
  std::uint64_t map_version = 0;

  // Where every connection reads to; see ReadBuffer.
  std::span<char> scratch() { return {scratch_.get(), kScratchBytes}; }

  static std::uint64_t microseconds(Clock::duration d) {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(d).count());
  }

 private:
  std::unique_ptr<char[]> scratch_;
};

}  // namespace slotway::proxy
