// Commands of the whole keyspace on a real cluster: what they answer is what one server with all keys would.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "tests/integration/proxied_cluster.hpp"
#include "tests/kit/redis_process.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::integration {
namespace {

using kit::Args;
using kit::ClusterProcess;
using kit::TestClient;

void set_keys(TestClient& client, const std::string& prefix, int count) {
  std::vector<Args> commands;
  for (int i = 0; i < count; ++i) commands.push_back({"SET", prefix + std::to_string(i), "v"});
  for (const kit::Reply& reply : client.pipeline(commands)) REQUIRE(kit::to_text(reply) == "+OK");
}

// What every primary answers to it.
std::vector<std::string> of_primaries(ProxiedCluster& proxied, const Args& command) {
  std::vector<std::string> replies;
  for (std::size_t i = 0; i < ClusterProcess::kPrimaries; ++i)
    replies.push_back(proxied.cluster.node(i).client().text(command));
  return replies;
}

std::vector<std::string> all(const std::string& text) {
  return std::vector<std::string>(ClusterProcess::kPrimaries, text);
}

}  // namespace

TEST_CASE("KEYS, DBSIZE, RANDOMKEY and FLUSHALL see the keys of all nodes") {
  ProxiedCluster proxied;
  TestClient client = proxied.client();
  CHECK(client.text({"DBSIZE"}) == ":0");
  CHECK(client.text({"KEYS", "*"}) == "[]");
  CHECK(client.text({"RANDOMKEY"}) == "nil");

  set_keys(client, "a:", 300);
  set_keys(client, "b:", 30);
  CHECK(client.text({"DBSIZE"}) == ":330");
  const kit::Reply keys = client.command({"KEYS", "b:*"});
  std::set<std::string> found;
  for (const kit::Reply& key : keys.elements) found.insert(key.text);
  CHECK(keys.elements.size() == 30);
  CHECK(found.size() == 30);
  CHECK(found.contains("b:29"));

  std::set<std::size_t> nodes;
  for (int i = 0; i < 100; ++i) {
    const kit::Reply key = client.command({"RANDOMKEY"});
    REQUIRE(client.text({"EXISTS", key.text}) == ":1");
    nodes.insert(proxied.cluster.primary_of(proxied.cluster.slot_of(key.text)));
  }
  CHECK(nodes == std::set<std::size_t>{0, 1, 2});

  CHECK(client.text({"FLUSHALL", "BADLY"}) == "-ERR syntax error");
  CHECK(client.text({"DBSIZE"}) == ":330");
  CHECK(client.text({"FLUSHALL"}) == "+OK");
  CHECK(of_primaries(proxied, {"DBSIZE"}) == all(":0"));
  set_keys(client, "a:", 30);
  CHECK(client.text({"FLUSHDB", "ASYNC"}) == "+OK");
  CHECK(client.text({"DBSIZE"}) == ":0");
}

TEST_CASE("settings, scripts and functions reach all nodes") {
  ProxiedCluster proxied;
  TestClient client = proxied.client();

  // --- settings ---
  CHECK(client.text({"CONFIG", "SET", "hash-max-listpack-entries", "77"}) == "+OK");
  CHECK(of_primaries(proxied, {"CONFIG", "GET", "hash-max-listpack-entries"}) ==
        all("[\"hash-max-listpack-entries\", \"77\"]"));
  CHECK(client.text({"CONFIG", "GET", "hash-max-listpack-entries"}) ==
        "[\"hash-max-listpack-entries\", \"77\"]");
  CHECK(client.text({"CONFIG", "GET", "databases"}) == "[\"databases\", \"1\"]");
  CHECK(client.command({"CONFIG", "GET", "*"}).elements.size() > 100);
  CHECK(client.text({"CONFIG", "SET", "no-such-setting", "1"}) ==
        "-ERR Unknown option or number of arguments for CONFIG SET - 'no-such-setting'");
  CHECK(client.text({"CONFIG", "RESETSTAT"}) == "+OK");

  // --- scripts ---
  const kit::Reply sha = client.command({"SCRIPT", "LOAD", "return redis.call('INCR', KEYS[1])"});
  REQUIRE(sha.text.size() == 40);
  CHECK(of_primaries(proxied, {"SCRIPT", "EXISTS", sha.text}) == all("[:1]"));
  for (int i = 0; i < 20; ++i)
    CHECK(client.text({"EVALSHA", sha.text, "1", "counter:" + std::to_string(i)}) == ":1");
  CHECK(client.text({"SCRIPT", "EXISTS", sha.text, std::string(40, 'f')}) == "[:1, :0]");
  proxied.cluster.node(1).client().text({"SCRIPT", "FLUSH"});
  CHECK(client.text({"SCRIPT", "EXISTS", sha.text}) == "[:0]");
  CHECK(client.text({"SCRIPT", "FLUSH"}) == "+OK");
  CHECK(of_primaries(proxied, {"SCRIPT", "EXISTS", sha.text}) == all("[:0]"));
  CHECK(client.text({"SCRIPT", "KILL"}) == "-NOTBUSY No scripts in execution right now.");

  // --- functions ---
  const std::string library = "#!lua name=lib\nredis.register_function('f', function(k, a) return k[1] end)";
  CHECK(client.text({"FUNCTION", "LOAD", library}) == "\"lib\"");
  CHECK(client.text({"FUNCTION", "LOAD", library}) == "-ERR Library 'lib' already exists");
  CHECK(client.text({"FUNCTION", "LOAD", "REPLACE", library}) == "\"lib\"");
  for (const std::string key : {"a", "b", "c", "d"})
    CHECK(client.text({"FCALL", "f", "1", key}) == "\"" + key + "\"");
  const kit::Reply dump = client.command({"FUNCTION", "DUMP"});
  CHECK(client.text({"FUNCTION", "DELETE", "lib"}) == "+OK");
  CHECK(of_primaries(proxied, {"FUNCTION", "LIST"}) == all("[]"));
  CHECK(client.text({"FUNCTION", "RESTORE", dump.text}) == "+OK");
  CHECK(client.text({"FCALL", "f", "1", "x"}) == "\"x\"");
  CHECK(client.text({"FUNCTION", "FLUSH"}) == "+OK");
  CHECK(client.text({"FUNCTION", "KILL"}) == "-NOTBUSY No scripts in execution right now.");
  CHECK(client.text({"SWAPDB", "0", "1"}) == "-ERR SWAPDB is not allowed in cluster mode");
}

TEST_CASE("BGSAVE saves every primary, and LASTSAVE is a node's") {
  ProxiedCluster proxied;
  TestClient client = proxied.client();
  const auto saved = [&](std::size_t node) {
    const std::string info = proxied.cluster.node(node).command({"INFO", "persistence"}).text;
    return info.find("rdb_saves:0") == std::string::npos;
  };
  for (std::size_t i = 0; i < ClusterProcess::kPrimaries; ++i) CHECK_FALSE(saved(i));
  CHECK(client.text({"BGSAVE"}) == "+Background saving started");
  for (std::size_t i = 0; i < ClusterProcess::kPrimaries; ++i)
    kit::wait_until("the primary has saved", std::chrono::seconds(20), [&] { return saved(i); });
  CHECK(client.command({"LASTSAVE"}).integer > 0);
}

TEST_CASE("after a failover all shards are asked, and none of them twice") {
  ProxiedCluster proxied;
  TestClient client = proxied.client();
  set_keys(client, "k:", 300);
  proxied.cluster.wait_until_in_sync();
  proxied.cluster.failover(3);
  CHECK(client.text({"DBSIZE"}) == ":300");
  // A MOVED tells of the failover: one key of the shard is enough.
  set_keys(client, "k:", 300);
  CHECK(client.text({"DBSIZE"}) == ":300");
  CHECK(client.command({"KEYS", "*"}).elements.size() == 300);
  CHECK(client.text({"FLUSHALL"}) == "+OK");
  CHECK(client.text({"DBSIZE"}) == ":0");
}

}  // namespace slotway::integration
