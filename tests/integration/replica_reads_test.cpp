// Reads that replicas serve: they go where the policy says, avoid replicas that are of no use, and never cost
// an error.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/integration/proxied_cluster.hpp"
#include "tests/kit/free_port.hpp"
#include "tests/kit/sentinel_group.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::integration {
namespace {

using kit::ClusterProcess;
using kit::SentinelGroup;
using kit::SlotwayProcess;
using kit::TestClient;

constexpr std::chrono::seconds kLimit(30);

// How often a server has run the command.
long long calls(const kit::Reply& info, const std::string& command) {
  const std::size_t at = info.text.find("cmdstat_" + command + ":calls=");
  return at == std::string::npos ? 0 : std::atoll(info.text.c_str() + at + command.size() + 15);
}

long long gets(const kit::RedisProcess& node) { return calls(node.command({"INFO", "commandstats"}), "get"); }

struct Group {
  SentinelGroup group;
  SlotwayProcess slotway;

  explicit Group(const std::vector<std::string>& arguments)
      : slotway(SLOTWAY_BINARY, group.seeds(), group.slotway_arguments(arguments)) {}
  TestClient client() const { return slotway.client(std::chrono::seconds(20)); }
  std::vector<long long> gets_by_server() {
    std::vector<long long> out;
    for (std::size_t i = 0; i < group.server_count(); ++i) out.push_back(gets(group.server(i)));
    return out;
  }
  // Until Slotway's facts of the replicas have come, one client's read at a time is served by a replica.
  void wait_until_replicas_serve() {
    TestClient asking = client();
    kit::wait_until("a replica serves a read", kLimit, [&] {
      const double before = slotway.metric("slotway_replica_reads_total");
      asking.text({"GET", "nothing"});
      return slotway.metric("slotway_replica_reads_total") > before;
    });
  }
};

// Node 3 is here, the others are there; false if servers have no zones.
bool announce_zones(ClusterProcess& cluster) {
  for (std::size_t i = 0; i < ClusterProcess::kNodes; ++i) {
    const char* zone = i == 3 ? "here" : "there";
    if (cluster.node(i).command({"CONFIG", "SET", "availability-zone", zone}).is_error()) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("a listener's policy stands in the place of its upstream's") {
  SentinelGroup group;
  const std::uint16_t by_replicas = kit::free_port();
  const std::uint16_t by_primary = kit::free_port();
  const std::string yaml =
      "listeners:\n  - {listen: 127.0.0.1:" + std::to_string(by_replicas) +
      ", upstream: default, read_from: replica}\n  - {listen: 127.0.0.1:" + std::to_string(by_primary) +
      ", upstream: default, read_from: primary}\n";
  SlotwayProcess slotway(SLOTWAY_BINARY, group.seeds(),
                         group.slotway_arguments({"--upstream-read-from", "any"}), yaml);
  TestClient any = slotway.client();
  TestClient replicas(by_replicas);
  TestClient primary(by_primary);
  REQUIRE(any.text({"SET", "k", "v"}) == "+OK");
  REQUIRE(any.text({"WAIT", "2", "10000"}) == ":2");
  kit::wait_until("replicas serve reads", kLimit, [&] {
    any.text({"GET", "nothing"});
    return slotway.metric("slotway_replica_reads_total") > 0;
  });
  const auto served = [&](TestClient& client) {
    std::vector<long long> before;
    std::vector<bool> out;
    for (std::size_t i = 0; i < group.server_count(); ++i) before.push_back(gets(group.server(i)));
    for (int i = 0; i < 60; ++i) CHECK(client.text({"GET", "k"}) == "\"v\"");
    for (std::size_t i = 0; i < group.server_count(); ++i) out.push_back(gets(group.server(i)) > before[i]);
    return out;
  };
  CHECK(served(any) == std::vector<bool>{true, true, true});
  CHECK(served(replicas) == std::vector<bool>{false, true, true});
  CHECK(served(primary) == std::vector<bool>{true, false, false});
}

TEST_CASE("reads go where the policy says") {
  struct Case {
    std::string policy;
    std::vector<bool> serves;  // the primary, and the two replicas
  };
  const Case c =
      GENERATE(as<Case>{}, Case{"primary", {true, false, false}}, Case{"prefer_replica", {false, true, true}},
               Case{"replica", {false, true, true}}, Case{"any", {true, true, true}});
  INFO(c.policy);
  Group proxied({"--upstream-read-from", c.policy});
  TestClient client = proxied.client();
  REQUIRE(client.text({"SET", "k", "v"}) == "+OK");
  REQUIRE(client.text({"WAIT", "2", "10000"}) == ":2");
  if (c.policy != "primary") proxied.wait_until_replicas_serve();
  const std::vector<long long> before = proxied.gets_by_server();
  for (int i = 0; i < 300; ++i) REQUIRE(client.text({"GET", "k"}) == "\"v\"");
  const std::vector<long long> after = proxied.gets_by_server();
  for (std::size_t i = 0; i < 3; ++i) {
    INFO("server " << i << ": " << after[i] - before[i] << " reads");
    CHECK((after[i] - before[i] > 0) == c.serves[i]);
  }
  // What writes, or may, goes to the primary all the same.
  CHECK(client.text({"INCR", "n"}) == ":1");
  CHECK(client.text({"GETSET", "k", "w"}) == "\"v\"");
  CHECK(client.text({"EVAL", "return redis.call('SET',KEYS[1],1)", "1", "e"}) == "+OK");
}

TEST_CASE("reads go to the nodes of this zone, and to others while it has none that is usable") {
  ClusterProcess cluster({}, "127.0.1");
  // One replica is near, of the other shards no node is. Nodes say so themselves, or rules do.
  const bool is_announced = GENERATE(false, true);
  const std::string near = cluster.node(3).address();
  std::vector<std::string> arguments = {"--upstream-read-from", "nearest", "--upstream-zone", "here"};
  if (!is_announced) {
    arguments.insert(arguments.end(), {"--upstream-zones", near + "=here,127.0.0.0/8=there"});
  } else if (!announce_zones(cluster)) {
    WARN("skipped: these servers know no availability-zone; TEST_REDIS_SERVER may name a Valkey 8");
    return;
  }
  SlotwayProcess slotway(SLOTWAY_BINARY, cluster.seeds(), arguments);
  TestClient client = slotway.client(std::chrono::seconds(20));
  std::string key = "k0";
  for (int i = 1; cluster.replica_of(cluster.primary_of(cluster.slot_of(key))) != 3; ++i)
    key = "k" + std::to_string(i);
  REQUIRE(client.text({"SET", key, "v"}) == "+OK");
  REQUIRE(client.text({"WAIT", "1", "10000"}) == ":1");
  const auto served_near = [&](int reads) {
    const long long before = gets(cluster.node(3));
    for (int i = 0; i < reads; ++i) CHECK(client.text({"GET", key}) == "\"v\"");
    return gets(cluster.node(3)) - before;
  };
  kit::wait_until("the replica of this zone serves", kLimit, [&] { return served_near(20) == 20; });
  cluster.node(3).kill();
  for (int i = 0; i < 100; ++i) CHECK(client.text({"GET", key}) == "\"v\"");
  cluster.node(3).restart();
  if (is_announced) REQUIRE(announce_zones(cluster));
  kit::wait_until("it serves again", kLimit, [&] { return served_near(20) == 20; });
}

TEST_CASE("a cluster's replicas serve reads of their slots, split ones too") {
  ProxiedCluster proxied({"--workers", "2", "--upstream-read-from", "prefer_replica"});
  TestClient client = proxied.client();
  REQUIRE(client.text({"MSET", "a", "1", "b", "2", "c", "3"}) == "+OK");
  REQUIRE(client.text({"WAIT", "1", "10000"}) == ":1");
  kit::wait_until("replicas serve", kLimit, [&] {
    const double before = proxied.slotway.metric("slotway_replica_reads_total");
    client.text({"MGET", "a", "b", "c"});
    return proxied.slotway.metric("slotway_replica_reads_total") == before + 3;
  });
  CHECK(client.text({"MGET", "a", "b", "c"}) == "[\"1\", \"2\", \"3\"]");
  for (int i = 0; i < 100; ++i) REQUIRE(client.text({"GET", "a"}) == "\"1\"");
  CHECK(proxied.redirects("moved") == 0);

  SECTION("a replica that is killed costs no read") {
    for (std::size_t i = 3; i < ClusterProcess::kNodes; ++i) proxied.cluster.node(i).kill();
    for (int i = 0; i < 100; ++i) REQUIRE(client.text({"MGET", "a", "b", "c"}) == "[\"1\", \"2\", \"3\"]");
  }
  SECTION("one that is promoted, and back") {
    proxied.cluster.failover(3);
    for (int i = 0; i < 100; ++i) REQUIRE(client.text({"MGET", "a", "b", "c"}) == "[\"1\", \"2\", \"3\"]");
    proxied.cluster.wait_until_in_sync();
    proxied.cluster.failover(0);
    for (int i = 0; i < 100; ++i) REQUIRE(client.text({"MGET", "a", "b", "c"}) == "[\"1\", \"2\", \"3\"]");
  }
  SECTION("one that freezes: the primary serves what it does not answer") {
    proxied.cluster.node(3).pause();
    proxied.cluster.node(4).pause();
    proxied.cluster.node(5).pause();
    for (int i = 0; i < 3; ++i) REQUIRE(client.text({"MGET", "a", "b", "c"}) == "[\"1\", \"2\", \"3\"]");
    for (std::size_t i = 3; i < ClusterProcess::kNodes; ++i) proxied.cluster.node(i).resume();
  }
}

TEST_CASE("a replica that is loading, or has lost its primary, is left alone") {
  Group proxied({"--upstream-read-from", "prefer_replica"});
  TestClient client = proxied.client();
  REQUIRE(client.text({"SET", "k", "v"}) == "+OK");
  REQUIRE(client.text({"WAIT", "2", "10000"}) == ":2");
  proxied.wait_until_replicas_serve();
  // With this it refuses reads while it has no link (MASTERDOWN), and its primary does not name it any more.
  proxied.group.ask_server(1, {"CONFIG", "SET", "replica-serve-stale-data", "no"});
  proxied.group.ask_server(1, {"REPLICAOF", "127.0.0.1", "1"});
  for (int i = 0; i < 300; ++i) REQUIRE(client.text({"GET", "k"}) == "\"v\"");
  kit::wait_until("it is not asked any more", kLimit, [&] {
    const double retries = proxied.slotway.metric("slotway_replica_retries_total");
    for (int i = 0; i < 50; ++i) client.text({"GET", "k"});
    return proxied.slotway.metric("slotway_replica_retries_total") == retries;
  });
}

TEST_CASE("a replica that lags is left alone until it has caught up") {
  Group proxied({"--upstream-read-from", "prefer_replica", "--upstream-max-replica-lag", "2s"});
  TestClient client = proxied.client();
  REQUIRE(client.text({"SET", "k", "v"}) == "+OK");
  REQUIRE(client.text({"WAIT", "2", "10000"}) == ":2");
  proxied.wait_until_replicas_serve();
  proxied.group.server(1).pause();
  kit::wait_until("nobody waits for it", kLimit, [&] {
    const double retries = proxied.slotway.metric("slotway_replica_retries_total");
    for (int i = 0; i < 20; ++i) client.text({"GET", "k"});
    return proxied.slotway.metric("slotway_replica_retries_total") == retries;
  });
  proxied.group.server(1).resume();
  const long long before = gets(proxied.group.server(1));
  kit::wait_until("it serves again", kLimit, [&] {
    client.text({"GET", "k"});
    return gets(proxied.group.server(1)) > before;
  });
}

TEST_CASE("a client reads what it has written, whoever serves its reads") {
  Group proxied({"--upstream-read-from", "prefer_replica", "--upstream-read-your-writes", "on"});
  proxied.wait_until_replicas_serve();
  TestClient client = proxied.client();
  // One replica is behind, and says so to its primary only when it goes on.
  proxied.group.server(1).pause();
  for (int i = 0; i < 2000; ++i) {
    const std::string value = std::to_string(i);
    const auto replies = client.pipeline({{"SET", "k", value}, {"GET", "k"}});
    REQUIRE(to_text(replies[1]) == "\"" + value + "\"");
    REQUIRE(client.text({"GET", "k"}) == "\"" + value + "\"");
  }
  proxied.group.server(1).resume();
  // Then it is served by a replica again.
  kit::wait_until("a replica serves what was written", kLimit, [&] {
    const double before = proxied.slotway.metric("slotway_replica_reads_total");
    REQUIRE(client.text({"GET", "k"}) == "\"1999\"");
    return proxied.slotway.metric("slotway_replica_reads_total") > before;
  });
}

TEST_CASE("what a frozen replica was asked another node answers, and its late replies reach nobody") {
  Group proxied({"--upstream-read-from", "prefer_replica", "--upstream-hedged-reads", "on",
                 "--upstream-hedge-budget", "100"});
  TestClient client = proxied.client();
  for (int i = 0; i < 10; ++i) {
    const std::string number = std::to_string(i);
    REQUIRE(client.text({"SET", "k" + number, number}) == "+OK");
  }
  REQUIRE(client.text({"WAIT", "2", "10000"}) == ":2");
  proxied.wait_until_replicas_serve();
  int reads = 0;
  const auto read = [&] {
    const std::string number = std::to_string(reads++ % 10);
    REQUIRE(client.text({"GET", "k" + number}) == "\"" + number + "\"");
  };
  // Enough is known of the replicas' latencies.
  while (reads < 500) read();
  proxied.group.server(1).pause();
  const auto won = [&] { return proxied.slotway.metric("slotway_hedged_reads_won_total"); };
  kit::wait_until("a read is answered in its place", kLimit, [&] {
    read();
    return won() > 0;
  });
  proxied.group.server(1).resume();
  const long long before = gets(proxied.group.server(1));
  kit::wait_until("it serves again", kLimit, [&] {
    read();
    return gets(proxied.group.server(1)) > before + 10;
  });
}

TEST_CASE("who watches, or tracks, reads from the primary") {
  Group proxied({"--upstream-read-from", "replica"});
  proxied.wait_until_replicas_serve();
  TestClient client = proxied.client();
  const auto replica_reads = [&] { return proxied.slotway.metric("slotway_replica_reads_total"); };
  REQUIRE(client.text({"WATCH", "k"}) == "+OK");
  const double before = replica_reads();
  CHECK(client.text({"GET", "k"}) == "nil");
  CHECK(replica_reads() == before);
  CHECK(client.text({"UNWATCH"}) == "+OK");
  CHECK(client.text({"GET", "k"}) == "nil");
  CHECK(replica_reads() == before + 1);
}

}  // namespace slotway::integration
