// CLIENT NO-TOUCH: what such a client asks goes out on connections whose nodes have been told.
#include "tests/inproc/scene.hpp"

namespace slotway::inproc {

namespace {

const std::string kNoTouch = "CLIENT NO-TOUCH ON";

}  // namespace

TEST_CASE("a client with NO-TOUCH has connections of its own kind, until it says OFF") {
  Scene scene(1, {}, "7.2.4");
  const std::string a = scene.cluster.key(0);
  TestClient plain = scene.client();
  TestClient client = scene.client();
  plain.send({"GET", a});
  const auto touching = serve(scene.node(0), "GET " + a, "+1\r\n");
  CHECK(plain.read_raw(4) == "+1\r\n");

  REQUIRE(client.text({"CLIENT", "NO-TOUCH", "ON"}) == "+OK");
  client.send({"GET", a});
  const auto told = serve(scene.node(0), kNoTouch, "+OK\r\n");
  const auto quiet = serve(scene.node(0), "GET " + a, "+2\r\n");
  CHECK(client.read_raw(4) == "+2\r\n");
  CHECK(quiet.connection == told.connection);
  CHECK(quiet.connection != touching.connection);

  plain.send({"GET", a});
  CHECK(serve(scene.node(0), "GET " + a, "+3\r\n").connection == touching.connection);
  CHECK(plain.read_raw(4) == "+3\r\n");
  const bool by_reset = GENERATE(false, true);
  if (by_reset) {
    REQUIRE(client.text({"RESET"}) == "+RESET");
  } else {
    REQUIRE(client.text({"CLIENT", "NO-TOUCH", "OFF"}) == "+OK");
  }
  client.send({"GET", a});
  CHECK(serve(scene.node(0), "GET " + a, "+4\r\n").connection == touching.connection);
  CHECK(client.read_raw(4) == "+4\r\n");
}

TEST_CASE("a client that says NO-TOUCH keeps its order") {
  Scene scene(1, {}, "7.2.4");
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  client.send_raw(encode({"SET", a, "1"}) + encode({"CLIENT", "NO-TOUCH", "ON"}) + encode({"GET", a}));
  const auto first = scene.node(0).take();
  scene.barrier();
  CHECK(scene.node(0).is_quiet());
  scene.node(0).send(first, "+OK\r\n");
  serve(scene.node(0), kNoTouch, "+OK\r\n");
  serve(scene.node(0), "GET " + a, "$1\r\n1\r\n");
  CHECK(client.read_raw(17) == "+OK\r\n+OK\r\n$1\r\n1\r\n");
}

TEST_CASE("a node that refuses NO-TOUCH serves the client all the same") {
  Scene scene(1, {}, "7.2.4");
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  REQUIRE(client.text({"CLIENT", "NO-TOUCH", "ON"}) == "+OK");
  client.send({"GET", a});
  serve(scene.node(0), kNoTouch,
        "-NOPERM this user has no permissions to run the 'client|no-touch' command\r\n");
  serve(scene.node(0), "GET " + a, "+1\r\n");
  CHECK(client.read_raw(4) == "+1\r\n");
}

TEST_CASE(
    "blocking commands, transactions and redirects of a client with NO-TOUCH are told to the node too") {
  Scene scene(2, never_refresh, "7.2.4");
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  REQUIRE(client.text({"CLIENT", "NO-TOUCH", "ON"}) == "+OK");
  SECTION("a blocking command") {
    client.send({"BLPOP", a, "0"});
    const auto told = serve(scene.node(0), kNoTouch, "+OK\r\n");
    CHECK(serve(scene.node(0), "BLPOP " + a + " 0", "*2\r\n+k\r\n+v\r\n").connection == told.connection);
    CHECK(client.read_raw(12) == "*2\r\n+k\r\n+v\r\n");
  }
  SECTION("a transaction") {
    client.send_raw(encode({"MULTI"}) + encode({"GET", a}) + encode({"EXEC"}));
    const auto told = serve(scene.node(0), kNoTouch, "+OK\r\n");
    CHECK(serve(scene.node(0), "MULTI", "+OK\r\n").connection == told.connection);
    serve(scene.node(0), "GET " + a, "+QUEUED\r\n");
    serve(scene.node(0), "EXEC", "*1\r\n+1\r\n");
    CHECK(client.read_raw(22) == "+OK\r\n+QUEUED\r\n*1\r\n+1\r\n");
  }
  SECTION("MOVED") {
    client.send({"GET", a});
    serve(scene.node(0), kNoTouch, "+OK\r\n");
    serve(scene.node(0), "GET " + a, scene.cluster.redirect("MOVED", a, 1));
    const auto told = serve(scene.node(1), kNoTouch, "+OK\r\n");
    CHECK(serve(scene.node(1), "GET " + a, "+1\r\n").connection == told.connection);
    CHECK(client.read_raw(4) == "+1\r\n");
  }
}

}  // namespace slotway::inproc
