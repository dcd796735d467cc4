// A cluster and two single servers behind one listener, told apart by how keys begin.
#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "tests/integration/proxied_cluster.hpp"
#include "tests/kit/redis_process.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::integration {
namespace {

using kit::RedisProcess;
using kit::SlotwayProcess;
using kit::TestClient;
using kit::to_text;

// Keys a:… are at one server, c:… at another one, without their prefix there; all others in the cluster.
struct RoutedCluster {
  kit::ClusterProcess cluster;
  RedisProcess plain;
  RedisProcess stripped;
  SlotwayProcess slotway;

  RoutedCluster() : slotway(SLOTWAY_BINARY, cluster.seeds(), {"--workers", "2"}, yaml("a:")) {}

  std::string yaml(const std::string& prefix) const {
    return "upstreams:\n  plain: {mode: standalone, seeds: " + plain.host_port() +
           "}\n  stripped: {mode: standalone, seeds: " + stripped.host_port() + "}\nroutes:\n  - {prefix: '" +
           prefix + "', upstream: plain}\n  - {prefix: 'c:', upstream: stripped, strip_prefix: true}\n";
  }
};

}  // namespace

TEST_CASE("keys are where their prefixes say, and commands over several upstreams are put together") {
  RoutedCluster routed;
  TestClient client = routed.slotway.client();
  const std::map<std::string, std::string> expected = {
      {"SET k 1", "+OK"},
      {"SET a:k 2", "+OK"},
      {"SET c:k 3", "+OK"},
      {"MGET k a:k c:k nothing a:nothing c:nothing", "[\"1\", \"2\", \"3\", nil, nil, nil]"},
  };
  for (const std::string line :
       {"SET k 1", "SET a:k 2", "SET c:k 3", "MGET k a:k c:k nothing a:nothing c:nothing"}) {
    INFO(line);
    CHECK(client.text(words(line)) == expected.at(line));
  }
  TestClient plain = routed.plain.client();
  TestClient stripped = routed.stripped.client();
  CHECK(plain.text({"KEYS", "*"}) == "[\"a:k\"]");
  CHECK(stripped.text({"KEYS", "*"}) == "[\"k\"]");

  CHECK(client.text(words("MSET a:1 x b:1 x c:1 x b:2 x b:3 x a:2 x")) == "+OK");
  CHECK(client.text(words("EXISTS a:1 b:1 c:1 b:2 b:3 a:2 a:3 a:1")) == ":7");
  CHECK(client.text(words("DEL a:1 b:1 c:1 b:2 b:3 a:2 a:3 a:1")) == ":6");
  CHECK(client.text(words("XADD a:s 1-1 f v")) == "\"1-1\"");
  CHECK(client.text(words("XADD s 2-2 f v")) == "\"2-2\"");
  CHECK(client.text(words("XREAD STREAMS s a:s nothing 0 0 0")) ==
        "[[\"s\", [[\"2-2\", [\"f\", \"v\"]]]], [\"a:s\", [[\"1-1\", [\"f\", \"v\"]]]]]");
  // All keys of one upstream: whatever it can do
  CHECK(client.text(words("MSETNX a:x 1 a:y 2")) == ":1");
  CHECK(client.text(words("RENAME a:x a:z")) == "+OK");
  CHECK(client.text(words("RENAME c:k c:l")) == "+OK");
  CHECK(client.text(words("GET c:l")) == "\"3\"");
  CHECK(client.text({"EVAL", "return redis.call('get',KEYS[1])..ARGV[1]", "1", "c:l", "c:l"}) == "\"3c:l\"");
}

TEST_CASE("what routes cannot serve is refused with the reason, and nothing is done") {
  RoutedCluster routed;
  TestClient client = routed.slotway.client();
  CHECK(client.text({"SET", "a:k", "v"}) == "+OK");
  const std::string across = "-CROSSSLOT Slotway: keys in request are at different upstreams";
  for (const char* line : {"RENAME a:k k", "MSETNX a:k 1 k 2", "COPY a:k c:k", "BLPOP a:q q 1",
                           "SUNIONSTORE a:d k a:k", "EVAL return 2 a:k k"}) {
    INFO(line);
    CHECK(client.text(words(line)) == across);
  }
  for (const char* line : {"KEYS *", "DBSIZE", "SCAN 0", "FLUSHALL", "SELECT 1", "WAIT 1 1"}) {
    INFO(line);
    CHECK(client.text(words(line)).find("is for one upstream, and Slotway's routes send keys to several") !=
          std::string::npos);
  }
  CHECK(client.text({"BLPOP", "c:q", "1"}).find("strip_prefix do not translate") != std::string::npos);
  CHECK(client.text({"NOSUCH", "a:k"}).starts_with("-ERR unknown command"));
  CHECK(client.text({"GET"}).starts_with("-ERR wrong number of arguments"));
  CHECK(client.text({"SCRIPT", "LOAD"}).starts_with("-ERR wrong number of arguments"));
  CHECK(client.text({"GET", "a:k"}) == "\"v\"");
}

TEST_CASE("transactions and what blocks are at the upstream of their keys") {
  RoutedCluster routed;
  TestClient client = routed.slotway.client();
  TestClient other = routed.slotway.client();
  for (const std::string prefix : {"a:", "c:", ""}) {
    INFO(prefix);
    CHECK(client.text({"WATCH", prefix + "k"}) == "+OK");
    CHECK(client.text({"MULTI"}) == "+OK");
    CHECK(client.text({"INCR", prefix + "k"}) == "+QUEUED");
    CHECK(client.text({"PING"}) == "+QUEUED");
    CHECK(client.text({"EXEC"}) == "[:1, +PONG]");
    // Another client is first
    CHECK(client.text({"WATCH", prefix + "k"}) == "+OK");
    CHECK(other.text({"INCR", prefix + "k"}) == ":2");
    CHECK(client.text({"MULTI"}) == "+OK");
    CHECK(client.text({"INCR", prefix + "k"}) == "+QUEUED");
    CHECK(client.text({"EXEC"}) == "nil");
    CHECK(client.text({"GET", prefix + "k"}) == "\"2\"");
  }
  CHECK(client.text({"MULTI"}) == "+OK");
  CHECK(client.text({"INCR", "a:k"}) == "+QUEUED");
  CHECK(client.text({"INCR", "k"}).starts_with("-CROSSSLOT"));
  CHECK(client.text({"EXEC"}).starts_with("-EXECABORT"));
  CHECK(client.text({"GET", "a:k"}) == "\"2\"");

  client.send({"BLPOP", "a:q", "0"});
  kit::wait_until("it blocks", std::chrono::seconds(5), [&] {
    return routed.plain.client().text({"INFO", "clients"}).find("blocked_clients:1") != std::string::npos;
  });
  CHECK(other.text({"RPUSH", "a:q", "e"}) == ":1");
  CHECK(to_text(client.read()) == "[\"a:q\", \"e\"]");
}

TEST_CASE("scripts that were loaded are known at all upstreams, and channels are at home") {
  RoutedCluster routed;
  TestClient client = routed.slotway.client();
  const std::string sha = client.text({"SCRIPT", "LOAD", "return redis.call('incr',KEYS[1])"}).substr(1, 40);
  for (const std::string key : {"a:n", "c:n", "n"}) {
    INFO(key);
    CHECK(client.text({"EVALSHA", sha, "1", key}) == ":1");
    CHECK(routed.slotway.client().text({"EVALSHA", sha, "1", key}) == ":2");
  }
  TestClient listens = routed.slotway.client();
  CHECK(listens.text({"SUBSCRIBE", "a:c"}) == "[\"subscribe\", \"a:c\", :1]");
  CHECK(client.text({"PUBLISH", "a:c", "m"}) == ":1");
  CHECK(to_text(listens.read()) == "[\"message\", \"a:c\", \"m\"]");
}

TEST_CASE("replies are in the order of the requests, whichever upstream is slow") {
  RoutedCluster routed;
  TestClient client = routed.slotway.client();
  for (int i = 0; i < 20; ++i) {
    client.text({"SET", "k:" + std::to_string(i), "k" + std::to_string(i)});
    client.text({"SET", "a:" + std::to_string(i), "a" + std::to_string(i)});
  }
  std::vector<kit::Args> commands;
  commands.push_back({"EVAL",
                      "local t=redis.call('time')[1]*1 local n=0 while n<3000000 do n=n+1 end return t>0",
                      "1", "a:slow"});
  for (int i = 0; i < 200; ++i) {
    commands.push_back({"GET", "k:" + std::to_string(i % 20)});
    commands.push_back({"GET", "a:" + std::to_string(i % 20)});
    commands.push_back({"MGET", "a:" + std::to_string(i % 20), "k:" + std::to_string(i % 20)});
  }
  const std::vector<kit::Reply> replies = client.pipeline(commands);
  CHECK(to_text(replies[0]) == ":1");
  for (int i = 0; i < 200; ++i) {
    const std::string n = std::to_string(i % 20);
    CHECK(to_text(replies[static_cast<std::size_t>(1 + 3 * i)]) == "\"k" + n + "\"");
    CHECK(to_text(replies[static_cast<std::size_t>(2 + 3 * i)]) == "\"a" + n + "\"");
    CHECK(to_text(replies[static_cast<std::size_t>(3 + 3 * i)]) == "[\"a" + n + "\", \"k" + n + "\"]");
  }
}

TEST_CASE("a reload changes the routes") {
  RoutedCluster routed;
  TestClient client = routed.slotway.client();
  CHECK(client.text({"SET", "b:k", "in the cluster"}) == "+OK");
  CHECK(routed.plain.client().text({"SET", "b:k", "at the server"}) == "+OK");
  std::ofstream(routed.slotway.config_file()) << routed.yaml("b:");
  routed.slotway.signal(SIGHUP);
  kit::wait_until("the route is used", std::chrono::seconds(10), [&] {
    return client.text({"GET", "b:k"}) == "\"at the server\"";
  });
}

}  // namespace slotway::integration
