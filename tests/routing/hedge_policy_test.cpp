#include "routing/hedge_policy.hpp"

#include <catch2/catch.hpp>
#include <random>

namespace slotway::routing {

using namespace std::chrono_literals;

TEST_CASE("Before enough is known no read is hedged") {
  HedgePolicy policy;
  policy.set_budget(100);
  for (std::uint32_t i = 1; i < HedgePolicy::kEnough; ++i) {
    policy.observe(5000);
    CHECK_FALSE(policy.may_hedge());
    CHECK(policy.patience() == std::chrono::microseconds::max());
  }
  policy.observe(5000);
  CHECK(policy.may_hedge());
  CHECK(policy.patience() < 10ms);
}

TEST_CASE("Patience comes near the p95, from above and below, and follows it") {
  HedgePolicy policy;
  std::mt19937 random(7);
  const auto observe = [&](std::uint64_t most, int count) {
    std::uniform_int_distribution<std::uint64_t> latency(0, most);
    for (int i = 0; i < count; ++i) policy.observe(latency(random));
  };
  struct Row {
    std::uint64_t most;  // latencies are anything up to it
    std::chrono::microseconds least_patience, most_patience;
  };
  for (const Row& row : {Row{100'000, 85ms, 105ms}, Row{10'000, 8500us, 10500us}, Row{40'000, 34ms, 42ms}}) {
    INFO("up to " << row.most << " us");
    observe(row.most, 20'000);
    CHECK(policy.patience() >= row.least_patience);
    CHECK(policy.patience() <= row.most_patience);
  }
}

TEST_CASE("Patience is a millisecond at least") {
  HedgePolicy policy;
  for (int i = 0; i < 1000; ++i) policy.observe(i % 2 == 0 ? 0 : 20);
  CHECK(policy.patience() == 1ms);
}

TEST_CASE("No more than the budget is hedged, and no more than a few at once") {
  HedgePolicy policy;
  policy.set_budget(5);
  for (int i = 0; i < 100'000; ++i) policy.observe(2000);
  int at_once = 0;
  for (; policy.may_hedge(); ++at_once) policy.spend();
  CHECK(at_once == 10);
  int later = 0;
  for (int i = 0; i < 1000; ++i) {
    policy.observe(2000);
    if (!policy.may_hedge()) continue;
    policy.spend();
    ++later;
  }
  CHECK(later >= 49);
  CHECK(later <= 50);
}

}  // namespace slotway::routing
