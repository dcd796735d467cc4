// Transactions through a real cluster: as on one server for keys of one slot, and atomic while slots move and
// nodes change roles.
#include <atomic>
#include <catch2/catch.hpp>
#include <functional>
#include <thread>

#include "tests/integration/proxied_cluster.hpp"

namespace slotway::integration {
namespace {

using kit::Args;
using kit::Reply;
using kit::TestClient;

struct Tally {
  long long done = 0;
  std::string wrong;  // the first reply that was not as it had to be
};

// Counts two keys of one slot up together, in one write, until `stop`; reads them together again.
Tally count_in_pairs(std::uint16_t port, int number, const std::atomic<bool>& stop) {
  TestClient client(port, std::chrono::seconds(20));
  Tally tally;
  for (long long round = 0; !stop && tally.wrong.empty(); ++round) {
    const std::string tag = "{" + std::to_string(number) + ":" + std::to_string(round % 100) + "}";
    const std::string expected = ":" + std::to_string(round / 100 + 1);
    const std::vector<Reply> replies =
        client.pipeline({{"MULTI"}, {"INCR", tag + "a"}, {"INCR", tag + "b"}, {"EXEC"}, {"PING"}});
    std::string text;
    for (const Reply& reply : replies) text += kit::to_text(reply) + " ";
    if (text != "+OK +QUEUED +QUEUED [" + expected + ", " + expected + "] +PONG ") tally.wrong = text;
    ++tally.done;
  }
  return tally;
}

// Runs `change` while four clients count.
void check_atomic_while(std::uint16_t port, const std::function<void()>& change) {
  std::atomic<bool> stop = false;
  std::vector<Tally> tallies(4);
  std::vector<std::thread> clients;
  for (std::size_t i = 0; i < tallies.size(); ++i) {
    clients.emplace_back([&, i] { tallies[i] = count_in_pairs(port, static_cast<int>(i), stop); });
  }
  change();
  stop = true;
  for (std::thread& client : clients) client.join();
  for (const Tally& tally : tallies) {
    CHECK(tally.wrong == "");
    CHECK(tally.done > 100);
  }
}

}  // namespace

TEST_CASE("a transaction answers as one server does") {
  ProxiedCluster proxied;
  kit::RedisProcess server;
  TestClient through = proxied.client();
  TestClient direct = server.client();
  for (const char* const line :
       {"MULTI", "SET {t}a 1", "LPUSH {t}l x y", "BLPOP {t}l 0", "INCR {t}l", "GET {t}a", "PING hello",
        "EXEC", "EXEC", "DISCARD", "MULTI", "MULTI", "SET {t}a", "SET {t}a 2", "EXEC", "GET {t}a", "MULTI",
        "NOSUCH a b", "EXEC", "MULTI", "DEL {t}a {t}l", "DISCARD", "MULTI", "EXEC",
        // What Slotway answers itself, or asks of all nodes.
        "MULTI", "SET {t}a 1", "CLIENT SETNAME me", "CLIENT GETNAME", "DBSIZE", "MONITOR", "SELECT x",
        "CONFIG GET hz", "KEYS {t}a", "GET {t}a", "CLIENT NO-EVICT on", "PUBSUB NUMPAT", "EXEC",
        "CLIENT GETNAME", "MULTI", "CLIENT SETNAME other", "DISCARD", "CLIENT GETNAME", "MULTI",
        "CLIENT SETNAME 3", "CLIENT", "EXEC", "CLIENT GETNAME", "MULTI", "SUBSCRIBE {t}c", "CLIENT GETNAME",
        "EXEC", "UNSUBSCRIBE {t}c", "MULTI", "GET {t}a", "QUIT"}) {
    INFO(line);
    CHECK(through.text(words(line)) == direct.text(words(line)));
  }
}

TEST_CASE("transactions stay whole during a real reshard") {
  ProxiedCluster proxied;
  check_atomic_while(proxied.port(), [&] {
    for (std::size_t from = 0; from < kit::ClusterProcess::kPrimaries; ++from) {
      const auto moved = proxied.cluster.reshard(from, (from + 1) % kit::ClusterProcess::kPrimaries, 1000);
      REQUIRE(moved.exit_code == 0);
    }
  });
  CHECK(proxied.redirects("moved") + proxied.redirects("ask") > 0);
}

TEST_CASE("transactions stay whole over a failover on request") {
  ProxiedCluster proxied;
  check_atomic_while(proxied.port(), [&] {
    for (std::size_t primary = 0; primary < kit::ClusterProcess::kPrimaries; ++primary) {
      proxied.cluster.failover(primary + kit::ClusterProcess::kPrimaries);
    }
  });
}

}  // namespace slotway::integration
