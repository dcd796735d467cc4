// Scripts and functions through a real cluster: as one server with all primaries' memory would answer.
#include <catch2/catch.hpp>
#include <functional>
#include <set>

#include "tests/integration/proxied_cluster.hpp"
#include "tests/kit/redis_process.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::integration {
namespace {

using kit::Args;
using kit::ClusterProcess;
using kit::TestClient;

constexpr std::chrono::seconds kLimit{10};

const std::string kEndless = "while true do end";
const Args kEndlessLibrary = {
    "FUNCTION", "LOAD", "REPLACE",
    "#!lua name=lib\nredis.register_function('endless', function() while true do end end)"};

// The primary on which a script runs longer than its server likes; kNodes if none.
std::size_t busy_node(ProxiedCluster& proxied) {
  for (std::size_t i = 0; i < ClusterProcess::kPrimaries; ++i) {
    if (proxied.cluster.node(i).command({"PING"}).text.starts_with("BUSY")) return i;
  }
  return ClusterProcess::kNodes;
}

void wait_until_busy(ProxiedCluster& proxied) {
  kit::wait_until("a node is busy", kLimit, [&] { return busy_node(proxied) != ClusterProcess::kNodes; });
}

// What they say while `script`, or a function, runs, and when it has been ended.
std::vector<std::string> dialogue(TestClient& client, TestClient& runs, const Args& script,
                                  const std::function<void()>& wait) {
  std::vector<std::string> said;
  runs.send(script);
  wait();
  const bool function = script[0] == "FCALL";
  said.push_back(client.text({function ? "SCRIPT" : "FUNCTION", "KILL"}));
  said.push_back(client.text({function ? "FUNCTION" : "SCRIPT", "KILL"}));
  said.push_back(kit::to_text(runs.read()));
  said.push_back(client.text({"SCRIPT", "KILL"}));
  said.push_back(client.text({"FUNCTION", "KILL"}));
  return said;
}

}  // namespace

TEST_CASE("a script or function that runs for ever is ended as on one server") {
  // One worker: what ends it comes over no connection of its own client's.
  ProxiedCluster proxied({"--workers", "1"});
  kit::RedisProcess server;
  TestClient through = proxied.client();
  TestClient direct = server.client();
  for (TestClient* client : {&through, &direct}) {
    REQUIRE(client->text({"CONFIG", "SET", "busy-reply-threshold", "10"}) == "+OK");
    REQUIRE(client->text(kEndlessLibrary) == "\"lib\"");
  }
  for (const Args& script : {Args{"EVAL", kEndless, "0"}, Args{"EVAL", kEndless, "1", "a"},
                             Args{"FCALL", "endless", "0"}, Args{"FCALL", "endless", "1", "foo"}}) {
    INFO(script[0] << " " << script[2]);
    TestClient runs_through = proxied.client();
    TestClient runs_direct = server.client();
    const auto said = dialogue(through, runs_through, script, [&] { wait_until_busy(proxied); });
    const auto wait = [&] {
      kit::wait_until("it is busy", kLimit, [&] { return server.command({"PING"}).is_error(); });
    };
    CHECK(said == dialogue(direct, runs_direct, script, wait));
  }
}

TEST_CASE("FUNCTION STATS tells of the function that runs, on whichever node it does") {
  ProxiedCluster proxied;
  TestClient client = proxied.client();
  REQUIRE(client.text({"CONFIG", "SET", "busy-reply-threshold", "10"}) == "+OK");
  REQUIRE(client.text(kEndlessLibrary) == "\"lib\"");
  CHECK(client.text({"FUNCTION", "STATS"}).find("\"running_script\", nil") != std::string::npos);
  std::set<std::size_t> nodes;
  for (const std::string key : {"foo", "world", "hello"}) {
    INFO(key);
    TestClient runs = proxied.client();
    runs.send({"FCALL", "endless", "1", key});
    wait_until_busy(proxied);
    nodes.insert(busy_node(proxied));
    CHECK(client.text({"FUNCTION", "STATS"}).find("\"" + key + "\"") != std::string::npos);
    CHECK(client.text({"FUNCTION", "KILL"}) == "+OK");
    CHECK(runs.read().is_error());
  }
  CHECK(nodes.size() == ClusterProcess::kPrimaries);
}

TEST_CASE("what a busy node refuses keeps its code") {
  ProxiedCluster proxied;
  TestClient client = proxied.client();
  REQUIRE(client.text({"CONFIG", "SET", "busy-reply-threshold", "10"}) == "+OK");
  TestClient busy = proxied.cluster.node(1).client();
  busy.send({"EVAL", kEndless, "0"});
  wait_until_busy(proxied);
  const std::string text =
      "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";
  for (const char* const line : {"DBSIZE", "KEYS *", "RANDOMKEY", "SCRIPT EXISTS a", "SLOWLOG LEN",
                                 "SCRIPT FLUSH", "CONFIG SET maxmemory 0", "SCRIPT LOAD x=1"}) {
    INFO(line);
    CHECK(client.text(words(line)) == text);
  }
  for (const char* const write : {"FLUSHALL", "FLUSHDB", "FUNCTION FLUSH"}) {
    INFO(write);
    CHECK(client.text(words(write)) == text + " (Slotway: executed in part)");
  }
  CHECK(client.text({"SCRIPT", "KILL"}) == "+OK");
  CHECK(busy.read().is_error());
  CHECK(client.text({"FLUSHALL"}) == "+OK");
}

TEST_CASE("a library that only some nodes have is deleted once and for all") {
  ProxiedCluster proxied;
  TestClient client = proxied.client();
  REQUIRE(client.text(kEndlessLibrary) == "\"lib\"");
  REQUIRE(proxied.cluster.node(0).command({"FUNCTION", "FLUSH"}).text == "OK");
  CHECK(client.text({"FUNCTION", "DELETE", "lib"}) == "+OK");
  CHECK(client.text({"FUNCTION", "DELETE", "lib"}) == "-ERR Library not found");
}

TEST_CASE("a loaded script outlives failovers and restarts of the nodes, and not its flush") {
  ProxiedCluster proxied;
  kit::RedisProcess server;
  TestClient first = proxied.client();
  TestClient second = proxied.client();  // on the other worker
  TestClient direct = server.client();
  const std::string body = "return {KEYS[1], ARGV[1]}";
  const kit::Reply loaded = first.command({"SCRIPT", "LOAD", body});
  REQUIRE(loaded == direct.command({"SCRIPT", "LOAD", body}));
  const std::string sha = loaded.text;

  const auto check_alike = [&] {
    for (TestClient* client : {&first, &second}) {
      for (const std::string key : {"foo", "world", "hello"}) {
        for (const Args& command :
             {Args{"EVALSHA", sha, "1", key, "x"}, Args{"EVALSHA_RO", sha, "1", key, "x"},
              Args{"SCRIPT", "EXISTS", sha, "nosuch"}}) {
          INFO(command[0] << " " << key);
          CHECK(client->text(command) == direct.text(command));
        }
        const std::vector<Args> transaction = {
            {"MULTI"}, {"EVALSHA", sha, "1", key, "y"}, {"GET", key}, {"EXEC"}, {"PING"}};
        CHECK(client->pipeline(transaction) == direct.pipeline(transaction));
      }
    }
  };
  check_alike();
  for (std::size_t primary = 0; primary < ClusterProcess::kPrimaries; ++primary) {
    proxied.cluster.failover(primary + ClusterProcess::kPrimaries);
  }
  check_alike();
  REQUIRE(first.text({"SCRIPT", "FLUSH"}) == direct.text({"SCRIPT", "FLUSH"}));
  check_alike();
}

TEST_CASE("PING says BUSY while a script holds up a node, whichever it is") {
  ProxiedCluster proxied;
  TestClient client = proxied.client();
  REQUIRE(client.text({"CONFIG", "SET", "busy-reply-threshold", "10"}) == "+OK");
  for (const std::string key : {"foo", "world", "hello"}) {
    INFO(key);
    TestClient runs = proxied.client();
    runs.send({"EVAL", kEndless, "1", key});
    kit::wait_until("PING says BUSY", kLimit,
                    [&] { return client.command({"PING"}).text.starts_with("BUSY Redis is busy"); });
    CHECK(client.text({"SCRIPT", "KILL"}) == "+OK");
    CHECK(runs.read().is_error());
    CHECK(client.text({"PING", "x"}) == "\"x\"");
  }
}

}  // namespace slotway::integration
