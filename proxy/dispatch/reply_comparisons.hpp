// What two upstreams answered to the same request: pairs of replies of which either may come first. Owner: a
// Worker. Thread: worker. Invariant: a pair is judged once, when both have come, or forgotten after
// kPatience.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "proxy/loop.hpp"
#include "proxy/observe/log_limiter.hpp"

namespace slotway::proxy {

class ReplyComparisons {
 public:
  static constexpr std::chrono::seconds kPatience{60};

  explicit ReplyComparisons(Loop& loop) : loop_(loop) {}

  // Of the request whose reply slot that is. `request` is how the log names it, `from` and `to` the
  // upstreams, whose names outlive the pair. Returns the pair's number.
  std::uint64_t begin(Handle slot, std::string request, std::string_view from, std::string_view to);
  // The client's reply: whole, as it is told.
  void on_original(Handle slot, std::string_view reply);
  // The other one; a number that is not known any more is passed over.
  void on_mirrored(std::uint64_t number, std::string_view reply);
  // There will be no other one.
  void forget(std::uint64_t number) { pairs_.erase(number); }
  void on_tick();
  std::size_t size() const { return pairs_.size(); }

 private:
  struct Reply {
    bool has_come = false;
    std::size_t size = 0;
    std::size_t hash = 0;
    std::string beginning;
  };
  struct Pair {
    std::string request;
    std::string_view from;
    std::string_view to;
    TimePoint since;
    Reply original;
    Reply mirrored;
  };
  static void take(Reply& place, std::string_view reply);
  void judge(std::uint64_t number, const Pair& pair);

  Loop& loop_;
  std::uint64_t numbers_ = 0;
  std::unordered_map<std::uint64_t, Pair> pairs_;
  std::unordered_map<std::uint64_t, std::uint64_t> by_slot_;  // Handle::packed()
  LogLimiter log_{std::chrono::seconds(10)};
};

}  // namespace slotway::proxy
