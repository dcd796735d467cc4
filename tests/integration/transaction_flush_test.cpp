// FLUSHALL and FLUSHDB in transactions on a real cluster: what one server answers, and every shard is empty.
#include <catch2/catch.hpp>

#include "tests/integration/proxied_cluster.hpp"
#include "tests/kit/redis_process.hpp"

namespace slotway::integration {
namespace {

using kit::Args;
using kit::TestClient;

// Keys of every shard, and of {t}'s slot.
void fill(TestClient& client) {
  std::vector<Args> commands;
  for (int i = 0; i < 60; ++i) commands.push_back({"SET", "k" + std::to_string(i), "v"});
  commands.push_back({"SET", "{t}old", "v"});
  for (const kit::Reply& reply : client.pipeline(commands)) REQUIRE(kit::to_text(reply) == "+OK");
}

std::string answers(TestClient& client, const std::vector<std::string>& lines) {
  std::vector<Args> commands;
  for (const std::string& line : lines) commands.push_back(words(line));
  std::string text;
  for (const kit::Reply& reply : client.pipeline(commands)) text += kit::to_text(reply) + " ";
  return text;
}

const std::vector<std::vector<std::string>> kTransactions = {
    {"MULTI", "FLUSHALL", "EXEC", "DBSIZE"},
    {"MULTI", "flushdb async", "SET {t}new 1", "INCR {t}new", "EXEC", "DBSIZE", "GET {t}new"},
    {"MULTI", "SET {t}new 1", "FLUSHDB", "GET {t}new", "GET {t}old", "EXEC", "DBSIZE"},
    {"MULTI", "FLUSHALL SYNC", "SET {t}a 1", "FLUSHALL ASYNC", "SET {t}b 1", "EXEC", "DBSIZE", "KEYS *"},
    {"MULTI", "FLUSHALL SOON", "SET {t}a 1", "EXEC", "DBSIZE"},
    {"MULTI", "FLUSHALL", "FLUSHDB SOON", "SET {t}a 1", "EXEC", "KEYS *"},
    {"MULTI", "FLUSHALL", "INCR", "EXEC", "DBSIZE"},
    {"MULTI", "FLUSHALL", "LPUSH {t}l x", "INCR {t}l", "EXEC", "KEYS *"},
    {"MULTI", "FLUSHALL", "DISCARD", "DBSIZE"},
    {"WATCH {t}old", "MULTI", "FLUSHALL", "SET {t}a 1", "EXEC", "KEYS *"},
    {"WATCH {t}old", "SET {t}old 2", "MULTI", "FLUSHALL", "SET {t}a 1", "EXEC", "DBSIZE"},
    {"SET k1 2", "MULTI", "FLUSHALL", "EXEC", "SET k1 3", "SET k2 3", "SET k3 3", "DBSIZE"},
};

}  // namespace

TEST_CASE("a transaction that flushes answers and leaves what one server would") {
  ProxiedCluster proxied;
  kit::RedisProcess server;
  for (const bool pipelined : {false, true}) {
    for (const std::vector<std::string>& lines : kTransactions) {
      TestClient through = proxied.client();
      TestClient direct = server.client();
      for (TestClient* client : {&through, &direct}) {
        REQUIRE(client->text({"FLUSHALL"}) == "+OK");
        fill(*client);
      }
      std::string text;
      for (const std::string& line : lines) text += line + "; ";
      INFO(text);
      if (pipelined) {
        CHECK(answers(through, lines) == answers(direct, lines));
        continue;
      }
      for (const std::string& line : lines) CHECK(through.text(words(line)) == direct.text(words(line)));
    }
  }
}

TEST_CASE("a shard that runs a script is not flushed, which the flush's own reply says") {
  ProxiedCluster proxied;
  TestClient client = proxied.client();
  fill(client);
  const std::size_t home = proxied.cluster.primary_of(proxied.cluster.slot_of("{t}old"));
  const std::size_t busy = (home + 1) % kit::ClusterProcess::kPrimaries;
  proxied.cluster.node(busy).command({"CONFIG", "SET", "busy-reply-threshold", "50"});
  TestClient runs = proxied.cluster.node(busy).client();
  runs.send({"EVAL", "while true do end", "0"});
  const std::string busy_text =
      "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";
  TestClient asks = proxied.cluster.node(busy).client();
  while (asks.text({"DBSIZE"}) != busy_text) continue;
  CHECK(answers(client, {"MULTI", "SET {t}a 1", "FLUSHALL", "SET {t}b 1", "EXEC"}) ==
        "+OK +QUEUED +QUEUED +QUEUED [+OK, " + busy_text + " (Slotway: executed in part), +OK] ");
  CHECK(asks.text({"SCRIPT", "KILL"}) == "+OK");
  CHECK(runs.read().is_error());
  CHECK(client.text({"GET", "{t}b"}) == "\"1\"");
  CHECK(asks.text({"DBSIZE"}) != ":0");
  CHECK(answers(client, {"MULTI", "FLUSHALL", "EXEC", "DBSIZE"}) == "+OK +QUEUED [+OK] :0 ");
}

TEST_CASE("a transaction in a slot that is moving flushes the old owner and spares the new one") {
  ProxiedCluster proxied;
  TestClient client = proxied.client();
  fill(client);
  const std::uint16_t slot = proxied.cluster.slot_of("{t}old");
  const std::size_t from = proxied.cluster.primary_of(slot);
  const std::size_t to = (from + 1) % kit::ClusterProcess::kPrimaries;
  proxied.cluster.begin_migration(slot, from, to);
  // {t}new is not at the old owner: ASK.
  CHECK(answers(client, {"MULTI", "FLUSHALL", "SET {t}new 1", "EXEC", "DBSIZE", "KEYS *"}) ==
        "+OK +QUEUED +QUEUED [+OK, +OK] :1 [\"{t}new\"] ");
  CHECK(proxied.redirects("ask") > 0);
  proxied.cluster.end_migration(slot, from, to);
  // The map is as before: MOVED.
  CHECK(answers(client, {"MULTI", "FLUSHALL", "SET {t}moved 1", "EXEC", "DBSIZE", "KEYS *"}) ==
        "+OK +QUEUED +QUEUED [+OK, +OK] :1 [\"{t}moved\"] ");
}

}  // namespace slotway::integration
