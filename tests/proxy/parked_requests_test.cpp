#include "proxy/dispatch/parked_requests.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/protocol/byte_queue_text.hpp"

using namespace slotway;
using namespace slotway::proxy;
using std::chrono::milliseconds;

namespace {

const TimePoint kStart{std::chrono::hours(1)};

ParkedRequest parked(protocol::BlockPool& pool, routing::Slot slot, std::uint64_t order,
                     const std::string& bytes, Handle session = {}) {
  ParkedRequest out;
  out.bytes.append(pool, bytes);
  out.request.slot = slot;
  out.request.order = order;
  out.session = session;
  return out;
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
  CHECK(requests.slots().empty());
  CHECK_FALSE(requests.next_due());
  CHECK_FALSE(requests.take_due(TimePoint::max()));
}

TEST_CASE("What may block is taken out by its session, the others leave as before") {
  protocol::BlockPool pool;
  ParkedRequests requests(pool);
  const Handle session{7, 1};
  const Handle other{8, 1};
  ParkedRequest pop = parked(pool, 5, 2, "BLPOP a 0", session);
  pop.request.pin = Request::Pin::blocking;
  ParkedRequest wait = parked(pool, 9, 4, "WAIT 1 0", session);
  wait.request.pin = Request::Pin::wait;
  requests.park(parked(pool, 5, 1, "GET a", session), kStart);
  requests.park(std::move(pop), kStart);
  requests.park(parked(pool, 5, 3, "GET b", other), kStart);
  requests.park(std::move(wait), kStart);
  CHECK_FALSE(requests.take_blocking(other));
  std::vector<std::string> taken;
  while (auto one = requests.take_blocking(session)) taken.push_back(take_text(pool, one->bytes));
  CHECK(taken == std::vector<std::string>{"BLPOP a 0", "WAIT 1 0"});
  CHECK(requests.slots() == std::vector<routing::Slot>{5});
  CHECK(take_all(pool, requests, milliseconds(0)) == std::vector<std::string>{"GET a", "GET b"});
  CHECK_FALSE(requests.next_due());
}

TEST_CASE("A parked request leaves when it is due, as it came") {
  protocol::BlockPool pool;
  ParkedRequests requests(pool);
  ParkedRequest one = parked(pool, 15495, 1, "GET a");
  one.request.fragment = 3;
  one.request.attempts = 2;
  one.request.readonly = true;
  requests.park(std::move(one), kStart + milliseconds(10));

  CHECK(requests.slots() == std::vector<routing::Slot>{15495});
  CHECK(requests.next_due() == kStart + milliseconds(10));
  CHECK_FALSE(requests.take_due(kStart + milliseconds(9)));
  auto taken = requests.take_due(kStart + milliseconds(10));
  REQUIRE(taken);
  CHECK(taken->request.slot == 15495);
  CHECK(taken->request.fragment == 3);
  CHECK(taken->request.attempts == 2);
  CHECK(taken->request.readonly);
  CHECK(take_text(pool, taken->bytes) == "GET a");
  CHECK(requests.slots().empty());
  CHECK_FALSE(requests.next_due());
}

TEST_CASE("Slots leave by their time") {
  protocol::BlockPool pool;
  ParkedRequests requests(pool);
  requests.park(parked(pool, 3, 1, "c"), kStart + milliseconds(30));
  requests.park(parked(pool, 1, 2, "a"), kStart + milliseconds(10));
  requests.park(parked(pool, 2, 3, "b"), kStart + milliseconds(20));
  CHECK(requests.next_due() == kStart + milliseconds(10));
  CHECK(take_all(pool, requests, milliseconds(9)).empty());
  CHECK(take_all(pool, requests, milliseconds(19)) == std::vector<std::string>{"a"});
  CHECK(requests.next_due() == kStart + milliseconds(20));
  CHECK(take_all(pool, requests, milliseconds(30)) == std::vector<std::string>{"b", "c"});
  CHECK(bytes_in_use(pool) == 0);
}

TEST_CASE(
    "Those for one slot leave together, at the earliest of their times, in the order of their arrival") {
  protocol::BlockPool pool;
  std::vector<int> order{1, 2, 3, 4};
  do {
    ParkedRequests requests(pool);
    for (const int i : order) {
      requests.park(parked(pool, 7, static_cast<std::uint64_t>(i), std::to_string(i)),
                    kStart + milliseconds(50 - 10 * i));
    }
    CHECK(requests.next_due() == kStart + milliseconds(10));
    CHECK(take_all(pool, requests, milliseconds(9)).empty());
    CHECK(take_all(pool, requests, milliseconds(10)) == std::vector<std::string>{"1", "2", "3", "4"});
    CHECK_FALSE(requests.next_due());
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_CASE("What is parked again while its slot leaves waits for its new time") {
  protocol::BlockPool pool;
  ParkedRequests requests(pool);
  requests.park(parked(pool, 7, 1, "first"), kStart);
  requests.park(parked(pool, 7, 2, "second"), kStart);
  auto first = requests.take_due(kStart);
  REQUIRE(first);
  requests.park(std::move(*first), kStart + milliseconds(5));
  CHECK(take_all(pool, requests, milliseconds(0)) == std::vector<std::string>{"second"});
  CHECK(take_all(pool, requests, milliseconds(5)) == std::vector<std::string>{"first"});
}

TEST_CASE("A slot that is hastened leaves earlier, never later, and no other with it") {
  protocol::BlockPool pool;
  ParkedRequests requests(pool);
  requests.park(parked(pool, 7, 1, "a"), kStart + milliseconds(30));
  requests.park(parked(pool, 7, 2, "b"), kStart + milliseconds(40));
  requests.park(parked(pool, 8, 3, "c"), kStart + milliseconds(20));
  requests.hasten(9, kStart);
  requests.hasten(8, kStart + milliseconds(25));
  CHECK(requests.next_due() == kStart + milliseconds(20));
  requests.hasten(7, kStart + milliseconds(10));
  CHECK(requests.next_due() == kStart + milliseconds(10));
  CHECK(take_all(pool, requests, milliseconds(10)) == std::vector<std::string>{"a", "b"});
  CHECK(take_all(pool, requests, milliseconds(20)) == std::vector<std::string>{"c"});
  CHECK_FALSE(requests.next_due());
}

TEST_CASE("It knows what waits for a node, and what a node has put off") {
  protocol::BlockPool pool;
  ParkedRequests requests(pool);
  ParkedRequest put_off = parked(pool, 7, 1, "a");
  put_off.request.last_error = protocol::RedirectKind::loading;
  requests.park(std::move(put_off), kStart);
  CHECK_FALSE(requests.waits_for_node(7));
  requests.park(parked(pool, 7, 2, "b"), kStart);
  CHECK(requests.waits_for_node(7));
  CHECK_FALSE(requests.waits_for_node(8));
}

TEST_CASE("It knows whose requests wait for a slot") {
  protocol::BlockPool pool;
  ParkedRequests requests(pool);
  const Handle one{1, 0}, two{1, 1};
  requests.park(parked(pool, 7, 1, "a", one), kStart);
  CHECK(requests.has(7, one));
  CHECK_FALSE(requests.has(7, two));
  CHECK_FALSE(requests.has(8, one));
  CHECK(take_all(pool, requests, milliseconds(0)).size() == 1);
  CHECK_FALSE(requests.has(7, one));
}

TEST_CASE("Random slots and times come out as a model says") {
  std::mt19937 random(9);
  protocol::BlockPool pool;
  ParkedRequests requests(pool);
  std::map<int, std::vector<std::pair<int, std::string>>> slots;  // due, name
  for (int i = 0; i < 2000; ++i) {
    const int due = static_cast<int>(random() % 1000);
    const int slot = static_cast<int>(random() % 100);
    slots[slot].emplace_back(due, std::to_string(i));
    requests.park(
        parked(pool, static_cast<routing::Slot>(slot), static_cast<std::uint64_t>(i), std::to_string(i)),
        kStart + milliseconds(due));
  }
  std::map<std::pair<int, int>, std::vector<std::string>> by_due;  // due, slot
  for (const auto& [slot, members] : slots) {
    auto& names = by_due[{std::min_element(members.begin(), members.end())->first, slot}];
    for (const auto& [due, name] : members) names.push_back(name);
  }
  std::vector<std::string> expected;
  for (const auto& [key, names] : by_due) expected.insert(expected.end(), names.begin(), names.end());
  CHECK(take_all(pool, requests, milliseconds(1000)) == expected);
  CHECK(bytes_in_use(pool) == 0);
}

TEST_CASE("What is still parked at the end gives its memory back") {
  protocol::BlockPool pool;
  {
    ParkedRequests requests(pool);
    for (int i = 0; i < 20; ++i) {
      requests.park(parked(pool, static_cast<routing::Slot>(i / 2), 1, std::string(40'000, 'x')),
                    kStart + milliseconds(i / 2));
    }
    auto taken = requests.take_due(kStart);  // the other one of its slot is leaving
    REQUIRE(taken);
    taken->bytes.clear(pool);
    CHECK(bytes_in_use(pool) > 0);
  }
  CHECK(bytes_in_use(pool) == 0);
}
