// Several upstreams behind one Slotway, each at a listener of its own.
#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <string>
#include <vector>

#include "tests/integration/proxied_cluster.hpp"
#include "tests/kit/free_port.hpp"
#include "tests/kit/redis_process.hpp"
#include "tests/kit/slotway_process.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::integration {
namespace {

using kit::RedisProcess;
using kit::SlotwayProcess;
using kit::TestClient;
using kit::to_text;

// Servers 0, 1 and 2; the first is the section `upstream`, the others are named one and two, and have a
// listener each.
struct ThreeServers {
  RedisProcess servers[3];
  std::uint16_t ports[3] = {0, kit::free_port(), kit::free_port()};
  SlotwayProcess slotway;

  explicit ThreeServers(const std::string& more = {})
      : slotway(SLOTWAY_BINARY, servers[0].host_port(), {"--upstream-mode", "standalone", "--workers", "2"},
                yaml(more)) {
    ports[0] = slotway.port();
  }

  std::string yaml(const std::string& more) const {
    return "upstreams:\n  one: {mode: standalone, seeds: " + servers[1].host_port() +
           "}\n  two: {mode: standalone, seeds: " + servers[2].host_port() +
           "}\nlisteners:\n  - {listen: 127.0.0.1:" + std::to_string(ports[1]) +
           ", upstream: one, requirepass: word}\n  - {listen: 127.0.0.1:" + std::to_string(ports[2]) +
           ", upstream: two}\n" + more;
  }
  TestClient client(int listener) const { return TestClient(ports[listener], std::chrono::seconds(10)); }
};

}  // namespace

TEST_CASE("each listener's clients are at its upstream, with all that a client can do") {
  ThreeServers three;
  INFO(three.slotway.output());
  for (int i : {0, 1, 2}) {
    INFO(i);
    TestClient client = three.client(i);
    if (i == 1) {
      CHECK(client.text({"GET", "k"}) == "-NOAUTH Authentication required.");
      CHECK(client.text({"AUTH", "word"}) == "+OK");
    }
    CHECK(client.text({"SET", "k", std::to_string(i)}) == "+OK");
    CHECK(three.servers[i].client().text({"GET", "k"}) == "\"" + std::to_string(i) + "\"");
    // Connections set aside, databases, transactions, scripts
    CHECK(client.text({"WATCH", "k"}) == "+OK");
    CHECK(client.text({"MULTI"}) == "+OK");
    CHECK(client.text({"INCR", "k"}) == "+QUEUED");
    CHECK(client.text({"EXEC"}) == "[:" + std::to_string(i + 1) + "]");
    CHECK(client.text({"RPUSH", "q", "v"}) == ":1");
    CHECK(client.text({"BLPOP", "q", "1"}) == "[\"q\", \"v\"]");
    CHECK(client.text({"SELECT", "3"}) == "+OK");
    CHECK(client.text({"DBSIZE"}) == ":0");
    const std::string sha = client.text({"SCRIPT", "LOAD", "return 'x'"});
    CHECK(client.text({"EVALSHA", sha.substr(1, 40), "0"}) == "\"x\"");
    CHECK(client.text({"INFO", "server"}).find("tcp_port:" + std::to_string(three.ports[i])) !=
          std::string::npos);
  }
}

TEST_CASE("what is published at one upstream is heard there alone") {
  ThreeServers three;
  TestClient zero = three.client(0);
  TestClient two = three.client(2);
  CHECK(zero.text({"SUBSCRIBE", "c"}) == "[\"subscribe\", \"c\", :1]");
  CHECK(two.text({"SUBSCRIBE", "c"}) == "[\"subscribe\", \"c\", :1]");
  TestClient at_zero = three.client(0);
  TestClient at_two = three.client(2);
  CHECK(at_two.text({"PUBSUB", "NUMSUB", "c"}) == "[\"c\", :1]");
  CHECK(at_two.text({"PUBLISH", "c", "of two"}) == ":1");
  CHECK(at_zero.text({"PUBLISH", "c", "of zero"}) == ":1");
  CHECK(to_text(two.read()) == "[\"message\", \"c\", \"of two\"]");
  CHECK(to_text(zero.read()) == "[\"message\", \"c\", \"of zero\"]");
}

TEST_CASE("CLIENT UNBLOCK and tracking find their client's upstream") {
  ThreeServers three;
  TestClient blocked = three.client(2);
  const std::string id = blocked.text({"CLIENT", "ID"}).substr(1);
  blocked.send({"BLPOP", "nothing", "0"});
  TestClient asks = three.client(2);
  kit::wait_until("it blocks", std::chrono::seconds(5), [&] {
    return asks.text({"CLIENT", "UNBLOCK", id, "ERROR"}) == ":1";
  });
  TestClient other = three.client(0);
  CHECK(to_text(blocked.read()).starts_with("-UNBLOCKED"));

  TestClient told = three.client(2);
  const std::string told_id = told.text({"CLIENT", "ID"}).substr(1);
  CHECK(told.text({"SUBSCRIBE", "__redis__:invalidate"}).starts_with("[\"subscribe\""));
  TestClient tracking = three.client(2);
  CHECK(tracking.text({"CLIENT", "TRACKING", "ON", "REDIRECT", told_id}) == "+OK");
  CHECK(tracking.text({"GET", "t"}) == "nil");
  CHECK(other.text({"SET", "t", "v"}) == "+OK");  // the key of another upstream
  CHECK(three.client(2).text({"SET", "t", "v"}) == "+OK");
  CHECK(to_text(told.read()) == "[\"message\", \"__redis__:invalidate\", [\"t\"]]");
  CHECK(tracking.text({"GET", "t"}) == "\"v\"");
}

TEST_CASE("clients of one upstream neither see those of another nor can touch them") {
  ThreeServers three;
  TestClient zero = three.client(0);
  TestClient two = three.client(2);
  TestClient other = three.client(2);
  // A client that was answered has been accepted: only then must a list show it.
  const std::string id = zero.text({"CLIENT", "ID"}).substr(1);
  const std::string other_id = other.text({"CLIENT", "ID"}).substr(1);
  const std::string list = two.text({"CLIENT", "LIST"});
  CHECK(list.find("id=" + id + " ") == std::string::npos);
  CHECK(list.find("id=" + other_id + " ") != std::string::npos);
  CHECK(two.text({"CLIENT", "KILL", "ID", id}) == ":0");
  CHECK(two.text({"CLIENT", "UNBLOCK", id}) == ":0");
  CHECK(two.text({"CLIENT", "PAUSE", "60000", "WRITE"}) == "+OK");
  CHECK(zero.text({"SET", "k", "v"}) == "+OK");
  TestClient again = three.client(0);
  CHECK(again.text({"GET", "k"}) == "\"v\"");

  TestClient monitor = three.client(0);
  CHECK(monitor.text({"MONITOR"}) == "+OK");
  CHECK(two.text({"CLIENT", "UNPAUSE"}) == "+OK");
  CHECK(two.text({"SET", "hidden", "v"}) == "+OK");
  CHECK(zero.text({"SET", "shown", "v"}) == "+OK");
  CHECK(to_text(monitor.read()).find("\"shown\"") != std::string::npos);
}

TEST_CASE("an upstream that is away takes nobody else with it, and comes back") {
  ThreeServers three(
      "timeouts: {request: 300ms, connect: 300ms}\nfailover: {hold: 0}\n"
      "topology: {refresh_interval: 200ms}\n");
  TestClient zero = three.client(0);
  TestClient two = three.client(2);
  CHECK(two.text({"SET", "k", "v"}) == "+OK");
  three.servers[2].kill();
  CHECK(two.text({"GET", "k"}).starts_with("-"));
  for (int i = 0; i < 50; ++i) CHECK(zero.text({"SET", "k", std::to_string(i)}) == "+OK");
  CHECK(three.slotway.get("/healthz").status == 200);
  kit::wait_until("the look fails", std::chrono::seconds(5), [&] {
    return three.slotway.metric(
               "slotway_topology_refreshes_total{upstream=\"two\",reason=\"retry\",result=\"failed\"}") > 0;
  });
  CHECK(three.slotway.get("/readyz").status == 200);
  CHECK(three.slotway.output().find("topology of two: refresh failed") != std::string::npos);
}

TEST_CASE("an upstream that was never found keeps Slotway from being ready, and is named") {
  const RedisProcess server;
  const std::uint16_t nobody = kit::free_port();
  const std::uint16_t port = kit::free_port();
  const std::string yaml = "upstreams: {gone: {mode: standalone, seeds: 127.0.0.1:" + std::to_string(nobody) +
                           "}}\nlisteners: [{listen: 127.0.0.1:" + std::to_string(port) +
                           ", upstream: gone}]\n";
  std::string told;
  try {
    const SlotwayProcess slotway(SLOTWAY_BINARY, server.host_port(), {"--upstream-mode", "standalone"}, yaml);
  } catch (const std::runtime_error& error) {
    told = error.what();
  }
  CHECK(told.find("topology of gone: refresh failed") != std::string::npos);
}

TEST_CASE("a reload reaches the upstream and the listener that it names") {
  ThreeServers three;
  TestClient one = three.client(1);
  CHECK(one.text({"AUTH", "word"}) == "+OK");
  CHECK(one.text({"SET", "k", "1"}) == "+OK");
  RedisProcess moved;
  CHECK(moved.client().text({"SET", "k", "moved"}) == "+OK");
  std::string yaml = three.yaml("");
  const std::string seed = three.servers[1].host_port();
  yaml.replace(yaml.find(seed), seed.size(), moved.host_port());
  yaml.replace(yaml.find("requirepass: word"), 17, "requirepass: other");
  std::ofstream(three.slotway.config_file()) << yaml;
  three.slotway.signal(SIGHUP);
  kit::wait_until("the other server is used", std::chrono::seconds(10), [&] {
    return one.text({"GET", "k"}) == "\"moved\"";
  });
  CHECK(three.client(1).text({"AUTH", "word"}).starts_with("-WRONGPASS"));
  CHECK(three.client(1).text({"AUTH", "other"}) == "+OK");
  CHECK(three.client(2).text({"PING"}) == "+PONG");
}

}  // namespace slotway::integration
