// A single server that is known by a name, and where the name leads: real servers, and a proxy in this
// process, whose names the test decides.
#include <catch2/catch.hpp>
#include <chrono>
#include <string>

#include "tests/kit/fake_names.hpp"
#include "tests/kit/in_process_proxy.hpp"
#include "tests/kit/redis_process.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::integration {
namespace {

using kit::RedisProcess;
using kit::TestClient;

constexpr const char* kName = "server.test";
constexpr const char* kElsewhere = "127.0.1.1";

config::Config in_front_of_name(std::uint16_t port) {
  config::Config config;
  config.client.listen = {{.tcp = {"127.0.0.1", 0}, .path = {}}};
  config.upstream.mode = config::UpstreamMode::standalone;
  config.upstream.seeds = {{kName, port}};
  config.workers = 2;
  config.admin.reset();
  config.failover.hold = std::chrono::seconds(20);
  config.topology.refresh_interval = std::chrono::milliseconds(200);
  return config;
}

}  // namespace

TEST_CASE("a single server that comes back elsewhere is found by its name") {
  kit::FakeNames names;
  names.set(kName, {"127.0.0.1"});
  RedisProcess redis;
  const kit::InProcessProxy proxy(in_front_of_name(redis.port()));
  TestClient client = proxy.client();
  TestClient waiting = proxy.client();
  CHECK(client.text({"SET", "k", "v"}) == "+OK");
  CHECK(waiting.text({"SELECT", "3"}) == "+OK");
  CHECK(waiting.text({"SET", "k", "of 3"}) == "+OK");
  redis.shut_down();
  client.send({"GET", "k"});
  waiting.send({"GET", "k"});
  redis.restart_at(kElsewhere);
  names.set(kName, {kElsewhere});
  CHECK(kit::to_text(client.read()) == "\"v\"");
  CHECK(kit::to_text(waiting.read()) == "\"of 3\"");
}

// As names of managed servers do at a failover, while the old server goes on as a replica.
TEST_CASE("when a name is led to another server, the clients are led there too") {
  kit::FakeNames names;
  names.set(kName, {"127.0.0.1"});
  const RedisProcess old_server;
  const RedisProcess new_server({}, kElsewhere);
  const std::string port = std::to_string(old_server.port());
  REQUIRE(new_server.command({"CONFIG", "SET", "port", port}).text == "OK");
  TestClient at_new(old_server.port(), std::chrono::seconds(10), kElsewhere);
  const kit::InProcessProxy proxy(in_front_of_name(old_server.port()));
  TestClient client = proxy.client();
  CHECK(client.text({"SET", "k", "v"}) == "+OK");
  REQUIRE(at_new.text({"REPLICAOF", "127.0.0.1", port}) == "+OK");
  kit::wait_until("the replica has the key", std::chrono::seconds(20), [&] {
    return at_new.text({"GET", "k"}) == "\"v\"";
  });

  REQUIRE(at_new.text({"REPLICAOF", "NO", "ONE"}) == "+OK");
  SECTION("the old one refuses writes") {
    REQUIRE(old_server.command({"REPLICAOF", kElsewhere, port}).text == "OK");
    client.send({"SET", "k", "w"});
    names.set(kName, {kElsewhere});
    CHECK(kit::to_text(client.read()) == "+OK");
  }
  SECTION("the old one would still take them") {
    names.set(kName, {kElsewhere});
    kit::wait_until("writes are the new one's", std::chrono::seconds(20), [&] {
      CHECK(client.text({"SET", "k", "w"}) == "+OK");
      return at_new.text({"GET", "k"}) == "\"w\"";
    });
  }
  CHECK(at_new.text({"GET", "k"}) == "\"w\"");
}

}  // namespace slotway::integration
