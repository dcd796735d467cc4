// Nodes that leave the map: nothing of them is left once they have answered what they were asked.
#include "tests/inproc/metrics.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::inproc {
namespace {

std::string address_of(FakeRedis& node) { return "127.0.0.1:" + std::to_string(node.port()); }

// Node 1 gives the worker a reason to look at the map; one in a tick is enough for it.
void give_reason(Scene& scene, TestClient& client) {
  const std::string b = scene.cluster.key(1);
  client.send({"GET", b});
  serve(scene.node(1), "GET " + b, "-CLUSTERDOWN x\r\n");
  serve(scene.node(1), "GET " + b, bulk("b"));
  CHECK(kit::to_text(client.read()) == "\"b\"");
}

void refresh(Scene& scene, TestClient& client, const std::string& nodes) {
  kit::wait_until("a map of " + nodes + " nodes", kit::kPatience, [&] {
    give_reason(scene, client);
    return scene.proxy.info("nodes") == nodes;
  });
}

}  // namespace

TEST_CASE("a node that has left the map leaves the metrics too, whether it is there or away") {
  const Metrics metrics;
  Scene scene(3, [&](config::Config& config) { metrics.serve(config); });
  const std::string a = scene.cluster.key(0);
  const std::string gone =
      "slotway_upstream_connections{upstream=\"default\",node=\"" + address_of(scene.node(0)) + "\"";
  const std::string stays =
      "slotway_upstream_connections{upstream=\"default\",node=\"" + address_of(scene.node(1)) + "\"";
  TestClient client = scene.client();
  client.send({"GET", a});
  serve(scene.node(0), "GET " + a, bulk("1"));
  CHECK(kit::to_text(client.read()) == "\"1\"");
  CHECK(metrics.scrape().find(gone) != std::string::npos);
  const bool away = GENERATE(false, true);
  INFO("away: " << away);
  TestClient waits = scene.client();
  if (away) {
    scene.node(0).go_down();
    waits.send({"GET", a});
    kit::wait_until("an attempt that fails", kit::kPatience,
                    [&] { return metrics.value("slotway_upstream_connect_failures_total") > 0; });
  }
  scene.cluster.move_all(0, 2);
  refresh(scene, client, "2");
  if (away) {
    serve(scene.node(2), "GET " + a, bulk("2"));
    CHECK(kit::to_text(waits.read()) == "\"2\"");
  }
  kit::wait_until("the connection's end", kit::kPatience,
                  [&] { return metrics.scrape().find(gone) == std::string::npos; });
  scene.node(0).wait_for_open_connections(0);
  CHECK(metrics.scrape().find(stays) != std::string::npos);
}

TEST_CASE("a node that comes back into the map before it has answered keeps its connection") {
  Scene scene(4);
  const std::string a = scene.cluster.key(0);
  TestClient waits = scene.client();
  TestClient client = scene.client();
  waits.send({"GET", a});
  const auto pending = scene.node(0).take();
  scene.cluster.move_all(0, 2);
  refresh(scene, client, "3");
  scene.cluster.move_all(2, 0);
  scene.cluster.move_all(3, 1);
  refresh(scene, client, "2");
  client.send({"GET", a});
  CHECK(words(scene.node(0).take()) == "GET " + a);
  scene.node(0).send(pending, bulk("1") + bulk("2"));
  CHECK(kit::to_text(waits.read()) == "\"1\"");
  CHECK(kit::to_text(client.read()) == "\"2\"");
  // More than a tick later it is still the same one.
  const std::size_t before = scene.cluster.refreshes();
  kit::wait_until("refreshes", kit::kPatience, [&] {
    give_reason(scene, client);
    return scene.cluster.refreshes() >= before + 2;
  });
  client.send({"GET", a});
  CHECK(serve(scene.node(0), "GET " + a, bulk("3")).connection == pending.connection);
  CHECK(kit::to_text(client.read()) == "\"3\"");
}

}  // namespace slotway::inproc
