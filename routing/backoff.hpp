// How long to wait before trying again: exponential, capped, jittered, so that many proxies and many
// connections do not come back at the same moment. Used for reconnects, for retries after TRYAGAIN, and for
// failed refreshes. Pure; any thread: the random number comes in. Invariant: the delay is between half and
// the whole of min(cap, base * 2^attempts).
#pragma once

#include <chrono>
#include <cstdint>

namespace slotway::routing {

struct Backoff {
  std::chrono::microseconds base;  // the longest first delay
  std::chrono::microseconds cap;   // no delay is longer

  // `attempts`: how many have failed before this wait, not counting the first one: 0 gives at most `base`.
  // `random`: uniform over all 64-bit values.
  constexpr std::chrono::microseconds delay(std::uint32_t attempts, std::uint64_t random) const {
    std::chrono::microseconds whole = base < cap ? base : cap;
    for (std::uint32_t i = 0; i < attempts && whole < cap; ++i) whole = whole > cap / 2 ? cap : whole * 2;
    return jittered(whole, random);
  }

 private:
  static constexpr std::chrono::microseconds jittered(std::chrono::microseconds whole, std::uint64_t random) {
    const std::chrono::microseconds half = whole / 2;
    const auto span = static_cast<std::uint64_t>((whole - half).count()) + 1;
    return half + std::chrono::microseconds{static_cast<std::int64_t>((random >> 32) % span)};
  }
};

}  // namespace slotway::routing
