// Clients of both protocols at once: each is answered in its own, on connections of its own kind.
#include "tests/inproc/scene.hpp"

namespace slotway::inproc {

TEST_CASE("a node is asked in the client's protocol") {
  Scene scene(1);
  const std::string a = scene.cluster.key(0);
  TestClient two = scene.client();
  TestClient three = scene.client();
  speak_resp3(three);

  two.send({"HGETALL", a});
  const auto in_two = serve(scene.node(0), "HGETALL " + a, "*2\r\n+f\r\n+v\r\n");
  CHECK(two.read_raw(12) == "*2\r\n+f\r\n+v\r\n");
  three.send({"HGETALL", a});
  const auto greeting = serve(scene.node(0), "HELLO 3", kHello);
  const auto in_three = serve(scene.node(0), "HGETALL " + a, "%1\r\n+f\r\n+v\r\n");
  CHECK(three.read_raw(12) == "%1\r\n+f\r\n+v\r\n");
  CHECK(in_three.connection == greeting.connection);
  CHECK(in_three.connection != in_two.connection);

  two.send({"GET", a});
  CHECK(serve(scene.node(0), "GET " + a, "$-1\r\n").connection == in_two.connection);
  CHECK(two.read_raw(5) == "$-1\r\n");
  three.send({"GET", a});
  CHECK(serve(scene.node(0), "GET " + a, "_\r\n").connection == in_three.connection);
  CHECK(three.read_raw(3) == "_\r\n");
}

TEST_CASE("a client that changes its protocol keeps its order") {
  Scene scene(1);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  client.send_raw(encode({"SET", a, "1"}) + encode({"HELLO", "3"}) + encode({"SET", a, "2"}));
  const auto first = scene.node(0).take();
  scene.barrier();
  CHECK(scene.node(0).is_quiet());
  scene.node(0).send(first, "+OK\r\n");
  serve(scene.node(0), "HELLO 3", kHello);
  serve(scene.node(0), "SET " + a + " 2", "+OK\r\n");
  CHECK(client.read_raw(9) == "+OK\r\n%7\r\n");
}

TEST_CASE("splits, redirects and transactions stay in the protocol") {
  Scene scene(2, never_refresh);
  const std::string a = scene.cluster.key(0);
  const std::string b = scene.cluster.key(1);
  for (std::size_t i = 0; i < 2; ++i) {
    scene.node(i).set_handler([](const FakeRedis::Request& request) -> std::optional<FakeRedis::Reaction> {
      if (request.args[0] != "HELLO") return std::nullopt;
      return FakeRedis::Reaction{kHello};
    });
  }
  TestClient client = scene.client();
  speak_resp3(client);
  SECTION("MGET") {
    client.send({"MGET", a, b});
    serve(scene.node(0), "MGET " + a, "*1\r\n_\r\n");
    serve(scene.node(1), "MGET " + b, "*1\r\n$1\r\nb\r\n");
    CHECK(client.read_raw(14) == "*2\r\n_\r\n$1\r\nb\r\n");
  }
  SECTION("MOVED") {
    client.send({"SMEMBERS", a});
    serve(scene.node(0), "SMEMBERS " + a, scene.cluster.redirect("MOVED", a, 1));
    serve(scene.node(1), "SMEMBERS " + a, "~1\r\n+m\r\n");
    CHECK(client.read_raw(8) == "~1\r\n+m\r\n");
  }
  SECTION("a transaction") {
    client.send_raw(encode({"MULTI"}) + encode({"HGETALL", a}) + encode({"EXEC"}));
    serve(scene.node(0), "MULTI", "+OK\r\n");
    serve(scene.node(0), "HGETALL " + a, "+QUEUED\r\n");
    serve(scene.node(0), "EXEC", "*1\r\n%0\r\n");
    CHECK(client.read_raw(22) == "+OK\r\n+QUEUED\r\n*1\r\n%0\r\n");
  }
  SECTION("a watch that is lost") {
    client.send({"WATCH", a});
    serve(scene.node(0), "WATCH " + a, "+OK\r\n");
    client.send_raw(encode({"MULTI"}) + encode({"GET", a}) + encode({"EXEC"}));
    serve(scene.node(0), "MULTI", "+OK\r\n");
    serve(scene.node(0), "GET " + a, "+QUEUED\r\n");
    serve(scene.node(0), "EXEC", scene.cluster.redirect("MOVED", a, 1));
    CHECK(client.read_raw(22) == "+OK\r\n+OK\r\n+QUEUED\r\n_\r\n");
  }
}

}  // namespace slotway::inproc
