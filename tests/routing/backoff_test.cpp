#include "routing/backoff.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <limits>

using namespace slotway::routing;
using namespace std::chrono_literals;
using std::chrono::microseconds;

namespace {

constexpr Backoff kBackoff{100ms, 1s};

// Usable at compile time.
static_assert(kBackoff.delay(0, 0) == 50ms);
static_assert(kBackoff.delay(100, 0) == 500ms);

// The random number whose jitter is the longest: one below the span, in the upper half that is used.
constexpr std::uint64_t longest(microseconds whole) {
  return static_cast<std::uint64_t>((whole - whole / 2).count()) << 32;
}

}  // namespace

TEST_CASE("A delay doubles with each failed attempt until the cap") {
  struct Row {
    std::uint32_t attempts;
    microseconds whole;
  };
  const Row rows[] = {{0, 100ms}, {1, 200ms}, {2, 400ms}, {3, 800ms},
                      {4, 1s},    {5, 1s},    {64, 1s},   {std::numeric_limits<std::uint32_t>::max(), 1s}};
  for (const Row& row : rows) {
    CAPTURE(row.attempts);
    CHECK(kBackoff.delay(row.attempts, 0) == row.whole / 2);
    CHECK(kBackoff.delay(row.attempts, longest(row.whole)) == row.whole);
  }
}

TEST_CASE("Every random number gives a delay between half and the whole") {
  std::uint64_t random = 88172645463325252ull;
  microseconds shortest = 1h;
  microseconds longest_seen = 0us;
  for (int i = 0; i < 1000; ++i) {
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    const microseconds delay = kBackoff.delay(1, random);
    REQUIRE(delay >= 100ms);
    REQUIRE(delay <= 200ms);
    shortest = std::min(shortest, delay);
    longest_seen = std::max(longest_seen, delay);
  }
  CHECK(shortest < 110ms);
  CHECK(longest_seen > 190ms);
}

TEST_CASE("Extreme limits neither overflow nor divide by zero") {
  const std::uint64_t all_ones = std::numeric_limits<std::uint64_t>::max();
  CHECK(Backoff{0us, 0us}.delay(7, all_ones) == 0us);
  CHECK(Backoff{0us, 1s}.delay(7, all_ones) == 0us);
  CHECK(Backoff{1us, 1us}.delay(7, 0) == 0us);
  CHECK(Backoff{5s, 1s}.delay(0, 0) == 500ms);
  const microseconds max = microseconds::max();
  CHECK(Backoff{1us, max}.delay(200, 0) == max / 2);
}
