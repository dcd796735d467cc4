#include "proxy/ring.hpp"

#include <catch2/catch.hpp>
#include <deque>
#include <random>

using namespace slotway::proxy;

TEST_CASE("A new ring is empty") {
  const Ring<int> ring;
  CHECK(ring.empty());
  CHECK(ring.size() == 0);
}

TEST_CASE("Items leave in the order in which they came, wherever the array wraps around") {
  for (int offset = 0; offset < 40; ++offset) {
    Ring<int> ring;
    for (int i = 0; i < offset; ++i) {
      ring.push_back(-1);
      ring.pop_front();
    }
    for (int i = 0; i < 50; ++i) ring.push_back(i);
    REQUIRE(ring.size() == 50);
    for (int i = 0; i < 50; ++i) {
      REQUIRE(ring[static_cast<std::size_t>(49 - i)] == 49);
      REQUIRE(ring.front() == i);
      ring.pop_front();
    }
    REQUIRE(ring.empty());
  }
}

TEST_CASE("Items can be changed where they are") {
  Ring<int> ring;
  for (int i = 0; i < 3; ++i) ring.push_back(i);
  ring.front() = 10;
  ring[2] = 12;
  CHECK(ring.front() == 10);
  ring.pop_front();
  CHECK(ring.front() == 1);
  CHECK(ring[1] == 12);
}

TEST_CASE("A ring behaves as a deque does") {
  std::mt19937 random(1);
  Ring<unsigned> ring;
  std::deque<unsigned> model;
  for (unsigned step = 0; step < 100'000; ++step) {
    // Long runs of growth and of decline.
    const bool grows = (step / 500) % 2 == 0;
    if (model.empty() || random() % 4 < (grows ? 3u : 1u)) {
      ring.push_back(step);
      model.push_back(step);
    } else {
      REQUIRE(ring.front() == model.front());
      ring.pop_front();
      model.pop_front();
    }
    REQUIRE(ring.size() == model.size());
    REQUIRE(ring.empty() == model.empty());
    if (!model.empty()) {
      const std::size_t i = random() % model.size();
      REQUIRE(ring[i] == model[i]);
    }
  }
}
