#include "proxy/dispatch/parked_requests.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "tests/proxy/byte_queue_text.hpp"

using namespace slotway;
using namespace slotway::proxy;
using std::chrono::milliseconds;

namespace {

const TimePoint kStart{std::chrono::hours(1)};

ParkedRequest parked_at(protocol::BlockPool& pool, milliseconds due, const std::string& bytes) {
  ParkedRequest parked;
  parked.bytes.append(pool, bytes);
  parked.due = kStart + due;
  return parked;
}

// All that is due, in the order in which it leaves.
std::vector<std::string> take_all(protocol::BlockPool& pool, ParkedRequests& requests, milliseconds now) {
  std::vector<std::string> taken;
  while (auto parked = requests.take_due(kStart + now)) taken.push_back(take_text(pool, parked->bytes));
  return taken;
}

}  // namespace

TEST_CASE("Nothing is parked at first") {
  protocol::BlockPool pool;
  ParkedRequests requests(pool);
  CHECK(requests.size() == 0);
  CHECK_FALSE(requests.next_due());
  CHECK_FALSE(requests.take_due(TimePoint::max()));
}

TEST_CASE("A parked request leaves when it is due, as it came") {
  protocol::BlockPool pool;
  ParkedRequests requests(pool);
  ParkedRequest parked = parked_at(pool, milliseconds(10), "GET a");
  parked.request.slot = 15495;
  parked.request.fragment = 3;
  parked.request.attempts = 2;
  parked.request.readonly = true;
  requests.park(std::move(parked));

  CHECK(requests.size() == 1);
  CHECK(requests.next_due() == kStart + milliseconds(10));
  CHECK_FALSE(requests.take_due(kStart + milliseconds(9)));
  auto taken = requests.take_due(kStart + milliseconds(10));
  REQUIRE(taken);
  CHECK(taken->request.slot == 15495);
  CHECK(taken->request.fragment == 3);
  CHECK(taken->request.attempts == 2);
  CHECK(taken->request.readonly);
  CHECK(take_text(pool, taken->bytes) == "GET a");
  CHECK(requests.size() == 0);
  CHECK_FALSE(requests.next_due());
}

TEST_CASE("Requests leave by their time, and at one time in the order in which they were parked") {
  protocol::BlockPool pool;
  ParkedRequests requests(pool);
  const std::pair<int, const char*> order[] = {{20, "d"}, {10, "a"}, {30, "f"}, {10, "b"},
                                               {20, "e"}, {10, "c"}, {30, "g"}};
  for (const auto& [due, name] : order) requests.park(parked_at(pool, milliseconds(due), name));
  CHECK(requests.next_due() == kStart + milliseconds(10));
  CHECK(take_all(pool, requests, milliseconds(9)).empty());
  CHECK(take_all(pool, requests, milliseconds(19)) == std::vector<std::string>{"a", "b", "c"});
  CHECK(requests.next_due() == kStart + milliseconds(20));
  // Parked again while others wait: behind those of the same time.
  requests.park(parked_at(pool, milliseconds(20), "a again"));
  requests.park(parked_at(pool, milliseconds(25), "b again"));
  CHECK(take_all(pool, requests, milliseconds(30)) ==
        std::vector<std::string>{"d", "e", "a again", "b again", "f", "g"});
  CHECK(bytes_in_use(pool) == 0);
}

TEST_CASE("Random times come out sorted, stably") {
  std::mt19937 random(9);
  protocol::BlockPool pool;
  ParkedRequests requests(pool);
  std::vector<std::pair<int, std::string>> expected;
  for (int i = 0; i < 2000; ++i) {
    const int due = static_cast<int>(random() % 50);
    expected.emplace_back(due, std::to_string(i));
    requests.park(parked_at(pool, milliseconds(due), expected.back().second));
  }
  std::stable_sort(expected.begin(), expected.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> names;
  for (const auto& [due, name] : expected) names.push_back(name);
  CHECK(take_all(pool, requests, milliseconds(50)) == names);
}

TEST_CASE("What is still parked at the end gives its memory back") {
  protocol::BlockPool pool;
  {
    ParkedRequests requests(pool);
    for (int i = 0; i < 20; ++i) requests.park(parked_at(pool, milliseconds(i), std::string(40'000, 'x')));
    CHECK(take_all(pool, requests, milliseconds(4)).size() == 5);
    CHECK(bytes_in_use(pool) > 0);
  }
  CHECK(bytes_in_use(pool) == 0);
}
