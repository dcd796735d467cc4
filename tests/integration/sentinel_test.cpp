// A primary with replicas that sentinels watch, behind Slotway: found, followed when it fails over, and
// waited for.
#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <string>
#include <vector>

#include "tests/kit/checked_load.hpp"
#include "tests/kit/child_process.hpp"
#include "tests/kit/free_port.hpp"
#include "tests/kit/sentinel_group.hpp"
#include "tests/kit/slotway_process.hpp"
#include "tests/kit/temp_folder.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::integration {
namespace {

using kit::CheckedLoad;
using kit::LoadResult;
using kit::SentinelGroup;
using kit::SlotwayProcess;
using kit::TestClient;

constexpr std::chrono::seconds kRecovery(40);

// A sentinel closes all clients of a primary that it makes a replica: what was in flight there may have been
// executed. Reads are asked again.
void check(const LoadResult& result) {
  INFO(result.summary());
  CHECK(result.wrong == 0);
  CHECK(result.read_errors == 0);
  for (const auto& [text, times] : result.errors) {
    INFO(times << " x " << text);
    CHECK(text.find("whether it was executed is unknown") != std::string::npos);
  }
}

struct ProxiedGroup {
  SentinelGroup group;
  SlotwayProcess slotway;

  explicit ProxiedGroup(kit::SentinelGroupOptions options = {}, std::vector<std::string> arguments = {})
      : group(std::move(options)),
        slotway(SLOTWAY_BINARY, group.seeds(), group.slotway_arguments(std::move(arguments))) {}

  TestClient client() const { return slotway.client(std::chrono::seconds(40)); }
  std::string topology() const { return slotway.get("/topology").body; }
};

}  // namespace

TEST_CASE("the primary is found through any sentinel, and the replicas are known") {
  SentinelGroup group;
  const SlotwayProcess slotway(SLOTWAY_BINARY, "127.0.0.1:" + std::to_string(group.sentinel(1).port()),
                               group.slotway_arguments());
  TestClient client = slotway.client();
  CHECK(client.text({"SELECT", "3"}) == "+OK");
  CHECK(client.text({"MSET", "a", "1", "b", "2"}) == "+OK");
  CHECK(group.ask_server(0, {"DBSIZE"}).integer == 0);
  CHECK(client.text({"WAIT", "2", "5000"}) == ":2");
  const std::string topology = slotway.get("/topology").body;
  INFO(topology);
  for (std::size_t i = 0; i < group.server_count(); ++i)
    CHECK(topology.find(":" + std::to_string(group.server(i).port())) != std::string::npos);
}

TEST_CASE("a failover by the sentinels on request costs no client more than what was in flight") {
  ProxiedGroup proxied;
  CheckedLoad load({.port = proxied.slotway.port(), .may_lose_writes = true});
  load.wait_for(2000);
  for (int i = 0; i < 2; ++i) {
    proxied.group.failover();
    load.wait_for(2000, kRecovery);
    proxied.group.wait_until_in_sync();
  }
  INFO(proxied.slotway.output());
  check(load.stop());
}

TEST_CASE("a primary that is killed is replaced by the sentinels, and its clients wait") {
  ProxiedGroup proxied;
  CheckedLoad load({.port = proxied.slotway.port(), .may_lose_writes = true});
  load.wait_for(2000);
  proxied.group.server(0).kill();
  proxied.group.wait_for_primary_other_than(0);
  load.wait_for(5000, kRecovery);
  // It comes back, is made a replica, and nobody writes to it meanwhile.
  proxied.group.server(0).restart();
  proxied.group.wait_until_in_sync();
  load.wait_for(2000, kRecovery);
  INFO(proxied.slotway.output());
  check(load.stop());
  CHECK(proxied.slotway.get("/readyz").status == 200);
}

TEST_CASE("a primary that freezes is replaced by the sentinels, and its late replies reach nobody") {
  ProxiedGroup proxied;
  CheckedLoad load({.port = proxied.slotway.port(), .may_lose_writes = true});
  load.wait_for(2000);
  proxied.group.server(0).pause();
  proxied.group.wait_for_primary_other_than(0);
  load.wait_for(5000, kRecovery);
  proxied.group.server(0).resume();
  proxied.group.wait_until_in_sync();
  load.wait_for(2000, kRecovery);
  const LoadResult result = load.stop();
  INFO(result.summary());
  INFO(proxied.slotway.output());
  CHECK(result.wrong == 0);
}

TEST_CASE("with all sentinels but one lost, what there is goes on") {
  ProxiedGroup proxied;
  TestClient client = proxied.client();
  REQUIRE(client.text({"SET", "k", "v"}) == "+OK");
  proxied.group.sentinel(0).kill();
  proxied.group.sentinel(1).kill();
  for (int i = 0; i < 100; ++i) REQUIRE(client.text({"INCR", "n"}) == ":" + std::to_string(i + 1));
  // Another proxy that begins now knows it too.
  const SlotwayProcess late(SLOTWAY_BINARY, proxied.group.seeds(), proxied.group.slotway_arguments());
  CHECK(late.client().text({"GET", "k"}) == "\"v\"");
}

TEST_CASE("a sentinel that is lost while it is listened to is replaced by another") {
  ProxiedGroup proxied;
  TestClient client = proxied.client();
  REQUIRE(client.text({"SET", "k", "v"}) == "+OK");
  for (std::size_t i = 0; i < 2; ++i) {
    proxied.group.sentinel(i).restart();
    kit::wait_until("all sentinels are back", kRecovery, [&] { return proxied.group.primary_by(i) == 0; });
  }
  proxied.group.failover();
  CHECK(client.text({"SET", "k", "w"}) == "+OK");
}

TEST_CASE("passwords of the nodes and of the sentinels are two") {
  const kit::SentinelGroupOptions options{
      .replicas = 1, .sentinels = 3, .password = "node-pw", .sentinel_password = "watch-pw"};
  SentinelGroup group(options);
  const std::string yaml = "upstream: {password: node-pw, sentinel_password: watch-pw}\n";
  const SlotwayProcess slotway(SLOTWAY_BINARY, group.seeds(), group.slotway_arguments(), yaml);
  TestClient client = slotway.client(kRecovery);
  REQUIRE(client.text({"SET", "k", "v"}) == "+OK");
  group.failover();
  CHECK(client.text({"SET", "k", "w"}) == "+OK");
  CHECK(slotway.output().find("node-pw") == std::string::npos);
  CHECK(slotway.output().find("watch-pw") == std::string::npos);
}

TEST_CASE("why there is no primary is told in /readyz, and it comes when it can") {
  struct Case {
    std::string yaml;
    std::string expected;
  };
  const Case c =
      GENERATE(as<Case>{}, Case{"upstream: {master_name: other}\n", "it watches no master 'other'"},
               Case{"upstream: {sentinel_password: wrong}\n", "upstream.sentinel_password"},
               Case{"upstream: {password: wrong}\n", "upstream.password"});
  SentinelGroup group({.replicas = 0, .sentinels = 1});
  const std::uint16_t admin = kit::free_port();
  const kit::TempFolder folder;
  std::ofstream(folder.path() / "slotway.yaml") << c.yaml;
  kit::ChildProcess slotway(
      {SLOTWAY_BINARY, "--upstream", group.seeds(), "--upstream-mode", "sentinel", "--listen", "127.0.0.1:0",
       "--admin", "127.0.0.1:" + std::to_string(admin), "--config", folder.path() / "slotway.yaml"},
      folder.path() / "log");
  kit::wait_until("the reason is told", std::chrono::seconds(20), [&] {
    try {
      const auto reply = kit::http_get(admin, "/readyz");
      return reply.status == 503 && reply.body.find(c.expected) != std::string::npos;
    } catch (const kit::ClientError&) {
      return false;
    }
  });
  CHECK(slotway.running());
}

TEST_CASE("a client that asks a sentinel for the primary is sent to Slotway itself") {
  kit::RedisProcess redis;
  const std::string seed = "127.0.0.1:" + std::to_string(redis.port());
  const std::vector<std::string> standalone = {"--upstream-mode", "standalone"};
  const std::vector<std::string> with_view = {"--upstream-mode", "standalone", "--sentinel-view", "on"};
  const SlotwayProcess without(SLOTWAY_BINARY, seed, standalone);
  const SlotwayProcess with(SLOTWAY_BINARY, seed, with_view);
  CHECK(with.client().text({"SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster"}) ==
        "[\"127.0.0.1\", \"" + std::to_string(with.port()) + "\"]");
  CHECK(without.client().text({"SENTINEL", "MASTERS"}) == redis.client().text({"SENTINEL", "MASTERS"}));
}

}  // namespace slotway::integration
