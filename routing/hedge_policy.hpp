// When a read that a replica has not answered is asked of another node too, and how many may be: those that
// are slower than 95 of 100, as long as they are no more than a share of all. Pure. Owner: a Dispatcher, of
// one upstream. Thread: worker. Invariant: no more than `budget` percent of the replies that were observed
// are hedged, and kBurst at once.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace slotway::routing {

class HedgePolicy {
 public:
  static constexpr std::uint32_t kEnough = 100;  // replies before the first hedge
  static constexpr double kBurst = 10;
  static constexpr std::chrono::microseconds kFloor{1000};

  void set_budget(std::uint32_t percent) { share_ = percent / 100.0; }

  // A replica has answered, so late. The estimate goes up a step of 19 with each reply above it, and down a
  // step of 1 with each below: it rests where 5 of 100 are above.
  void observe(std::uint64_t us) {
    const auto sample = static_cast<double>(us);
    if (seen_ < kEnough) ++seen_;
    // The first replies are cold: by large steps it is soon where it belongs.
    const double step = seen_ < kEnough ? 0.01 : 0.001;
    p95_us_ = p95_us_ == 0 ? std::max(1.0, sample) : p95_us_ * (sample > p95_us_ ? 1 + 19 * step : 1 - step);
    allowance_ = std::min(kBurst, allowance_ + share_);
  }

  // After so long a read is late; max() = too little is known.
  std::chrono::microseconds patience() const {
    if (seen_ < kEnough) return std::chrono::microseconds::max();
    return std::max(kFloor, std::chrono::microseconds(static_cast<std::int64_t>(p95_us_)));
  }
  bool may_hedge() const { return seen_ == kEnough && allowance_ >= 1; }
  // REQUIRES: may_hedge().
  void spend() { allowance_ -= 1; }

 private:
  double share_ = 0;
  double allowance_ = 0;
  double p95_us_ = 0;
  std::uint32_t seen_ = 0;
};

}  // namespace slotway::routing
