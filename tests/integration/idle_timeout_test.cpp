// Nodes that close connections on which nothing is said for a while (`timeout`): no client is told.
#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/integration/proxied_cluster.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::integration {
namespace {

// Connections of others than the one that asks, replicas and the bus apart.
std::size_t clients_of(kit::RedisProcess& node) {
  const std::string list = node.command({"CLIENT", "LIST", "TYPE", "NORMAL"}).text;
  return static_cast<std::size_t>(std::count(list.begin(), list.end(), '\n')) - 1;
}

}  // namespace

TEST_CASE("connections that a node closes for being idle are made anew, without a word to clients") {
  ProxiedCluster proxied({"--workers", "1", "--timeouts-upstream-idle-ping", "0"});
  kit::TestClient client = proxied.client();
  std::vector<std::string> keys;
  for (int i = 0; i < 100; ++i) keys.push_back("idle:" + std::to_string(i));
  kit::Args mset{"MSET"};
  for (const std::string& key : keys) mset.insert(mset.end(), {key, "1"});
  for (int round = 0; round < 2; ++round) {
    REQUIRE(client.text(mset) == "+OK");
    REQUIRE(client.text({"BLPOP", "idle:none", "0.01"}) == "nil");
    for (std::size_t i = 0; i < kit::ClusterProcess::kPrimaries; ++i) {
      CHECK(clients_of(proxied.cluster.node(i)) > 0);
      REQUIRE(proxied.cluster.node(i).command({"CONFIG", "SET", "timeout", "1"}).text == "OK");
      kit::wait_until("the node has closed them", std::chrono::seconds(30),
                      [&] { return clients_of(proxied.cluster.node(i)) == 0; });
      REQUIRE(proxied.cluster.node(i).command({"CONFIG", "SET", "timeout", "0"}).text == "OK");
    }
    // Writes, of which an error would say that their outcome is unknown, if a connection were lost under
    // them.
    for (const std::string& key : keys) CHECK(client.text({"INCR", key}) == ":2");
    CHECK(client.text({"BLPOP", "idle:none", "0.01"}) == "nil");
  }
}

}  // namespace slotway::integration
