// client_max_age: who is closed because of it, and when.
#include <catch2/catch.hpp>
#include <chrono>
#include <set>

#include "tests/proxy/local_stage.hpp"

using namespace slotway;
using namespace slotway::proxy;
using namespace std::chrono_literals;

namespace {

config::Config aged(std::chrono::milliseconds age) {
  config::Config config;
  config.client.client_max_age = age;
  return config;
}

void tick(LocalStage& stage) {
  stage.turn([&] {
    stage.sessions().for_each([](Handle, ClientSession& session) {
      session.check_age();
      session.on_tick();
    });
  });
}

}  // namespace

TEST_CASE("A client is closed when it is as old as client_max_age, give or take a tenth, and counted") {
  LocalStage stage(aged(100s));
  stage.pass(90s - 1ms);
  tick(stage);
  REQUIRE_FALSE(stage.closed());
  CHECK(stage.exchange("PING\r\n") == "+PONG\r\n");
  stage.pass(20s + 1ms);
  tick(stage);
  CHECK(stage.closed());
  CHECK(stage.counters().clients_aged.get() == 1);
}

TEST_CASE("Clients that came together do not go together") {
  LocalStage stage(aged(1000s));
  std::vector<std::unique_ptr<SocketPair>> sockets;
  while (stage.sessions().size() < 200) {
    sockets.push_back(std::make_unique<SocketPair>());
    stage.add_client(sockets.back()->release_ours());
  }
  stage.pass(900s);
  std::size_t before = 200;
  for (int tenth = 0; tenth < 10; ++tenth) {
    stage.pass(20s);
    tick(stage);
    const std::size_t gone = before - stage.sessions().size();
    CAPTURE(tenth, gone);
    CHECK(gone >= 5);
    CHECK(gone <= 40);
    before -= gone;
  }
  CHECK(before == 0);
}

TEST_CASE("An old client that is active is closed behind its next reply") {
  LocalStage stage(aged(100s));
  stage.pass(200s);
  CHECK(stage.exchange("PING\r\n") == "+PONG\r\n");
  tick(stage);
  REQUIRE_FALSE(stage.closed());
  CHECK(stage.exchange("PING\r\nPING\r\n") == "+PONG\r\n+PONG\r\n");
  CHECK(stage.closed());
  CHECK(stage.counters().clients_aged.get() == 1);
}

TEST_CASE("An old client is not closed while it has something open") {
  LocalStage stage(aged(100s));
  CHECK(stage.exchange("MULTI\r\n") == "+OK\r\n");
  stage.pass(200s);
  tick(stage);
  REQUIRE_FALSE(stage.closed());
  CHECK(stage.exchange("DISCARD\r\n") == "+OK\r\n");
  CHECK(stage.closed());
}

TEST_CASE("Without client_max_age nobody is too old") {
  LocalStage stage(aged(0s));
  stage.pass(24h * 365);
  stage.tick();
  CHECK_FALSE(stage.closed());
  CHECK(stage.counters().clients_aged.get() == 0);
}
