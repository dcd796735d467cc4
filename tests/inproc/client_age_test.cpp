// client_max_age with nodes behind: who waits for something stays, the others go and may come again.
#include "tests/inproc/scene.hpp"

namespace slotway::inproc {

TEST_CASE("clients that are too old are closed, but not those that wait, watch, listen or monitor") {
  Scene scene(1, [](config::Config& config) { config.client.client_max_age = 1s; });
  TestClient idle = scene.known_client();
  TestClient blocked = scene.known_client();
  TestClient subscriber = scene.known_client();
  TestClient monitor = scene.known_client();
  TestClient watching = scene.known_client();
  TestClient busy = scene.known_client();
  subscriber.send({"SUBSCRIBE", "news"});
  serve(scene.node(0), "subscribe news", "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n");
  CHECK(kit::to_text(subscriber.read()) == "[\"subscribe\", \"news\", :1]");
  watching.send({"WATCH", "k"});
  serve(scene.node(0), "WATCH k", "+OK\r\n");
  CHECK(kit::to_text(watching.read()) == "+OK");
  blocked.send({"BLPOP", "list", "0"});
  const auto pop = scene.node(0).take();
  busy.send({"GET", "slow"});
  const auto get = scene.node(0).take();
  CHECK(monitor.text({"MONITOR"}) == "+OK");

  CHECK(idle.read_until_closed().empty());
  CHECK(scene.other.read_until_closed().empty());
  // Each would have been closed by now.
  TestClient later = scene.known_client();
  CHECK(later.read_until_closed().empty());
  CHECK(subscriber.text({"PING"}).starts_with("[\"pong\""));
  scene.node(0).send(get, bulk("1"));
  CHECK(busy.read_until_closed() == bulk("1"));
  scene.node(0).send(pop, "*2\r\n$4\r\nlist\r\n$1\r\na\r\n");
  CHECK(blocked.read_until_closed() == "*2\r\n$4\r\nlist\r\n$1\r\na\r\n");
  watching.send({"UNWATCH"});
  serve(scene.node(0), "UNWATCH", "+OK\r\n");
  CHECK(watching.read_until_closed() == "+OK\r\n");
  CHECK(kit::to_text(monitor.read()).find("PING") != std::string::npos);
}

}  // namespace slotway::inproc
