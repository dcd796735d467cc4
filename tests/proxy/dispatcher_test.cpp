#include "proxy/dispatch/dispatcher.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "tests/proxy/local_stage.hpp"

using namespace slotway;
using namespace slotway::proxy;
using namespace std::chrono_literals;

namespace {

// No TCP connection leads to a broadcast address: connect(2) refuses it at once.
constexpr const char* kNowhere = "255.255.255.255";

std::shared_ptr<const routing::Topology> map_to(const std::string& host, std::uint16_t port,
                                                routing::Slot first_of_other = routing::kSlotCount) {
  auto topology = std::make_shared<routing::Topology>();
  const auto node = topology->add_node({.id = {}, .endpoint = {host, port}});
  topology->assign(0, routing::kSlotCount - 1, node);
  if (first_of_other < routing::kSlotCount) {
    const auto other = topology->add_node({.id = {}, .endpoint = {host, 9}});
    topology->assign(first_of_other, routing::kSlotCount - 1, other);
  }
  return topology;
}

}  // namespace

TEST_CASE(
    "What waits for an unreachable node is due at once when its slot gets another owner, and only then") {
  LocalStage stage;
  Dispatcher& dispatcher = stage.dispatcher();
  dispatcher.set_topology(map_to(kNowhere, 1));
  CHECK(stage.exchange("*2\r\n$3\r\nGET\r\n$1\r\na\r\n").empty());
  const auto retry = dispatcher.next_due();
  REQUIRE(retry);
  REQUIRE(*retry > stage.now());

  dispatcher.set_topology(map_to(kNowhere, 1));
  CHECK(dispatcher.next_due() == retry);
  const routing::Slot slot = routing::slot_of("a");
  dispatcher.set_topology(map_to(kNowhere, 1, static_cast<routing::Slot>(slot + 1)));
  CHECK(dispatcher.next_due() == retry);
  dispatcher.set_topology(map_to(kNowhere, 1, slot));
  CHECK(dispatcher.next_due() == stage.now());
}

TEST_CASE("The map's version changes with the owner of a slot, and with nothing else") {
  config::Config config;
  boost::asio::io_context io;
  Loop loop(config);
  UpstreamPool pool(io, loop, loop.config);
  std::uint64_t before = pool.map_version();
  const auto changes = [&] { return std::exchange(before, pool.map_version()) != pool.map_version(); };

  CHECK_FALSE(pool.move_slot(5, {"10.0.0.1", 7}));  // there is no map yet
  CHECK_FALSE(changes());
  CHECK_FALSE(pool.is_covered(5));
  CHECK_FALSE(pool.is_covered(routing::kAnySlot));
  pool.set_topology(map_to("10.0.0.1", 7));
  CHECK(changes());
  CHECK(pool.is_covered(5));
  CHECK(pool.is_covered(routing::kAnySlot));

  pool.set_topology(map_to("10.0.0.1", 7));
  CHECK_FALSE(changes());
  auto with_replica = std::make_shared<routing::Topology>(*map_to("10.0.0.1", 7));
  with_replica->set_epoch(9);
  with_replica->add_node({.id = "r", .endpoint = {"10.0.0.2", 7}, .role = routing::NodeRole::replica});
  pool.set_topology(with_replica);
  CHECK_FALSE(changes());
  CHECK_FALSE(pool.move_slot(5, {"10.0.0.1", 7}));
  CHECK_FALSE(changes());

  CHECK(pool.move_slot(5, {"10.0.0.2", 7}));
  CHECK(changes());
  pool.set_topology(with_replica);
  CHECK(changes());
}
