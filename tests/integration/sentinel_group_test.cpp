// What is about the group of sentinels itself: shared by many upstreams, or with one in it that lies.
#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "tests/kit/checked_load.hpp"
#include "tests/kit/free_port.hpp"
#include "tests/kit/sentinel_group.hpp"
#include "tests/kit/slotway_process.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::integration {
namespace {

using kit::SentinelGroup;
using kit::SlotwayProcess;
using kit::TestClient;

constexpr std::chrono::seconds kLimit(40);

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size()))
    ++found;
  return found;
}

}  // namespace

TEST_CASE("upstreams that the same sentinels watch share a connection to each of them") {
  constexpr int kMasters = 30;
  SentinelGroup group({.replicas = 1});
  std::string yaml = "upstreams:\n";
  std::string listeners = "listeners:\n";
  std::vector<std::uint16_t> ports;
  for (int i = 0; i < kMasters; ++i) {
    const std::string name = "master-" + std::to_string(i);
    for (std::size_t s = 0; s < group.sentinel_count(); ++s) {
      REQUIRE(group
                  .ask_sentinel(s, {"SENTINEL", "MONITOR", name, "127.0.0.1",
                                    std::to_string(group.server(0).port()), "2"})
                  .text == "OK");
    }
    yaml += "  " + name + ": {mode: sentinel, seeds: [" + group.seeds() + "], master_name: " + name + "}\n";
    ports.push_back(kit::free_port());
    listeners += "  - {listen: 127.0.0.1:" + std::to_string(ports.back()) + ", upstream: " + name + "}\n";
  }
  const SlotwayProcess slotway(SLOTWAY_BINARY, group.seeds(), group.slotway_arguments(), yaml + listeners);
  for (int i = 0; i < kMasters; ++i) {
    TestClient client(ports[static_cast<std::size_t>(i)]);
    CHECK(client.text({"SET", "k" + std::to_string(i), "v"}) == "+OK");
  }
  // A sentinel that was slow may not yet have noticed that a connection has been given up for another.
  const std::size_t all = group.sentinel_count();
  std::string clients;
  INFO(clients);
  kit::wait_until("each sentinel has one connection, and one a subscription", kLimit, [&] {
    std::size_t questions = 0;
    clients.clear();
    for (std::size_t s = 0; s < all; ++s) {
      const std::string list = group.ask_sentinel(s, {"CLIENT", "LIST"}).text;
      questions += count(list, " cmd=sentinel|") == 1 ? 1 : 0;
      clients += list;
    }
    // Sentinels subscribe to servers, not to each other.
    return questions == all && count(clients, " cmd=subscribe ") == 1;
  });
}

TEST_CASE("a sentinel that lies is outvoted, at the start and during a failover") {
  SentinelGroup group;
  const kit::RedisProcess stranger;
  const kit::SentinelProcess liar(
      {"sentinel monitor mymaster 127.0.0.1 " + std::to_string(stranger.port()) + " 1"});
  const std::string seeds = "127.0.0.1:" + std::to_string(liar.port()) + "," + group.seeds();
  SlotwayProcess slotway(SLOTWAY_BINARY, seeds, group.slotway_arguments());
  INFO(slotway.output());
  kit::CheckedLoad load({.port = slotway.port(), .may_lose_writes = true});
  load.wait_for(200);
  const std::size_t primary = group.failover();
  kit::wait_until("the new primary is written to", kLimit, [&] {
    TestClient client = slotway.client();
    return client.text({"SET", "after", "v"}) == "+OK" &&
           group.ask_server(primary, {"GET", "after"}).text == "v";
  });
  const kit::LoadResult result = load.stop();
  INFO(result.summary());
  CHECK(result.wrong == 0);
  CHECK(result.read_errors == 0);
  CHECK(stranger.command({"DBSIZE"}).integer == 0);
}

}  // namespace slotway::integration
