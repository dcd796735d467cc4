// The end: what is in flight is answered, nothing new is taken, and it does not last for ever.
#include "tests/inproc/scene.hpp"

namespace slotway::inproc {

TEST_CASE("a drain closes idle clients, serves busy ones until they have all replies, and accepts nobody") {
  Scene scene(2, [](config::Config& config) { config.timeouts.drain = 60s; });
  const std::string a = scene.cluster.key(0);
  const std::string b = scene.cluster.key(1);
  TestClient busy = scene.client();
  TestClient redirected = scene.client();
  busy.send_raw(encode({"GET", a}) + encode({"MGET", a, b}));
  const auto get = scene.node(0).take();
  const auto part = scene.node(0).take();
  const auto other_part = scene.node(1).take();
  redirected.send({"SET", b, "1"});
  const auto set = scene.node(1).take();

  scene.proxy.begin_stop();
  CHECK(scene.other.read_until_closed().empty());
  CHECK_THROWS_AS(scene.client(), kit::ClientError);
  CHECK_FALSE(scene.proxy.wait_stopped(0ms));

  busy.send({"SET", a, "late"});
  const auto late = scene.node(0).take();
  scene.node(0).send(get, bulk("1"));
  CHECK(kit::to_text(busy.read()) == "\"1\"");
  scene.node(1).send(other_part, "*1\r\n" + bulk("3"));
  scene.node(1).send(set, scene.cluster.redirect("MOVED", b, 0));
  serve(scene.node(0), "SET " + b + " 1");
  scene.node(0).send(part, "*1\r\n" + bulk("2"));
  CHECK(kit::to_text(busy.read()) == "[\"2\", \"3\"]");
  scene.node(0).send(late, "+OK\r\n+OK\r\n");
  CHECK(busy.read_until_closed() == "+OK\r\n");
  CHECK(redirected.read_until_closed() == "+OK\r\n");
  CHECK(scene.proxy.wait_stopped(kit::kPatience));
}

TEST_CASE("in the second half of a drain nothing more is taken from a client") {
  Scene scene(2, [](config::Config& config) { config.timeouts.drain = 3s; });
  const std::string a = scene.cluster.key(0);
  const std::string b = scene.cluster.key(1);
  TestClient busy = scene.client();
  TestClient watching = scene.client();
  busy.send({"GET", a});
  const auto get = scene.node(0).take();
  watching.send({"WATCH", b});
  serve(scene.node(1), "WATCH " + b, "+OK\r\n");
  scene.proxy.begin_stop();
  CHECK(watching.read_until_closed() == "+OK\r\n");  // when the first half is over
  busy.send({"SET", a, "late"});
  scene.node(0).send(get, bulk("1"));
  CHECK(busy.read_until_closed() == bulk("1"));
  CHECK(scene.proxy.wait_stopped(kit::kPatience));
  CHECK(scene.node(0).history() == "GET " + a + "\n");
}

TEST_CASE("a drain ends at its deadline") {
  Scene scene(1, [](config::Config& config) { config.timeouts.drain = 200ms; });
  TestClient client = scene.client();
  client.send({"GET", "k"});
  scene.node(0).take();
  scene.proxy.begin_stop();
  CHECK(scene.proxy.wait_stopped(kit::kPatience));
}

TEST_CASE("a drain serves what a client has sent whose reading was paused") {
  Scene scene(1, [](config::Config& config) {
    config.limits.max_inflight_per_client = 1;
    config.timeouts.drain = 60s;
  });
  TestClient client = scene.client();
  client.send_raw(encode({"INCR", "k"}) + encode({"INCRBY", "k", "2"}) + encode({"INCRBY", "k", "3"}));
  const auto first = scene.node(0).take();
  scene.node(0).set_handler(always(":9\r\n"));
  scene.proxy.begin_stop();
  CHECK(scene.other.read_until_closed().empty());
  scene.node(0).send(first, ":1\r\n");
  CHECK(client.read_until_closed() == ":1\r\n:9\r\n:9\r\n");
  CHECK(scene.proxy.wait_stopped(kit::kPatience));
}

TEST_CASE("a drain closes those that only wait: for an element, for messages, and monitors") {
  Scene scene(1, [](config::Config& config) { config.timeouts.drain = 60s; });
  TestClient blocked = scene.known_client();
  TestClient subscriber = scene.known_client();
  TestClient monitor = scene.known_client();
  subscriber.send({"SUBSCRIBE", "news"});
  serve(scene.node(0), "subscribe news", "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n");
  CHECK(kit::to_text(subscriber.read()) == "[\"subscribe\", \"news\", :1]");
  blocked.send({"BLPOP", "list", "0"});
  scene.node(0).take();
  CHECK(monitor.text({"MONITOR"}) == "+OK");
  scene.proxy.begin_stop();
  CHECK(blocked.read_until_closed().empty());
  CHECK(subscriber.read_until_closed().empty());
  CHECK(monitor.read_until_closed().empty());
  CHECK(scene.proxy.wait_stopped(kit::kPatience));
}

TEST_CASE("a proxy without a map stops at once") {
  kit::FakeCluster cluster(1);
  cluster[0].go_down();
  kit::InProcessProxy proxy(kit::inproc_config(cluster), false);
  proxy.begin_stop();
  CHECK(proxy.wait_stopped(kit::kPatience));
}

}  // namespace slotway::inproc
