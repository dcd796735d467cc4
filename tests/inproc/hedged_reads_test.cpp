// Reads that a replica is late with are asked of another node too (upstream.hedged_reads).
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>

#include "routing/hedge_policy.hpp"
#include "tests/inproc/scene.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::inproc {
namespace {

// Answers at once until it is told to wait for the test.
FakeRedis::Handler answering(const std::string& value, const std::shared_ptr<std::atomic<bool>>& hangs) {
  return [value, hangs](const FakeRedis::Request& request) -> std::optional<FakeRedis::Reaction> {
    if (request.args[0] == "READONLY") return FakeRedis::Reaction{"+OK\r\n"};
    if (*hangs) return std::nullopt;
    return FakeRedis::Reaction{bulk(value)};
  };
}

// A primary and replicas, of which node 1 hangs when it is told to; enough is known of their latencies.
struct Hedging {
  explicit Hedging(std::size_t replicas, config::ReadFrom read_from = config::ReadFrom::prefer_replica) {
    for (std::size_t i = 0; i < replicas; ++i) cluster.add_replica(0);
    cluster[0].set_handler(answering("of node 0", none));
    for (std::size_t i = 1; i <= replicas; ++i)
      cluster[i].set_handler(answering("of node " + std::to_string(i), i == 1 ? hangs : none));
    config::Config config = kit::inproc_config(cluster);
    config.upstream.read_from = read_from;
    config.upstream.hedged_reads = true;
    config.upstream.hedge_budget = 100;
    proxy.emplace(config);
    client.emplace(proxy->client());
    kit::wait_until("replicas serve", 20s, [&] { return read() != "\"of node 0\""; });
    for (std::uint32_t i = 0; i < 2 * routing::HedgePolicy::kEnough; ++i) read();
    *hangs = true;
  }

  std::string read() { return client->text({"GET", "k"}); }
  // The next one whose turn it is at node 1; what it is answered.
  std::string read_at_node_1() {
    const auto asked = [this] { return count_lines(cluster[1].history(), "GET k"); };
    for (const std::size_t before = asked();;) {
      const std::string reply = read();
      if (asked() != before) return reply;
    }
  }

  std::shared_ptr<std::atomic<bool>> hangs = std::make_shared<std::atomic<bool>>(false);
  std::shared_ptr<std::atomic<bool>> none = std::make_shared<std::atomic<bool>>(false);
  kit::FakeCluster cluster{1};
  std::optional<kit::InProcessProxy> proxy;
  std::optional<TestClient> client;
};

}  // namespace

TEST_CASE("what a replica is late with another one answers, and the late reply reaches nobody") {
  Hedging hedging(2);
  for (int i = 0; i < 3; ++i) CHECK(hedging.read_at_node_1() == "\"of node 2\"");
  *hedging.hangs = false;
  for (int i = 0; i < 3; ++i) hedging.cluster[1].send(hedging.cluster[1].take(), bulk("too late"));
  for (int i = 0; i < 20; ++i) CHECK(hedging.read().starts_with("\"of node "));
}

TEST_CASE("with one replica it is the primary that answers what the replica is late with") {
  Hedging hedging(1);
  CHECK(hedging.read_at_node_1() == "\"of node 0\"");
}

TEST_CASE("a late reply that comes before the other's is delivered, once") {
  Hedging hedging(1);
  const auto slow = std::make_shared<std::atomic<bool>>(true);
  hedging.cluster[0].set_handler(answering("of node 0", slow));
  hedging.client->send({"GET", "k"});
  const FakeRedis::Request first = hedging.cluster[1].take();
  const FakeRedis::Request second = hedging.cluster[0].take();
  hedging.cluster[1].send(first, bulk("late"));
  CHECK(kit::to_text(hedging.client->read()) == "\"late\"");
  hedging.cluster[0].send(second, bulk("not wanted"));
  *hedging.hangs = false;
  *slow = false;
  for (int i = 0; i < 20; ++i) CHECK(hedging.read().starts_with("\"of node "));
}

TEST_CASE("a hedged read's reply that waits behind another command's is not filled twice") {
  Hedging hedging(2);
  for (const std::size_t node : {0u, 2u}) hedging.cluster[node].set_handler(answering("", hedging.hangs));
  hedging.client->send_raw(encode({"SET", "held", "v"}) + encode({"GET", "k"}));
  const FakeRedis::Request set = hedging.cluster[0].take();
  const FakeRedis::Request one = hedging.cluster[1].take();
  const FakeRedis::Request two = hedging.cluster[2].take();
  TestClient other = hedging.proxy->client();
  hedging.cluster[2].send(two, bulk("first"));
  CHECK(other.text({"PING"}) == "+PONG");
  hedging.cluster[1].send(one, bulk("second"));
  CHECK(other.text({"PING"}) == "+PONG");
  hedging.cluster[0].send(set, "+OK\r\n");
  CHECK(kit::to_text(hedging.client->read()) == "+OK");
  CHECK(kit::to_text(hedging.client->read()) == "\"first\"");
  CHECK(hedging.client->text({"PING"}) == "+PONG");
}

TEST_CASE("where only replicas are to serve, the primary is asked for nothing that the one is late with") {
  Hedging hedging(1, config::ReadFrom::replica);
  hedging.client->send({"GET", "k"});
  const FakeRedis::Request late = hedging.cluster[1].take();
  const auto begin = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - begin < 50ms) CHECK_FALSE(hedging.proxy->info("clients").empty());
  CHECK(count_lines(hedging.cluster[0].history(), "GET k") == 0);
  hedging.cluster[1].send(late, bulk("of node 1"));
  CHECK(kit::to_text(hedging.client->read()) == "\"of node 1\"");
}

}  // namespace slotway::inproc
