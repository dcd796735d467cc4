// Slots that move while clients use them: MOVED, ASK and TRYAGAIN are the proxy's business, not the client's.
#include <catch2/catch.hpp>

#include "tests/integration/proxied_cluster.hpp"
#include "tests/kit/checked_load.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::integration {
namespace {

using kit::CheckedLoad;
using kit::LoadResult;
using kit::TestClient;

// A slot that is half moved: {t}a is already at the target, {t}b still at the source.
struct HalfMigrated {
  ProxiedCluster proxied;
  TestClient client = proxied.client();
  std::uint16_t slot = proxied.cluster.slot_of("{t}a");
  std::size_t source = proxied.cluster.primary_of(slot);
  std::size_t target = (source + 1) % kit::ClusterProcess::kPrimaries;

  HalfMigrated() {
    REQUIRE(client.text({"MSET", "{t}a", "1", "{t}b", "2"}) == "+OK");
    proxied.cluster.begin_migration(slot, source, target);
    proxied.cluster.migrate_key("{t}a", source, target);
  }
  std::string at(std::size_t node, const kit::Args& arguments) {
    return kit::to_text(proxied.cluster.node(node).command(arguments));
  }
};

}  // namespace

TEST_CASE("no client notices a real reshard under load") {
  ProxiedCluster proxied;
  CheckedLoad load({.port = proxied.port(), .clients = 6, .keys_per_client = 200});
  load.wait_for(3000);
  for (std::size_t from = 0; from < kit::ClusterProcess::kPrimaries; ++from) {
    const std::size_t to = (from + 1) % kit::ClusterProcess::kPrimaries;
    const kit::CommandResult moved = proxied.cluster.reshard(from, to, 1500);
    INFO(moved.output.substr(moved.output.size() - std::min<std::size_t>(moved.output.size(), 500)));
    REQUIRE(moved.exit_code == 0);
  }
  load.wait_for(3000);
  const LoadResult result = load.stop();
  INFO(result.summary());
  CHECK(result.wrong == 0);
  CHECK(result.error_count() == 0);
  CHECK(proxied.redirects("moved") + proxied.redirects("ask") > 0);
}

TEST_CASE("ASK is followed, and the slot stays where it is") {
  HalfMigrated half;
  CHECK(half.client.text({"GET", "{t}a"}) == "\"1\"");
  CHECK(half.client.text({"GET", "{t}b"}) == "\"2\"");
  CHECK(half.client.text({"INCR", "{t}a"}) == ":2");
  // A new key is born at the target.
  CHECK(half.client.text({"SET", "{t}new", "3"}) == "+OK");
  CHECK(half.at(half.target, {"CLUSTER", "COUNTKEYSINSLOT", std::to_string(half.slot)}) == ":2");
  CHECK(half.client.text({"GET", "{t}new"}) == "\"3\"");
  CHECK(half.client.text({"EVAL", "return redis.call('GET', KEYS[1])", "1", "{t}a"}) == "\"2\"");
  CHECK(half.proxied.redirects("ask") >= 5);
  CHECK(half.proxied.redirects("moved") == 0);
  // Once it is given away, MOVED teaches the proxy where it is.
  half.proxied.cluster.end_migration(half.slot, half.source, half.target);
  CHECK(half.client.text({"MGET", "{t}a", "{t}b", "{t}new"}) == "[\"2\", \"2\", \"3\"]");
}

TEST_CASE("a pipeline over a half-migrated slot keeps its order") {
  HalfMigrated half;
  std::vector<kit::Args> commands;
  std::vector<std::string> expected;
  for (int i = 0; i < 200; ++i) {
    const std::string value = std::to_string(i);
    commands.insert(commands.end(),
                    {{"SET", "{t}a", value}, {"GET", "{t}b"}, {"GET", "{t}a"}, {"ECHO", value}});
    expected.insert(expected.end(), {"+OK", "\"2\"", "\"" + value + "\"", "\"" + value + "\""});
  }
  const std::vector<kit::Reply> replies = half.client.pipeline(commands);
  std::vector<std::string> texts;
  for (const kit::Reply& reply : replies) texts.push_back(kit::to_text(reply));
  CHECK(texts == expected);
}

TEST_CASE("TRYAGAIN is waited out while a slot is half migrated") {
  HalfMigrated half;
  half.client.send({"MGET", "{t}a", "{t}b"});
  kit::wait_until("a node has said TRYAGAIN", std::chrono::seconds(4),
                  [&] { return half.proxied.redirects("tryagain") > 0; });
  half.proxied.cluster.end_migration(half.slot, half.source, half.target);
  CHECK(kit::to_text(half.client.read()) == "[\"1\", \"2\"]");
}

TEST_CASE("a slot that is given away without notice is found again by MOVED") {
  ProxiedCluster proxied({"--workers", "2", "--topology-refresh-interval", "1h"});
  TestClient client = proxied.client();
  for (int i = 0; i < 20; ++i) {
    const std::string key = "given:" + std::to_string(i);
    REQUIRE(client.text({"SET", key, key}) == "+OK");
    const std::uint16_t slot = proxied.cluster.slot_of(key);
    const std::size_t from = proxied.cluster.primary_of(slot);
    const std::size_t to = (from + 1) % kit::ClusterProcess::kPrimaries;
    proxied.cluster.begin_migration(slot, from, to);
    proxied.cluster.end_migration(slot, from, to);
    CHECK(client.text({"GET", key}) == "\"" + key + "\"");
  }
  CHECK(proxied.redirects("moved") > 0);
}

}  // namespace slotway::integration
