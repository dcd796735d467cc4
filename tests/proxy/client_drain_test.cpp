// How the clients of a worker are let go: a few quickly, many spread over half of the time.
#include "proxy/client/client_drain.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <vector>

#include "tests/proxy/local_stage.hpp"

using namespace slotway;
using namespace slotway::proxy;
using namespace std::chrono_literals;

namespace {

// A worker with so many clients, all of them idle.
struct Crowd {
  LocalStage stage;
  std::vector<std::unique_ptr<SocketPair>> sockets;
  ClientDrain drain{stage.sessions()};

  explicit Crowd(std::size_t clients) {
    while (stage.sessions().size() < clients) {
      sockets.push_back(std::make_unique<SocketPair>());
      stage.add_client(sockets.back()->release_ours());
    }
    stage.pass(1s);
  }
  std::size_t clients() { return stage.sessions().size(); }
  // Those that are left after a step at that time.
  std::size_t left_after(Clock::duration more) {
    stage.pass(more);
    stage.turn([&] { drain.step(stage.now()); });
    return clients();
  }
};

}  // namespace

TEST_CASE("A few clients are let go one by one, 10 ms apart") {
  Crowd crowd(10);
  crowd.drain.begin(crowd.stage.now(), 60s);
  CHECK(crowd.left_after(0ms) == 9);
  CHECK(crowd.left_after(9ms) == 9);
  CHECK(crowd.left_after(1ms) == 8);
  CHECK(crowd.left_after(30ms) == 5);
  CHECK(crowd.left_after(100ms) == 0);
}

TEST_CASE("Many clients are let go evenly in the first half of the time") {
  Crowd crowd(100);
  crowd.drain.begin(crowd.stage.now(), 400ms);
  CHECK(crowd.left_after(0ms) == 99);
  CHECK(crowd.left_after(100ms) == 49);
  CHECK(crowd.left_after(99ms) == 0);
}

TEST_CASE("In the second half all go that have nothing open, and there are no more steps") {
  Crowd crowd(2);
  CHECK(crowd.stage.exchange("MULTI\r\n") == "+OK\r\n");
  crowd.drain.begin(crowd.stage.now(), 200ms);
  CHECK(crowd.left_after(99ms) == 1);
  crowd.stage.pass(1ms);
  bool goes_on = true;
  crowd.stage.turn([&] { goes_on = crowd.drain.step(crowd.stage.now()); });
  CHECK_FALSE(goes_on);
  CHECK(crowd.clients() == 1);
  CHECK(crowd.stage.exchange("DISCARD\r\n") == "+OK\r\n");
  CHECK(crowd.clients() == 0);
}

TEST_CASE("Without any time all are drained at once") {
  Crowd crowd(20);
  crowd.drain.begin(crowd.stage.now(), 0ms);
  CHECK(crowd.left_after(0ms) == 0);
}
