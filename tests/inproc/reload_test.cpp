// A configuration that changes while clients are there: what holds for whom, and from when on.
#include "protocol/reply_errors.hpp"
#include "tests/inproc/scene.hpp"

namespace slotway::inproc {
namespace {

const std::string kNoAuth = "-" + std::string(protocol::errors::kNoAuth);
const std::string kWrongPass = "-" + std::string(protocol::errors::kWrongPass);

// A proxy whose configuration the test holds.
struct Reloading {
  kit::FakeCluster cluster;
  config::Config config;
  kit::InProcessProxy proxy;

  explicit Reloading(std::size_t nodes = 1, const Scene::Adjust& adjust = {})
      : cluster(nodes), config(adjusted(cluster, adjust)), proxy(config) {}

  void reload(const Scene::Adjust& adjust) {
    adjust(config);
    proxy.reload(config);
  }

 private:
  // The nodes ask for the password that is configured.
  static config::Config adjusted(kit::FakeCluster& cluster, const Scene::Adjust& adjust) {
    config::Config config = kit::inproc_config(cluster);
    if (adjust) adjust(config);
    cluster.require_password(config.upstream.password);
    return config;
  }
};

Scene::Adjust requirepass(const std::string& password) {
  return [password](config::Config& config) { config.client.requirepass = password; };
}

}  // namespace

TEST_CASE("another client password is asked of those who log in from then on") {
  Reloading scene;
  TestClient early = scene.proxy.client();
  CHECK(early.text({"PING"}) == "+PONG");

  scene.reload(requirepass("one"));
  CHECK(early.text({"PING"}) == "+PONG");
  TestClient first = scene.proxy.client();
  CHECK(first.text({"PING"}) == kNoAuth);
  CHECK(first.text({"AUTH", "one"}) == "+OK");

  scene.reload(requirepass("two"));
  CHECK(first.text({"PING"}) == "+PONG");
  TestClient second = scene.proxy.client();
  CHECK(second.text({"AUTH", "one"}) == kWrongPass);
  CHECK(second.text({"PING"}) == kNoAuth);
  CHECK(second.text({"AUTH", "two"}) == "+OK");
  CHECK(first.text({"RESET"}) == "+RESET");
  CHECK(first.text({"PING"}) == kNoAuth);

  scene.reload(requirepass(""));
  CHECK(first.text({"PING"}) == "+PONG");
  CHECK(scene.proxy.client().text({"PING"}) == "+PONG");
  const std::string log = scene.proxy.log();
  CHECK(log.find("configuration reloaded (asked): requirepass: (not set) -> (set)\n") != std::string::npos);
  CHECK(log.find("configuration reloaded (asked): requirepass: changed\n") != std::string::npos);
}

TEST_CASE("another password of the nodes is used for connections to come, to nodes and for maps") {
  Reloading scene(1, [](config::Config& config) { config.upstream.password = "old"; });
  scene.cluster[0].set_handler(always(bulk("1")));
  TestClient client = scene.proxy.client();
  CHECK(client.text({"GET", "k"}) == "\"1\"");

  scene.cluster.require_password("new");
  scene.reload([](config::Config& config) { config.upstream.password = "new"; });
  scene.cluster[0].close_connections();
  CHECK(client.text({"GET", "k"}) == "\"1\"");
  const std::size_t refreshes = scene.cluster.refreshes();
  scene.reload([](config::Config& config) { config.topology.refresh_interval = 10ms; });
  const auto deadline = std::chrono::steady_clock::now() + kit::kPatience;
  while (scene.cluster.refreshes() < refreshes + 2 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  CHECK(scene.cluster.refreshes() >= refreshes + 2);
  CHECK(scene.proxy.log().find("WRONGPASS") == std::string::npos);
}

TEST_CASE("options of requests hold for clients that are there") {
  Reloading scene(2);
  TestClient client = scene.proxy.client();
  const std::string a = scene.cluster.key(0);
  const std::string b = scene.cluster.key(1);
  scene.cluster[0].set_handler(always("+OK\r\n"));
  scene.cluster[1].set_handler(always("+OK\r\n"));
  CHECK(client.text({"MSET", a, "1", b, "2"}) == "+OK");
  CHECK(client.text({"DEBUG", "SLEEP", "0"}).starts_with("-ERR DEBUG"));
  scene.reload([](config::Config& config) {
    config.multikey.mset = config::CrossSlotWrites::reject;
    config.client.debug_command = config::DebugCommand::allow;
    config.limits.max_arguments = 10;
    config.client.cluster_view = config::ClusterViewMode::nodes;
  });
  CHECK(client.text({"MSET", a, "1", b, "2"}).starts_with("-CROSSSLOT"));
  CHECK(client.text({"DEBUG", "SLEEP", "0"}) == "+OK");
  CHECK(client.command({"CLUSTER", "SLOTS"}).elements.size() == 2);
  client.send_raw("*11\r\n");
  CHECK(client.read_until_closed().starts_with("-ERR Protocol error: invalid multibulk length"));
}

TEST_CASE("the time of a request is that of the moment at which it comes") {
  Reloading scene;
  TestClient client = scene.proxy.client();
  scene.reload([](config::Config& config) { config.timeouts.request = 100ms; });
  CHECK(client.text({"GET", "k"}) == "-" + std::string(protocol::errors::kTimeout));
}

TEST_CASE("a lower limit of clients refuses new ones, and closes none that is there") {
  Reloading scene(1, [](config::Config& config) { config.limits.max_clients = 100; });
  TestClient one = scene.proxy.client();
  TestClient two = scene.proxy.client();
  CHECK(one.text({"PING"}) == "+PONG");
  CHECK(two.text({"PING"}) == "+PONG");
  scene.reload([](config::Config& config) { config.limits.max_clients = 1; });
  CHECK(scene.proxy.client().read_until_closed() == "-ERR max number of clients reached\r\n");
  CHECK(one.text({"PING"}) == "+PONG");
  CHECK(two.text({"PING"}) == "+PONG");
  scene.reload([](config::Config& config) { config.limits.max_clients = 100; });
  CHECK(scene.proxy.client().text({"PING"}) == "+PONG");
}

TEST_CASE("clients that are there can become too idle or too old") {
  Reloading scene;
  TestClient idle = scene.proxy.client();
  CHECK(idle.text({"PING"}) == "+PONG");
  SECTION("idle") {
    scene.reload([](config::Config& config) { config.timeouts.client_idle = 50ms; });
  }
  SECTION("old") {
    scene.reload([](config::Config& config) { config.client.client_max_age = 50ms; });
  }
  CHECK(idle.read_until_closed().empty());
}

TEST_CASE("what needs a restart stays, and is told each time") {
  Reloading scene;
  const auto other_workers = [](config::Config& config) { config.workers = 2; };
  scene.reload(other_workers);
  scene.reload(other_workers);
  CHECK(scene.proxy.info("workers") == "1");
  CHECK(count_lines(scene.proxy.log(), "configuration reloaded (asked): workers: 1 -> 2 (needs a restart)") ==
        2);
  scene.reload([](config::Config& config) {
    config.workers = 1;
    config.topology.refresh_interval = 2h;
  });
  CHECK(count_lines(scene.proxy.log(),
                    "configuration reloaded (asked): topology.refresh_interval: 1h -> 2h") == 1);
  scene.reload([](config::Config&) {});
  CHECK(count_lines(scene.proxy.log(), "configuration reloaded (asked): nothing has changed") == 1);
}

}  // namespace slotway::inproc
