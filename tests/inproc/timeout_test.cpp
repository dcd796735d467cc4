// Nodes that do not answer: each request has a deadline of its own, and late replies reach nobody.
#include "protocol/reply_errors.hpp"
#include "tests/inproc/scene.hpp"

namespace slotway::inproc {
namespace {

const std::string kTimedOut = "-" + std::string(protocol::errors::kTimeout);
const std::string kNotSent = "-" + std::string(protocol::errors::kNotSent);

}  // namespace

TEST_CASE("a late reply is swallowed, and the next client gets its own") {
  Scene scene(1, request_timeout(700ms));
  const std::string a = scene.cluster.key(0);
  TestClient slow = scene.client();
  TestClient next = scene.client();
  CHECK(slow.text({"GET", a}) == kTimedOut);
  const auto late = scene.node(0).take();
  next.send({"GET", a});
  const auto fresh = scene.node(0).take();
  CHECK(fresh.connection == late.connection);  // one time-out does not end the connection
  scene.node(0).send(late, bulk("late") + bulk("fresh"));
  CHECK(kit::to_text(next.read()) == "\"fresh\"");
  CHECK_FALSE(has_input(slow));
}

TEST_CASE("a connection on which nothing moves is closed after twice the time-out") {
  Scene scene(1, request_timeout(300ms));
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  CHECK(client.text({"SET", a, "1"}) == kTimedOut);
  const auto stuck = scene.node(0).take();
  scene.node(0).wait_for_open_connections(0);
  scene.node(0).set_handler(always(bulk("1")));
  CHECK(client.text({"GET", a}) == "\"1\"");
  CHECK(scene.node(0).history() == "SET " + a + " 1\nGET " + a + "\n");
  CHECK(stuck.connection < scene.node(0).accepted());
}

TEST_CASE("a fragment without an answer is one error for the whole command") {
  Scene scene(2, request_timeout(300ms));
  const std::string a = scene.cluster.key(0);
  const std::string b = scene.cluster.key(1);
  scene.node(1).set_handler(always(":1\r\n"));
  TestClient client = scene.client();
  client.send_raw(encode({"DEL", a, b}) + encode({"PING"}));
  CHECK(kit::to_text(client.read()) == kTimedOut + std::string(protocol::errors::kExecutedInPart));
  CHECK(client.text({"DEL", b}) == "+PONG");
  CHECK(kit::to_text(client.read()) == ":1");
}

TEST_CASE(
    "a node that is silent does not delay the others' clients, nor a client's other requests for ever") {
  Scene scene(2, request_timeout(500ms));
  const std::string a = scene.cluster.key(0);
  const std::string b = scene.cluster.key(1);
  scene.node(1).set_handler(always(bulk("b")));
  TestClient client = scene.client();
  TestClient stranger = scene.client();
  client.send_raw(encode({"GET", a}) + encode({"GET", b}));
  CHECK(stranger.text({"GET", b}) == "\"b\"");
  CHECK_FALSE(has_input(client));
  CHECK(kit::to_text(client.read()) == kTimedOut);
  CHECK(kit::to_text(client.read()) == "\"b\"");
}

TEST_CASE("a redirected request keeps its deadline behind younger ones") {
  Scene scene(2, [](config::Config& config) {
    config.timeouts.request = 1500ms;
    never_refresh(config);
  });
  const std::string a = scene.cluster.key(0);
  const std::string b = scene.cluster.key(1);
  TestClient older = scene.client();
  TestClient younger = scene.client();
  older.send({"GET", a});
  // The waits between these take a tenth of a second at least, and more than a tick in all.
  for (int i = 0; i < 8; ++i) serve(scene.node(0), "GET " + a, "-TRYAGAIN x\r\n");
  const auto redirected = scene.node(0).take();
  younger.send({"GET", b});
  const auto silent = scene.node(1).take();
  scene.node(0).send(redirected, scene.cluster.redirect("MOVED", a, 1));
  CHECK(words(scene.node(1).take()) == "GET " + a);
  CHECK(kit::to_text(older.read()) == kTimedOut);
  CHECK_FALSE(has_input(younger));
  scene.node(1).send(silent, bulk("b") + bulk("late"));
  CHECK(kit::to_text(younger.read()) == "\"b\"");
}

TEST_CASE("the deadline holds while a connection is being made") {
  kit::FakeCluster cluster(1);
  cluster.require_password("pw");
  config::Config config = kit::inproc_config(cluster);
  config.timeouts.request = 2s;
  config.timeouts.connect = 60s;
  config.upstream.password = "pw";
  kit::InProcessProxy proxy(config);
  FakeRedis& node = cluster[0];
  // AUTH is not answered: the connection is never ready.
  node.set_control({});
  TestClient client = proxy.client();
  CHECK(client.text({"SET", "k", "1"}) == kNotSent);
  // What was not sent then is not sent later. The control plane asks too.
  client.send({"GET", "k"});
  FakeRedis::Request request = node.take();
  for (; words(request) != "GET k"; request = node.take()) {
    CHECK(request.args[0] != "SET");
    if (request.args[0] == "AUTH") node.send(request, "+OK\r\n");
  }
  node.send(request, bulk("0"));
  CHECK(kit::to_text(client.read()) == "\"0\"");
}

TEST_CASE("an idle connection is probed, and replaced if it does not answer") {
  Scene scene(1, [](config::Config& config) {
    config.timeouts.request = 300ms;
    config.timeouts.upstream_idle_ping = 100ms;
  });
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  client.send({"GET", a});
  serve(scene.node(0), "GET " + a, bulk("1"));
  CHECK(kit::to_text(client.read()) == "\"1\"");
  serve(scene.node(0), "PING", "+PONG\r\n");
  serve(scene.node(0), "PING");
  scene.node(0).wait_for_open_connections(0);
  CHECK_FALSE(has_input(client));
}

}  // namespace slotway::inproc
