#include "proxy/client/memory_guard.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "tests/proxy/local_stage.hpp"

namespace slotway::proxy {
namespace {

// A worker whose one client holds 100 KB of queued commands, more than all may; the other worker is counters
// only.
struct TwoWorkers {
  TwoWorkers() {
    stage.room().memory_limit = 64 * 1024;
    stage.exchange("MULTI\r\n");
    const std::string value(100'000, 'v');
    CHECK(stage.exchange("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000\r\n" + value + "\r\n") == "+QUEUED\r\n");
  }

  bool sheds_on_tick() {
    stage.turn([this] { guard.on_tick(); });
    return stage.closed();
  }

  LocalStage stage;
  WorkerCounters other;
  ProxyFacts facts{{}, {}, {}, {&stage.counters(), &other}};
  MemoryGuard guard{0, facts, stage.room(), stage.sessions()};
};

}  // namespace

TEST_CASE("a client is closed for all only when every worker has told what its largest client holds") {
  TwoWorkers two;
  REQUIRE_FALSE(two.sheds_on_tick());
  CHECK(two.stage.counters().largest_client.get() >= 100'000);
  two.other.memory_ticks.add();  // one that was under way, and had not seen that there is too much
  REQUIRE_FALSE(two.sheds_on_tick());
  two.other.memory_ticks.add();
  SECTION("another one's is larger") {
    two.other.largest_client.set(200'000);
    REQUIRE_FALSE(two.sheds_on_tick());
    REQUIRE_FALSE(two.sheds_on_tick());
    two.other.largest_client.set(0);
    CHECK(two.sheds_on_tick());
  }
  SECTION("ours is the largest") { CHECK(two.sheds_on_tick()); }
  CHECK(two.stage.counters().clients_shed.get() == 1);
}

TEST_CASE("a worker whose loop does not turn is not waited for for ever before a client is closed") {
  TwoWorkers two;
  for (int tick = 0; tick < 5; ++tick) REQUIRE_FALSE(two.sheds_on_tick());
  CHECK(two.sheds_on_tick());
}

TEST_CASE("what was told of an earlier shortage counts for nothing in the next") {
  TwoWorkers two;
  for (int tick = 0; tick < 3; ++tick) REQUIRE_FALSE(two.sheds_on_tick());
  two.stage.room().memory_limit = 1 << 20;
  REQUIRE_FALSE(two.sheds_on_tick());
  two.stage.room().memory_limit = 64 * 1024;
  for (int tick = 0; tick < 5; ++tick) REQUIRE_FALSE(two.sheds_on_tick());
  CHECK(two.sheds_on_tick());
}

}  // namespace slotway::proxy
