// Nodes that change roles, die, freeze and come back under load: no wrong reply ever, errors only where
// nothing better can be said, and traffic that resumes by itself.
#include <catch2/catch.hpp>

#include "tests/integration/proxied_cluster.hpp"
#include "tests/kit/checked_load.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::integration {
namespace {

using kit::CheckedLoad;
using kit::ClusterProcess;
using kit::LoadResult;
using kit::TestClient;

constexpr std::chrono::seconds kRecovery(40);

// Errors that a client may see when a node is lost: Slotway's own, none of the cluster's redirects, no lost
// connection.
void check_errors_are_clear(const LoadResult& result) {
  for (const auto& [text, times] : result.errors) {
    INFO(times << " x " << text);
    CHECK(text.find(" Slotway: ") != std::string::npos);
  }
}

void check(const LoadResult& result) {
  INFO(result.summary());
  CHECK(result.wrong == 0);
  check_errors_are_clear(result);
}

}  // namespace

TEST_CASE("a failover on request costs no client a reply") {
  ProxiedCluster proxied;
  CheckedLoad load({.port = proxied.port()});
  load.wait_for(2000);
  for (std::size_t primary = 0; primary < ClusterProcess::kPrimaries; ++primary) {
    proxied.cluster.failover(primary + ClusterProcess::kPrimaries);
    load.wait_for(2000);
  }
  const LoadResult result = load.stop();
  INFO(result.summary());
  CHECK(result.wrong == 0);
  CHECK(result.error_count() == 0);
}

TEST_CASE("a primary that is killed is replaced, and traffic resumes") {
  ProxiedCluster proxied;
  CheckedLoad load({.port = proxied.port(), .may_lose_writes = true});
  load.wait_for(2000);
  proxied.cluster.node(0).kill();
  proxied.cluster.wait_until_primary(3, kRecovery);
  load.wait_for(5000, kRecovery);
  // It comes back as a replica, and takes over again.
  proxied.cluster.node(0).restart();
  proxied.cluster.wait_until_ok(kRecovery);
  proxied.cluster.wait_until_in_sync(kRecovery);
  proxied.cluster.failover(0);
  load.wait_for(5000, kRecovery);
  check(load.stop());
  CHECK(proxied.slotway.get("/readyz").status == 200);
}

TEST_CASE("a primary that freezes is replaced, and its late replies reach nobody") {
  ProxiedCluster proxied;
  CheckedLoad load({.port = proxied.port(), .may_lose_writes = true});
  load.wait_for(2000);
  proxied.cluster.node(1).pause();
  proxied.cluster.wait_until_primary(4, kRecovery);
  load.wait_for(2000, kRecovery);
  proxied.cluster.node(1).resume();
  proxied.cluster.wait_until_ok(kRecovery);
  load.wait_for(5000, kRecovery);
  check(load.stop());
}

TEST_CASE("a replica that is restarted is not noticed") {
  ProxiedCluster proxied;
  CheckedLoad load({.port = proxied.port()});
  load.wait_for(2000);
  proxied.cluster.node(4).restart();
  proxied.cluster.wait_until_ok(kRecovery);
  load.wait_for(2000);
  const LoadResult result = load.stop();
  INFO(result.summary());
  CHECK(result.wrong == 0);
  CHECK(result.error_count() == 0);
}

TEST_CASE("a shard that is gone answers with an error in time, the others go on") {
  ProxiedCluster proxied({"--workers", "1", "--timeouts-request", "1s", "--failover-hold", "0"});
  TestClient client = proxied.client();
  TestClient other = proxied.client();
  std::string lost_key;
  std::string good_key;
  for (int i = 0; lost_key.empty() || good_key.empty(); ++i) {
    const std::string key = "gone:" + std::to_string(i);
    (proxied.cluster.primary_of(proxied.cluster.slot_of(key)) == 0 ? lost_key : good_key) = key;
  }
  REQUIRE(client.text({"MSET", lost_key, "1", good_key, "2"}) == "+OK");
  proxied.cluster.node(3).kill();
  proxied.cluster.node(0).kill();
  client.send({"GET", lost_key});
  CHECK(other.text({"GET", good_key}).substr(0, 1) != "-");
  const kit::Reply lost = client.read();
  CHECK(lost.is_error());
  CHECK(lost.text.find(" Slotway: ") != std::string::npos);
  // One part of a split command that fails fails the command.
  CHECK(client.command({"MGET", good_key, lost_key}).is_error());
  CHECK(client.text({"PING"}) == "+PONG");
}

TEST_CASE("when all nodes are lost and come back, so does the service") {
  ProxiedCluster proxied({"--workers", "2", "--timeouts-request", "1s", "--failover-hold", "0"});
  TestClient client = proxied.client();
  REQUIRE(client.text({"SET", "a", "1"}) == "+OK");
  for (std::size_t i = 0; i < ClusterProcess::kNodes; ++i) proxied.cluster.node(i).kill();
  const kit::Reply reply = client.command({"GET", "a"});
  CHECK(reply.is_error());
  CHECK(reply.text.find(" Slotway: ") != std::string::npos);
  CHECK(client.text({"PING"}) == "+PONG");
  for (std::size_t i = 0; i < ClusterProcess::kNodes; ++i) proxied.cluster.node(i).restart();
  proxied.cluster.wait_until_ok(kRecovery);
  kit::wait_until("SET works again", kRecovery, [&] { return client.text({"SET", "a", "2"}) == "+OK"; });
  CHECK(client.text({"GET", "a"}) == "\"2\"");
}

}  // namespace slotway::integration
