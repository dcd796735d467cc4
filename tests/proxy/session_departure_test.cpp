// When a client that is to leave is closed: never with something of it open.
#include <catch2/catch.hpp>
#include <chrono>

#include "tests/proxy/local_stage.hpp"

using namespace slotway;
using namespace slotway::proxy;
using namespace std::chrono_literals;

namespace {

constexpr auto kQuiet = 50ms;

void leave(LocalStage& stage) {
  stage.turn([&] { stage.session().leave(); });
}
void drain(LocalStage& stage) {
  stage.turn([&] { stage.session().drain(); });
}

}  // namespace

TEST_CASE("A quiet client leaves at once, one that was active when it has been quiet for a moment") {
  LocalStage stage;
  SECTION("quiet") {
    stage.pass(kQuiet);
    leave(stage);
    CHECK(stage.closed());
  }
  SECTION("active") {
    CHECK(stage.exchange("PING\r\n") == "+PONG\r\n");
    stage.pass(kQuiet - 1ms);
    leave(stage);
    REQUIRE_FALSE(stage.closed());
    stage.tick();
    REQUIRE_FALSE(stage.closed());
    stage.pass(1ms);
    stage.tick();
    CHECK(stage.closed());
  }
  SECTION("active again") {
    leave(stage);
    CHECK(stage.exchange("PING\r\n") == "+PONG\r\n");
    CHECK(stage.closed());
  }
}

TEST_CASE("A client that is to leave ends what it has begun") {
  const auto [first, reply, last, last_reply] =
      GENERATE(table<std::string, std::string, std::string, std::string>({
          {"*2\r\n$4\r\nECHO\r\n$2\r\na", "", "b\r\n", "$2\r\nab\r\n"},
          {"MULTI\r\n", "+OK\r\n", "DISCARD\r\n", "+OK\r\n"},
          {"MULTI\r\n", "+OK\r\n", "EXEC\r\n", "*0\r\n"},
      }));
  CAPTURE(first);
  const bool soon = GENERATE(true, false);
  LocalStage stage;
  CHECK(stage.exchange(first) == reply);
  stage.pass(kQuiet);
  if (soon) {
    drain(stage);
  } else {
    leave(stage);
  }
  stage.tick();
  REQUIRE_FALSE(stage.closed());
  CHECK(stage.exchange(last) == last_reply);
  CHECK(stage.closed());
}

TEST_CASE("A client whose next request has come already is not closed before that") {
  LocalStage stage;
  stage.pass(kQuiet);
  REQUIRE(stage.sockets().peer_sends("PI"));
  leave(stage);
  REQUIRE_FALSE(stage.closed());
  CHECK(stage.exchange("NG\r\n") == "+PONG\r\n");
  CHECK(stage.closed());
}

TEST_CASE("From a client that is drained no further request is taken, and it is closed without a reset") {
  LocalStage stage;
  REQUIRE(stage.sockets().peer_sends("PING\r\n"));
  drain(stage);
  CHECK(stage.closed());
  CHECK(stage.sockets().peer_receives().empty());
}

TEST_CASE("A client that leaves is served to the end of what came in one read") {
  LocalStage stage;
  leave(stage);
  CHECK(stage.exchange("PING\r\nECHO a\r\nPING\r\n") == "+PONG\r\n$1\r\na\r\n+PONG\r\n");
  CHECK(stage.closed());
}
