// The map as the cluster changes: found again when all nodes have gone, and rid of nodes that have left.
#include "protocol/reply_errors.hpp"
#include "tests/inproc/scene.hpp"

namespace slotway::inproc {

TEST_CASE("requests before the first map wait for it") {
  kit::FakeCluster cluster(1);
  cluster[0].set_handler(always("+OK\r\n"));
  cluster[0].go_down();
  kit::InProcessProxy proxy(kit::inproc_config(cluster), false);
  TestClient client = proxy.client();
  client.send_raw(encode({"SET", "k", "1"}) + encode({"PING"}));
  CHECK(proxy.info("slots_covered") == "0");
  CHECK_FALSE(has_input(client));
  cluster[0].restart();
  CHECK(kit::to_text(client.read()) == "+OK");
  CHECK(kit::to_text(client.read()) == "+PONG");
}

TEST_CASE("without a map there is a clear error at the deadline") {
  const Args command =
      GENERATE(values<Args>({{"SET", "k", "1"}, {"FLUSHALL"}, {"SCAN", "0"}, {"SUBSCRIBE", "a"}}));
  kit::FakeCluster cluster(1);
  cluster[0].go_down();
  config::Config config = kit::inproc_config(cluster);
  config.timeouts.request = 200ms;
  kit::InProcessProxy proxy(config, false);
  TestClient client = proxy.client();
  CHECK(client.text(command) == "-" + std::string(protocol::errors::kUncovered));
}

TEST_CASE("when all known nodes are gone the seeds are asked again") {
  kit::FakeCluster cluster(2);
  const std::size_t seed = cluster.add_node();  // a name that always leads to a node
  config::Config config = kit::inproc_config(cluster);
  config.upstream.seeds = {{"127.0.0.1", cluster[0].port()}, {"localhost", cluster[seed].port()}};
  kit::InProcessProxy proxy(config);
  const std::string a = cluster.key(0);
  const std::string b = cluster.key(1);
  for (std::size_t i = 0; i < 2; ++i) cluster[i].set_handler(always(bulk("old")));
  TestClient client = proxy.client();
  CHECK(client.text({"GET", a}) == "\"old\"");
  CHECK(client.text({"GET", b}) == "\"old\"");

  const std::size_t new_a = cluster.add_node();
  const std::size_t new_b = cluster.add_node();
  cluster[new_a].set_handler(always(bulk("new a")));
  cluster[new_b].set_handler(always(bulk("new b")));
  cluster.move_all(0, new_a);
  cluster.move_all(1, new_b);
  cluster[0].go_down();
  cluster[1].go_down();
  CHECK(client.text({"GET", a}) == "\"new a\"");
  CHECK(client.text({"GET", b}) == "\"new b\"");
  CHECK(proxy.info("nodes") == "2");
}

TEST_CASE("what waits for a connection goes to the new owner of its slot at once") {
  Scene scene(2);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  speak_resp3(client);
  client.send({"SET", a, "1"});
  CHECK(words(scene.node(0).take()) == "HELLO 3");  // and is never answered
  scene.cluster.move_all(0, 1);
  TestClient other = scene.client();
  other.send({"GET", a});
  serve(scene.node(0), "GET " + a, scene.cluster.redirect("MOVED", a, 1));
  serve(scene.node(1), "GET " + a, bulk("0"));
  serve(scene.node(1), "HELLO 3", kHello);
  serve(scene.node(1), "SET " + a + " 1", "+OK\r\n");
  CHECK(kit::to_text(client.read()) == "+OK");
}

TEST_CASE("a node that has left the map answers what it has, then its connection is closed") {
  Scene scene(3);
  const std::string a = scene.cluster.key(0);
  const std::string b = scene.cluster.key(1);
  TestClient waits = scene.client();
  TestClient client = scene.client();
  waits.send({"GET", a});
  const auto pending = scene.node(0).take();

  scene.cluster.move_all(0, 2);
  client.send({"GET", b});
  serve(scene.node(1), "GET " + b, "-CLUSTERDOWN x\r\n");  // a reason to look at the map
  serve(scene.node(1), "GET " + b, bulk("b"));
  CHECK(kit::to_text(client.read()) == "\"b\"");
  scene.proxy.wait_for_info("nodes", "2");
  client.send({"GET", a});
  serve(scene.node(2), "GET " + a, bulk("new"));
  CHECK(kit::to_text(client.read()) == "\"new\"");

  CHECK(scene.node(0).open_connections() == 1);
  scene.node(0).send(pending, bulk("old"));
  CHECK(kit::to_text(waits.read()) == "\"old\"");
  scene.node(0).wait_for_open_connections(0);
}

TEST_CASE("a cluster without CLUSTER SHARDS is understood") {
  kit::FakeCluster cluster(3);
  cluster.speak_redis_6();
  kit::InProcessProxy proxy(kit::inproc_config(cluster));
  TestClient client = proxy.client();
  for (std::size_t i = 0; i < 3; ++i) {
    client.send({"GET", cluster.key(i)});
    serve(cluster[i], "GET " + cluster.key(i), bulk(std::to_string(i)));
    CHECK(client.read().text == std::to_string(i));
  }
}

TEST_CASE("several workers have the same map and serve their clients alike") {
  Scene scene(2, [](config::Config& config) { config.workers = 3; });
  for (std::size_t i = 0; i < 2; ++i) scene.node(i).set_handler(always(bulk(std::to_string(i))));
  std::vector<TestClient> clients;
  for (int i = 0; i < 9; ++i) clients.push_back(scene.client());
  for (TestClient& client : clients) {
    CHECK(client.text({"GET", scene.cluster.key(0)}) == "\"0\"");
    CHECK(client.text({"GET", scene.cluster.key(1)}) == "\"1\"");
  }
  // Each worker has a connection of its own.
  CHECK(scene.node(0).open_connections() == 3);
}

}  // namespace slotway::inproc
