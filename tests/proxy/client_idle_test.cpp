#include <catch2/catch.hpp>
#include <chrono>

#include "tests/proxy/local_stage.hpp"

using namespace slotway;
using namespace slotway::proxy;
using namespace std::chrono_literals;

TEST_CASE("A client is idle from its last byte on, not from its last request") {
  config::Config config;
  config.timeouts.client_idle = 1s;
  LocalStage stage(config);
  // A request that is long in coming.
  for (const char* part : {"*2\r\n", "$4\r\nEC", "HO\r\n$3\r\n", "ab"}) {
    CHECK(stage.exchange(part).empty());
    stage.pass(999ms);
    stage.tick();
    REQUIRE_FALSE(stage.closed());
  }
  CHECK(stage.exchange("c\r\n") == "$3\r\nabc\r\n");
  stage.pass(999ms);
  stage.tick();
  CHECK_FALSE(stage.closed());
  stage.pass(1ms);
  stage.tick();
  CHECK(stage.closed());
}
