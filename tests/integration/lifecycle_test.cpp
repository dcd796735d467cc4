// Starting, stopping, limits and passwords of the real program.
#include <catch2/catch.hpp>

#include <signal.h>

#include <array>
#include <fstream>
#include <memory>
#include <vector>

#include "tests/integration/proxied_cluster.hpp"
#include "tests/kit/checked_load.hpp"
#include "tests/kit/free_port.hpp"
#include "tests/kit/temp_folder.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::integration {
namespace {

using kit::CheckedLoad;
using kit::ClusterProcess;
using kit::LoadResult;
using kit::SlotwayProcess;
using kit::TestClient;

constexpr std::chrono::seconds kSoon(10);

bool refuses(std::uint16_t port) {
  try {
    return TestClient(port, std::chrono::seconds(1)).text({"PING"}) != "+PONG";
  } catch (const kit::ClientError&) {
    return true;
  }
}

}  // namespace

TEST_CASE("SIGTERM under load ends in time with code 0, and no reply is wrong") {
  ProxiedCluster proxied;
  CheckedLoad load({.port = proxied.port()});
  load.wait_for(2000);
  const std::optional<int> code = proxied.slotway.stop();
  const LoadResult result = load.stop();
  INFO(result.summary());
  INFO(proxied.slotway.output());
  REQUIRE(code.has_value());
  CHECK(*code == 0);
  CHECK(result.wrong == 0);
  for (const auto& [text, times] : result.errors) {
    INFO(times << " x " << text);
    CHECK(text.starts_with("connection: "));
  }
}

TEST_CASE("50 clients on 4 workers are 12 or 13 each, also after some have left") {
  ProxiedCluster proxied({"--workers", "4"});
  const auto open_on = [&](int worker) {
    return proxied.slotway.metric("slotway_clients{worker=\"" + std::to_string(worker) + "\"}");
  };
  const auto connect = [&](std::vector<std::unique_ptr<TestClient>>& clients, std::size_t count) {
    while (clients.size() < count) {
      clients.push_back(std::make_unique<TestClient>(proxied.port(), kSoon));
      REQUIRE(clients.back()->text({"PING"}) == "+PONG");
    }
  };
  std::vector<std::unique_ptr<TestClient>> clients;
  connect(clients, 50);
  for (int worker = 0; worker < 4; ++worker) {
    CHECK(open_on(worker) >= 12);
    CHECK(open_on(worker) <= 13);
  }

  // Those that leave are made up for where they were missing.
  clients.resize(20);
  kit::wait_until("the clients have left", kSoon,
                  [&] { return open_on(0) + open_on(1) + open_on(2) + open_on(3) == 20; });
  connect(clients, 50);
  for (int worker = 0; worker < 4; ++worker) {
    CHECK(open_on(worker) >= 12);
    CHECK(open_on(worker) <= 13);
  }
}

TEST_CASE("SIGTERM lets a request in flight finish, and takes no new client") {
  ProxiedCluster proxied({"--workers", "1"});
  TestClient client = proxied.client();
  REQUIRE(client.text({"SET", "a", "slow"}) == "+OK");
  const std::size_t primary = proxied.cluster.primary_of(proxied.cluster.slot_of("a"));
  proxied.cluster.node(primary).pause();
  client.send({"GET", "a"});
  kit::wait_until("the request is in flight", kSoon,
                  [&] { return proxied.slotway.metric("slotway_requests_in_flight") >= 1; });
  proxied.slotway.begin_stop();
  kit::wait_until("new clients are refused", kSoon, [&] { return refuses(proxied.port()); });
  CHECK(proxied.slotway.running());
  proxied.cluster.node(primary).resume();
  CHECK(client.read_until_closed() == "$4\r\nslow\r\n");
  const std::optional<int> code = proxied.slotway.wait(kSoon);
  INFO(proxied.slotway.output());
  REQUIRE(code.has_value());
  CHECK(*code == 0);
}

TEST_CASE("the drain is bounded: a node that never answers does not hold the exit") {
  ProxiedCluster proxied({"--workers", "1", "--timeouts-drain", "500ms", "--timeouts-request", "1m"});
  TestClient client = proxied.client();
  REQUIRE(client.text({"SET", "a", "1"}) == "+OK");
  const std::size_t primary = proxied.cluster.primary_of(proxied.cluster.slot_of("a"));
  proxied.cluster.node(primary).pause();
  client.send({"GET", "a"});
  kit::wait_until("the request is in flight", kSoon,
                  [&] { return proxied.slotway.metric("slotway_requests_in_flight") >= 1; });
  const std::optional<int> code = proxied.slotway.stop(kSoon);
  REQUIRE(code.has_value());
  CHECK(*code == 0);
}

TEST_CASE("two proxies restarted one after the other under load lose no reply") {
  constexpr unsigned kClients = 8;
  ClusterProcess cluster;
  std::array<SlotwayProcess, 2> proxies{SlotwayProcess(SLOTWAY_BINARY, cluster.seeds()),
                                        SlotwayProcess(SLOTWAY_BINARY, cluster.seeds())};
  CheckedLoad load({.port = proxies[0].port(), .other_port = proxies[1].port(), .clients = kClients});
  unsigned restarts = 0;
  for (; restarts < 4; ++restarts) {
    SlotwayProcess& proxy = proxies[restarts % 2];
    load.wait_for(2000);
    CHECK(proxy.stop() == 0);
    load.wait_for(2000);
    proxy.restart();
  }
  const LoadResult result = load.stop();
  INFO(result.summary());
  CHECK(result.wrong == 0);
  // Each client is closed once by each proxy that ends with it, and then finds that out.
  CHECK(result.error_count() <= restarts * kClients);
  for (const auto& [text, times] : result.errors) {
    INFO(times << " x " << text);
    CHECK(text.starts_with("connection: "));
  }
}

TEST_CASE("during drain.delay clients are served and accepted, and a second signal ends it") {
  ProxiedCluster proxied({"--workers", "1", "--drain-delay", "1h"});
  TestClient client = proxied.client();
  REQUIRE(client.text({"SET", "a", "1"}) == "+OK");
  proxied.slotway.begin_stop();
  kit::wait_until("/readyz says so", kSoon, [&] { return proxied.slotway.get("/readyz").status == 503; });
  CHECK(proxied.slotway.get("/readyz").body.find("\"reasons\":[\"draining\"]") != std::string::npos);
  CHECK(proxied.slotway.metric("slotway_draining") == 1);
  CHECK(client.text({"GET", "a"}) == "\"1\"");
  CHECK(proxied.client().text({"GET", "a"}) == "\"1\"");
  CHECK(proxied.slotway.running());
  CHECK(proxied.slotway.stop(kSoon) == 0);
}

TEST_CASE("POST /drain ends as SIGTERM does, which may follow it") {
  ProxiedCluster proxied({"--workers", "1"});
  TestClient client = proxied.client();
  REQUIRE(client.text({"SET", "a", "slow"}) == "+OK");
  const std::size_t primary = proxied.cluster.primary_of(proxied.cluster.slot_of("a"));
  proxied.cluster.node(primary).pause();
  client.send({"GET", "a"});
  kit::wait_until("the request is in flight", kSoon,
                  [&] { return proxied.slotway.metric("slotway_requests_in_flight") >= 1; });
  CHECK(proxied.slotway.post("/drain").status == 202);
  CHECK(proxied.slotway.get("/readyz").status == 503);
  CHECK(proxied.slotway.post("/drain").status == 202);
  proxied.slotway.begin_stop();
  kit::wait_until("new clients are refused", kSoon, [&] { return refuses(proxied.port()); });
  kit::wait_until("the signal has come", kSoon,
                  [&] { return proxied.slotway.output().find("signal 15: draining") != std::string::npos; });
  CHECK(proxied.slotway.running());
  proxied.cluster.node(primary).resume();
  CHECK(client.read_until_closed() == "$4\r\nslow\r\n");
  CHECK(proxied.slotway.wait(kSoon) == 0);
}

TEST_CASE("POST /drain without clients is answered before the end") {
  ProxiedCluster proxied({"--workers", "1"});
  CHECK(proxied.slotway.post("/drain").status == 202);
  CHECK(proxied.slotway.wait(kSoon) == 0);
}

TEST_CASE("one client too many is told so and closed, and fits when another has left") {
  ProxiedCluster proxied({"--workers", "2", "--limits-max-clients", "3"});
  std::vector<TestClient> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(proxied.client());
    CHECK(clients.back().text({"PING"}) == "+PONG");
  }
  CHECK(proxied.slotway.metric("slotway_client_connections_rejected_total") == 0);
  for (int i = 0; i < 5; ++i)
    CHECK(proxied.client().read_until_closed() == "-ERR max number of clients reached\r\n");
  CHECK(proxied.slotway.metric("slotway_client_connections_rejected_total") == 5);
  clients.pop_back();
  kit::wait_until("the place is free", kSoon, [&] { return !refuses(proxied.port()); });
  CHECK(clients.front().text({"PING"}) == "+PONG");
}

TEST_CASE("sessions are spread over the workers") {
  ProxiedCluster proxied({"--workers", "2"});
  std::vector<TestClient> clients;
  for (int i = 0; i < 40; ++i) {
    clients.push_back(proxied.client());
    REQUIRE(clients.back().text({"PING"}) == "+PONG");
  }
  CHECK(proxied.slotway.metric("slotway_clients{worker=\"0\"}") == 20);
  CHECK(proxied.slotway.metric("slotway_clients{worker=\"1\"}") == 20);
}

TEST_CASE("passwords of both sides are used, and told to nobody") {
  ClusterProcess cluster;
  for (std::size_t i = 0; i < ClusterProcess::kNodes; ++i) {
    TestClient node = cluster.node(i).client();
    REQUIRE(node.text({"CONFIG", "SET", "masterauth", "inner-word"}) == "+OK");
    REQUIRE(node.text({"CONFIG", "SET", "requirepass", "inner-word"}) == "+OK");
  }
  const SlotwayProcess slotway(SLOTWAY_BINARY, cluster.seeds(), {},
                               "upstream:\n  password: inner-word\nrequirepass: outer-word\n");
  TestClient client = slotway.client();
  CHECK(client.text({"GET", "a"}) == "-NOAUTH Authentication required.");
  CHECK(client.text({"AUTH", "wrong"}) == "-WRONGPASS invalid username-password pair or user is disabled.");
  CHECK(client.text({"GET", "a"}) == "-NOAUTH Authentication required.");
  // AUTH and what needs it in one packet.
  const std::vector<kit::Reply> replies =
      client.pipeline({{"AUTH", "outer-word"}, {"SET", "a", "1"}, {"MGET", "a", "b"}});
  CHECK(kit::to_text(replies[0]) == "+OK");
  CHECK(kit::to_text(replies[1]) == "+OK");
  CHECK(kit::to_text(replies[2]) == "[\"1\", nil]");
  for (const std::string& text :
       {slotway.output(), slotway.get("/metrics").body, slotway.get("/topology").body}) {
    CHECK(text.find("inner-word") == std::string::npos);
    CHECK(text.find("outer-word") == std::string::npos);
  }
}

TEST_CASE("the admin port tells of health, readiness, topology and traffic") {
  ProxiedCluster proxied;
  TestClient client = proxied.client();
  for (int i = 0; i < 10; ++i) REQUIRE(client.text({"SET", "m:" + std::to_string(i), "v"}) == "+OK");
  CHECK(proxied.slotway.get("/healthz").status == 200);
  CHECK(proxied.slotway.get("/nothing").status == 404);
  CHECK(proxied.slotway.metric("slotway_topology_slots_covered{upstream=\"default\"}") == 16384);
  CHECK(proxied.slotway.metric("slotway_requests_total{family=\"string\"}") == 10);
  const kit::HttpReply topology = proxied.slotway.get("/topology");
  CHECK(topology.status == 200);
  for (std::size_t i = 0; i < ClusterProcess::kNodes; ++i) {
    CHECK(topology.body.find(proxied.cluster.id(i)) != std::string::npos);
  }
}

TEST_CASE("bad flags and files end with code 2 and name every problem") {
  const kit::TempFolder folder;
  const std::string file = folder.path() / "slotway.yaml";
  std::ofstream(file) << "upstream:\n  seeds: [127.0.0.1:1]\nlimits:\n  max_clients: many\nworkerz: 2\n";
  const kit::CommandResult bad =
      kit::run_command({SLOTWAY_BINARY, "--config", file, "--check-config"}, kSoon);
  INFO(bad.output);
  CHECK(bad.exit_code == 2);
  CHECK(bad.output.find("limits.max_clients") != std::string::npos);
  CHECK(bad.output.find("workerz") != std::string::npos);
  CHECK(kit::run_command({SLOTWAY_BINARY, "--nosuch"}, kSoon).exit_code == 2);
  const kit::CommandResult version = kit::run_command({SLOTWAY_BINARY, "--version"}, kSoon);
  CHECK(version.exit_code == 0);
  CHECK(version.output.find("slotway") != std::string::npos);
  CHECK(kit::run_command({SLOTWAY_BINARY, "--help"}, kSoon).exit_code == 0);
}

TEST_CASE("a port that is taken ends the start with a message") {
  const kit::RedisProcess taken;
  const kit::CommandResult result =
      kit::run_command({SLOTWAY_BINARY, "--upstream", "127.0.0.1:" + std::to_string(taken.port()), "--listen",
                        "127.0.0.1:" + std::to_string(taken.port()), "--admin", "off"},
                       kSoon);
  INFO(result.output);
  CHECK(result.exit_code != 0);
  CHECK(result.output.find(std::to_string(taken.port())) != std::string::npos);
}

TEST_CASE("Slotway waits for a cluster that is not there yet") {
  const std::uint16_t port = kit::free_port();
  const std::uint16_t admin = kit::free_port();
  const std::uint16_t nothing = kit::free_port();
  const kit::TempFolder folder;
  kit::ChildProcess process(
      {SLOTWAY_BINARY, "--upstream", "127.0.0.1:" + std::to_string(nothing), "--listen",
       "127.0.0.1:" + std::to_string(port), "--admin", "127.0.0.1:" + std::to_string(admin)},
      folder.path() / "log");
  kit::wait_until("the admin port answers", kSoon, [&] {
    try {
      return kit::http_get(admin, "/readyz").status == 503;
    } catch (const kit::ClientError&) {
      return false;
    }
  });
  CHECK(process.running());
  process.signal(SIGTERM);
  CHECK(process.wait(kSoon) == 0);
}

}  // namespace slotway::integration
