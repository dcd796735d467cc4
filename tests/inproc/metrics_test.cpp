// What the metrics say of errors, paused clients and connections, seen from outside.
#include "tests/inproc/metrics.hpp"
#include "protocol/reply_errors.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::inproc {

TEST_CASE("a split command that fails counts as one error, whichever of its parts fail") {
  Scene scene(2);
  const std::string a = scene.cluster.key(0);
  const std::string b = scene.cluster.key(1);
  const auto [reply_a, reply_b] = GENERATE(table<std::string, std::string>({
      {"-ERR no\r\n", "-ERR no\r\n"},
      {"-ERR no\r\n", ":1\r\n"},
      {"+OK\r\n", "+OK\r\n"},
      {"+OK\r\n", "-ERR no\r\n"},
  }));
  INFO(reply_a << reply_b);
  TestClient client = scene.client();
  client.send({"DEL", a, b});
  serve(scene.node(0), "DEL " + a, reply_a);
  serve(scene.node(1), "DEL " + b, reply_b);
  CHECK(client.read().is_error());
  CHECK(scene.proxy.info("error_replies") == "1");
}

TEST_CASE("a node that answers much more slowly than the others is told of") {
  const Metrics metrics;
  Scene scene(3, metrics.adjust());
  for (std::size_t i = 1; i < 3; ++i) scene.node(i).set_handler(always("+OK\r\n"));
  TestClient waiting = scene.client();
  waiting.send({"GET", scene.cluster.key(0)});
  scene.node(0).take();  // and says nothing
  TestClient client = scene.client();
  const std::string sample =
      "slotway_upstream_slow{upstream=\"default\",node=\"127.0.0.1:" + std::to_string(scene.node(0).port()) +
      "\"}";
  kit::wait_until("the node counts as slow", kit::kPatience, [&] {
    for (std::size_t i = 1; i < 3; ++i) CHECK(client.text({"GET", scene.cluster.key(i)}) == "+OK");
    return metrics.value(sample) == 1;
  });
  CHECK(scene.proxy.log().find("answers slowly") != std::string::npos);
  CHECK(metrics.value("slotway_upstream_slow{upstream=\"default\",node=\"127.0.0.1:" +
                      std::to_string(scene.node(1).port()) + "\"}") == 0);
}

TEST_CASE("a client that waits for a redirected request is not counted as paused by a limit") {
  const Metrics metrics;
  Scene scene(2, metrics.adjust());
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  client.send({"SET", a, "1"});
  serve(scene.node(0), "SET " + a + " 1", scene.cluster.redirect("MOVED", a, 1));
  const auto moved = scene.node(1).take();
  client.send({"GET", a});
  scene.barrier();
  CHECK(scene.node(1).is_quiet());
  CHECK(metrics.value("slotway_clients_paused") == 0);
  scene.node(1).send(moved, "+OK\r\n");
  serve(scene.node(1), "GET " + a, bulk("1"));
  CHECK(client.read_raw(12) == "+OK\r\n" + bulk("1"));
}

TEST_CASE("every connection that fails was an attempt, every attempt fails or succeeds") {
  const Metrics metrics;
  Scene scene(2, metrics.adjust(400ms));
  const std::string a = scene.cluster.key(0);
  scene.node(1).go_down();
  std::string moved = scene.cluster.redirect("MOVED", a, 1);
  SECTION("an address") {}
  SECTION("a name, perhaps of several addresses") { moved.replace(moved.find("127.0.0.1"), 9, "localhost"); }
  SECTION("a name that cannot be one") { moved.replace(moved.find("127.0.0.1"), 9, std::string(80, 'x')); }
  scene.node(0).set_handler(always(moved));
  TestClient client = scene.client();
  CHECK(client.text({"SET", a, "1"}) == "-" + std::string(protocol::errors::kNotSent));
  // Node 0 was connected to; what is under way is not decided yet.
  kit::wait_until("attempts add up", 10s, [&] {
    const int failures = metrics.value("slotway_upstream_connect_failures_total");
    return failures > 0 && metrics.value("slotway_upstream_connects_total") == failures + 1;
  });
  CHECK(scene.proxy.info("clients") == "3");
}

}  // namespace slotway::inproc
