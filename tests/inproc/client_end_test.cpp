// Clients that leave, hang up halfway, say QUIT, or send what is no request.
#include "tests/inproc/scene.hpp"

namespace slotway::inproc {

TEST_CASE("replies of a client that has gone are dropped") {
  Scene scene(2);
  const std::string a = scene.cluster.key(0);
  const std::string b = scene.cluster.key(1);
  TestClient stays = scene.client();
  {
    TestClient leaves = scene.known_client();
    leaves.send_raw(encode({"GET", a}) + encode({"MGET", a, b}) + encode({"SET", a, "1"}));
    scene.barrier();
  }
  stays.send({"GET", a});
  const auto get = scene.node(0).take();
  CHECK(words(scene.node(0).take()) == "MGET " + a);
  CHECK(words(scene.node(0).take()) == "SET " + a + " 1");
  CHECK(words(scene.node(0).take()) == "GET " + a);
  scene.node(0).send(get, bulk("lost") + "*1\r\n" + bulk("lost") + "+LOST\r\n" + bulk("mine"));
  serve(scene.node(1), "MGET " + b, "*1\r\n" + bulk("lost"));
  CHECK(kit::to_text(stays.read()) == "\"mine\"");
  scene.proxy.wait_for_info("requests_in_flight", "0");
  CHECK_FALSE(has_input(stays));
}

TEST_CASE("a client that leaves while its requests are redirected or parked harms nobody") {
  Scene scene(2, never_refresh);
  const std::string a = scene.cluster.key(0);
  TestClient stays = scene.client();
  const std::string reply = GENERATE("MOVED", "ASK", "-TRYAGAIN x\r\n", "-CLUSTERDOWN x\r\n", "close");
  INFO(reply);
  TestClient leaves = scene.client();
  leaves.send_raw(encode({"SET", a, "1"}) + encode({"SET", a, "2"}));
  const auto first = scene.node(0).take();
  scene.node(0).take();
  const std::string bytes = reply.starts_with('-') ? reply : scene.cluster.redirect(reply, a, 1);
  const std::string alive = scene.proxy.info("clients");

  SECTION("before the reply") {
    leaves.close();
    scene.proxy.wait_for_info("clients",
                              alive);  // a client of info()'s own is gone, and another has come
    if (reply == "close") {
      scene.node(0).close(first);
    } else {
      scene.node(0).send(first, bytes + bytes);
    }
  }
  SECTION("after the reply") {
    if (reply == "close") {
      scene.node(0).close(first);
    } else {
      scene.node(0).send(first, bytes + bytes);
    }
    leaves.close();
  }
  scene.barrier();
  for (std::size_t i = 0; i < 2; ++i) scene.node(i).set_handler(always(":7\r\n"));
  scene.node(0).close_connections();
  scene.node(1).close_connections();
  CHECK(stays.text({"GET", a}) == ":7");
  scene.proxy.wait_for_info("requests_in_flight", "0");
}

TEST_CASE("a client that sends no more still gets its replies") {
  Scene scene(2);
  const std::string a = scene.cluster.key(0);
  const std::string b = scene.cluster.key(1);
  TestClient client = scene.client();
  client.send_raw(encode({"GET", a}) + encode({"GET", b}) + "*2\r\n$3\r\nGET\r\n");
  client.shutdown_send();
  serve(scene.node(1), "GET " + b, bulk("2"));
  scene.barrier();
  serve(scene.node(0), "GET " + a, bulk("1"));
  CHECK(client.read_until_closed() == bulk("1") + bulk("2"));
}

TEST_CASE("a client that sends no more gets all replies, even those that had to wait for a limit") {
  Scene scene(1, [](config::Config& config) { config.limits.max_inflight_per_client = 2; });
  scene.node(0).set_handler([](const FakeRedis::Request& r) { return FakeRedis::Reaction{bulk(r.args[1])}; });
  TestClient client = scene.client();
  std::string bytes, expected;
  for (int i = 0; i < 100; ++i) {
    bytes += encode({"GET", "key" + std::to_string(i)});
    expected += bulk("key" + std::to_string(i));
  }
  client.send_raw(bytes);
  client.shutdown_send();
  CHECK(client.read_until_closed() == expected);
}

TEST_CASE("QUIT is answered after the replies before it, nothing behind it is executed") {
  Scene scene(1);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  client.send_raw(encode({"GET", a}) + encode({"QUIT"}) + encode({"SET", a, "1"}));
  serve(scene.node(0), "GET " + a, bulk("1"));
  CHECK(client.read_until_closed() == bulk("1") + "+OK\r\n");
  CHECK(scene.node(0).history() == "GET " + a + "\n");
}

TEST_CASE("what is no request gets Redis's error after the replies before it, and the connection is closed") {
  Scene scene(1);
  const std::string a = scene.cluster.key(0);
  TestClient stranger = scene.client();
  using Row = std::pair<std::string, std::string>;
  const Row row = GENERATE(values<Row>({{"*1\r\n$-1\r\n", "invalid bulk length"},
                                        {"*1\r\n:1\r\n", "expected '$', got ':'"},
                                        {"*9999999999\r\n", "invalid multibulk length"},
                                        {"SET a \"b\r\n", "unbalanced quotes in request"}}));
  INFO(row.first);
  TestClient client = scene.client();
  client.send_raw(encode({"GET", a}) + row.first + encode({"SET", a, "1"}));
  const auto request = scene.node(0).take();
  stranger.send({"GET", a});
  CHECK(words(scene.node(0).take()) == "GET " + a);
  scene.node(0).send(request, bulk("1") + bulk("2"));
  CHECK(client.read_until_closed() == bulk("1") + "-ERR Protocol error: " + row.second + "\r\n");
  CHECK(kit::to_text(stranger.read()) == "\"2\"");
  CHECK(scene.node(0).history() == "GET " + a + "\nGET " + a + "\n");
}

}  // namespace slotway::inproc
