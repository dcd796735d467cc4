// Reads by read_from nearest, with nodes that say in which zone they are, as Valkey 8 does.
#include <algorithm>
#include <optional>

#include "tests/inproc/scene.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::inproc {
namespace {

// A primary in zone a, and replicas that are in b and in c.
struct ThreeZones {
  explicit ThreeZones(const std::function<void(config::UpstreamConfig&)>& adjust) {
    cluster.add_replica(0);
    cluster.add_replica(0);
    for (std::size_t node = 0; node < 3; ++node) {
      cluster.announce_zone(node, std::string(1, static_cast<char>('a' + node)));
      cluster[node].set_handler([](const FakeRedis::Request& request) {
        return FakeRedis::Reaction{request.args[0] == "READONLY" ? "+OK\r\n" : bulk("v")};
      });
    }
    config::Config config = kit::inproc_config(cluster);
    config.upstream.read_from = config::ReadFrom::nearest;
    adjust(config.upstream);
    proxy.emplace(config);
    client.emplace(proxy->client());
  }

  std::size_t reads_of(std::size_t node) {
    const std::string history = cluster[node].history();
    return count_lines(history, "GET k");
  }
  // Until it serves twenty reads in a row.
  void wait_until_all_are_served_by(std::size_t node) {
    kit::wait_until("reads are served by node " + std::to_string(node), 20s, [&] {
      const std::size_t before = reads_of(node);
      for (int i = 0; i < 20; ++i) CHECK(client->text({"GET", "k"}) == "\"v\"");
      return reads_of(node) - before == 20;
    });
  }

  kit::FakeCluster cluster{1};
  std::optional<kit::InProcessProxy> proxy;
  std::optional<TestClient> client;
};

}  // namespace

TEST_CASE("the nearest node is one that says it is in this zone") {
  struct Case {
    std::string zone;
    std::size_t node;
  };
  const Case c = GENERATE(Case{"a", 0}, Case{"b", 1}, Case{"c", 2});
  INFO("zone " << c.zone);
  ThreeZones zones([&](config::UpstreamConfig& upstream) { upstream.zone = c.zone; });
  zones.wait_until_all_are_served_by(c.node);
}

TEST_CASE("what a rule says of a node's zone counts more than what the node says") {
  ThreeZones zones([](config::UpstreamConfig& upstream) {
    upstream.zone = "c";
    upstream.zones = {{"127.0.0.2", "c"}, {"127.0.0.0/8", "elsewhere"}};
  });
  zones.cluster.move(1, "127.0.0.2");
  zones.wait_until_all_are_served_by(1);
}

}  // namespace slotway::inproc
