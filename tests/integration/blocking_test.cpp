// Clients that block on a real cluster: nobody else waits, nothing is lost, and a failover is not their
// business.
#include <catch2/catch.hpp>
#include <set>
#include <thread>

#include "tests/integration/proxied_cluster.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::integration {
namespace {

using kit::Args;
using kit::TestClient;

// Blocked clients that the nodes know of.
long long blocked_on_nodes(ProxiedCluster& proxied) {
  long long sum = 0;
  for (std::size_t i = 0; i < kit::ClusterProcess::kNodes; ++i) {
    if (!proxied.cluster.node(i).running()) continue;
    const std::string info = proxied.cluster.node(i).command({"INFO", "clients"}).text;
    sum += std::stoll(info.substr(info.find("blocked_clients:") + 16));
  }
  return sum;
}

void wait_until_blocked(ProxiedCluster& proxied, long long count) {
  kit::wait_until("blocked clients", std::chrono::seconds(20),
                  [&] { return blocked_on_nodes(proxied) == count; });
}

}  // namespace

TEST_CASE("every blocking command waits, and is answered as by one server") {
  ProxiedCluster proxied;
  TestClient other = proxied.client();
  struct Row {
    const char* blocks;
    const char* wakes;
    const char* reply;
  };
  for (const Row& row : std::vector<Row>{
           {"BLPOP {t}l {t}m 0", "RPUSH {t}l a", "[\"{t}l\", \"a\"]"},
           {"BRPOP {t}l 0", "RPUSH {t}l a", "[\"{t}l\", \"a\"]"},
           {"BLMOVE {t}l {t}r LEFT RIGHT 0", "RPUSH {t}l a", "\"a\""},
           {"BRPOPLPUSH {t}l {t}r 0", "RPUSH {t}l a", "\"a\""},
           {"BLMPOP 0 1 {t}l LEFT COUNT 2", "RPUSH {t}l a b", "[\"{t}l\", [\"a\", \"b\"]]"},
           {"BZPOPMIN {t}z 0", "ZADD {t}z 1 m", "[\"{t}z\", \"m\", \"1\"]"},
           {"BZPOPMAX {t}z 0", "ZADD {t}z 1 m", "[\"{t}z\", \"m\", \"1\"]"},
           {"BZMPOP 0 1 {t}z MIN", "ZADD {t}z 1 m", "[\"{t}z\", [[\"m\", \"1\"]]]"},
           {"XREAD BLOCK 0 STREAMS {t}x $", "XADD {t}x 1-1 f v", "[[\"{t}x\", [[\"1-1\", [\"f\", \"v\"]]]]]"},
       }) {
    INFO(row.blocks);
    TestClient blocked = proxied.client();
    blocked.send(words(row.blocks));
    wait_until_blocked(proxied, 1);
    CHECK(other.text({"PING"}) == "+PONG");
    CHECK_FALSE(other.command(words(row.wakes)).is_error());
    CHECK(kit::to_text(blocked.read()) == row.reply);
  }
  TestClient impatient = proxied.client();
  CHECK(impatient.text({"BLPOP", "nothing", "0.01"}) == "nil");
  CHECK(impatient.text({"BLPOP", "nothing", "-1"}) == "-ERR timeout is negative");
  CHECK(impatient.text({"BLPOP", "nothing", "x"}) == "-ERR timeout is not a float or out of range");
  CHECK(impatient.text({"BLPOP", "a", "b", "0"}) == "-CROSSSLOT Keys in request don't hash to the same slot");
}

TEST_CASE("a client that leaves while it blocks takes no element") {
  ProxiedCluster proxied;
  TestClient other = proxied.client();
  for (int round = 0; round < 20; ++round) {
    {
      TestClient leaver = proxied.client();
      leaver.send({"BLPOP", "queue", "0"});
      wait_until_blocked(proxied, 1);
    }
    wait_until_blocked(proxied, 0);
    REQUIRE(other.text({"RPUSH", "queue", "x"}) == ":1");
    REQUIRE(other.text({"LPOP", "queue"}) == "\"x\"");
  }
}

TEST_CASE("blocked clients are served after a failover") {
  ProxiedCluster proxied;
  std::vector<TestClient> blocked;
  for (int i = 0; i < 12; ++i) {
    blocked.push_back(proxied.client());
    blocked.back().send({"BLPOP", "queue" + std::to_string(i), "0"});
  }
  wait_until_blocked(proxied, 12);
  for (std::size_t primary = 0; primary < kit::ClusterProcess::kPrimaries; ++primary) {
    proxied.cluster.failover(primary + kit::ClusterProcess::kPrimaries);
  }
  wait_until_blocked(proxied, 12);
  TestClient other = proxied.client();
  for (int i = 0; i < 12; ++i) {
    const std::string queue = "queue" + std::to_string(i);
    REQUIRE(other.text({"RPUSH", queue, "x"}) == ":1");
    CHECK(kit::to_text(blocked[static_cast<std::size_t>(i)].read()) == "[\"" + queue + "\", \"x\"]");
  }
}

TEST_CASE("optimistic locking loses no update") {
  ProxiedCluster proxied;
  constexpr int kClients = 4;
  constexpr int kRounds = 100;
  std::vector<std::thread> clients;
  std::vector<std::string> wrong(kClients);
  for (int c = 0; c < kClients; ++c) {
    clients.emplace_back([&, c] {
      TestClient client = proxied.client();
      for (int done = 0; done < kRounds;) {
        if (client.text({"WATCH", "{n}total"}) != "+OK") wrong[static_cast<std::size_t>(c)] = "WATCH";
        const kit::Reply total = client.command({"GET", "{n}total"});
        const long long next = (total.text.empty() ? 0 : std::stoll(total.text)) + 1;
        client.command({"MULTI"});
        client.command({"SET", "{n}total", std::to_string(next)});
        const std::string reply = client.text({"EXEC"});
        if (reply == "[+OK]") ++done;
        if (reply != "[+OK]" && reply != "nil") return void(wrong[static_cast<std::size_t>(c)] = reply);
      }
    });
  }
  for (std::thread& client : clients) client.join();
  CHECK(wrong == std::vector<std::string>(kClients));
  CHECK(proxied.client().text({"GET", "{n}total"}) == "\"" + std::to_string(kClients * kRounds) + "\"");
  // Few connections, used again and again.
  CHECK(proxied.slotway.metric("slotway_upstream_connects_total") < 40);
}

}  // namespace slotway::integration
