// Commands whose replies speak of nodes: every primary is asked once, and the answer is one.
#include "protocol/reply_errors.hpp"
#include "tests/inproc/scene.hpp"

namespace slotway::inproc {
namespace {

std::string address(Scene& scene, std::size_t node) {
  return "127.0.0.1:" + std::to_string(scene.node(node).port());
}

std::string slow_entry(int id, int time) {
  return "*6\r\n:" + std::to_string(id) + "\r\n:" + std::to_string(time) +
         "\r\n:9\r\n*1\r\n$4\r\nPING\r\n$9\r\n1.2.3.4:5\r\n$0\r\n\r\n";
}

}  // namespace

TEST_CASE("SLOWLOG GET asks every primary once and merges what they say by time") {
  Scene scene(2);
  TestClient client = scene.client();
  client.send({"SLOWLOG", "GET", "2"});
  serve(scene.node(0), "SLOWLOG GET 2", "*2\r\n" + slow_entry(4, 30) + slow_entry(3, 10));
  serve(scene.node(1), "SLOWLOG GET 2", "*1\r\n" + slow_entry(4, 20));
  const kit::Reply log = client.read();
  REQUIRE(log.elements.size() == 2);
  CHECK(log.elements[0].elements[1].integer == 30);
  CHECK(log.elements[0].elements[5].text == address(scene, 0));
  CHECK(log.elements[1].elements[1].integer == 20);
  CHECK(log.elements[1].elements[5].text == address(scene, 1));
  CHECK(log.elements[0].elements[0].integer != log.elements[1].elements[0].integer);
  for (std::size_t i = 0; i < 2; ++i) CHECK(scene.node(i).is_quiet());
}

TEST_CASE("one node's error is the answer to a slow log, but not to texts of which another has one") {
  Scene scene(2);
  TestClient client = scene.client();
  client.send({"SLOWLOG", "GET"});
  serve(scene.node(1), "SLOWLOG GET", "-ERR no\r\n");
  serve(scene.node(0), "SLOWLOG GET", "*0\r\n");
  CHECK(kit::to_text(client.read()) == "-ERR no");
  client.send({"LATENCY", "GRAPH", "command"});
  serve(scene.node(0), "LATENCY GRAPH command", "-ERR No samples\r\n");
  serve(scene.node(1), "LATENCY GRAPH command", bulk("graph"));
  CHECK(client.read().text == "# " + address(scene, 1) + "\ngraph\n");
  client.send({"LATENCY", "GRAPH", "command"});
  serve(scene.node(0), "LATENCY GRAPH command", "-ERR No samples\r\n");
  serve(scene.node(1), "LATENCY GRAPH command", "-ERR No samples either\r\n");
  CHECK(kit::to_text(client.read()) == "-ERR No samples");
}

TEST_CASE("a client of RESP3 gets its report in RESP3, and in its turn") {
  Scene scene(1);
  TestClient client = scene.client();
  client.send({"HELLO", "3"});
  const std::string ending = "$7\r\nmodules\r\n*0\r\n";
  std::string hello;
  while (!hello.ends_with(ending)) hello += client.read_raw(1);
  const std::string key = scene.cluster.key(0);
  client.send_raw(encode({"SET", key, "1"}) + encode({"MEMORY", "STATS"}) + encode({"GET", key}));
  // On another connection it could overtake what came before, and be overtaken.
  serve(scene.node(0), "HELLO 3", "%1\r\n" + bulk("proto") + ":3\r\n");
  const FakeRedis::Request set = scene.node(0).take();
  CHECK(words(set) == "SET " + key + " 1");
  scene.barrier();
  CHECK(scene.node(0).is_quiet());
  scene.node(0).send(set, "+OK\r\n");
  const FakeRedis::Request stats = scene.node(0).take();
  CHECK(words(stats) == "MEMORY STATS");
  CHECK(stats.connection != set.connection);
  scene.barrier();
  CHECK(scene.node(0).is_quiet());
  scene.node(0).send(stats, "*2\r\n$1\r\na\r\n:1\r\n");
  serve(scene.node(0), "GET " + key, bulk("1"));
  const std::string replies = "+OK\r\n%1\r\n$1\r\na\r\n:1\r\n" + bulk("1");
  CHECK(client.read_raw(replies.size()) == replies);
}

TEST_CASE("INFO says what the nodes that answer say, and how many do not") {
  Scene scene(2, request_timeout(300ms));
  TestClient client = scene.client();
  std::string info = client.command({"INFO"}).text;
  CHECK(info.find("\r\nprimaries_asked:2\r\nprimaries_silent:0\r\n") != std::string::npos);
  CHECK(info.find("redis_version:") != std::string::npos);
  scene.node(1).go_down();
  info = client.command({"INFO"}).text;
  CHECK(info.find("\r\nprimaries_asked:2\r\nprimaries_silent:1\r\n") != std::string::npos);
  CHECK(info.find("redis_version:") != std::string::npos);
  scene.node(0).go_down();
  CHECK(client.text({"INFO"}) == "-" + std::string(protocol::errors::kNotSent));
  // What the proxy knows by itself needs no node.
  CHECK(client.command({"INFO", "slotway"}).text.starts_with("# Slotway\r\n"));
}

TEST_CASE("CONFIG SET is sent to no node if one setting is the proxy's own, and not at all if all stay") {
  Scene scene(2);
  TestClient client = scene.client();
  CHECK(client.text({"CONFIG", "SET", "save", "x", "requirepass", "secret"})
            .starts_with("-ERR CONFIG SET failed"));
  CHECK(client.text({"CONFIG", "SET", "requirepass", ""}) == "+OK");
  for (std::size_t i = 0; i < 2; ++i) CHECK(scene.node(i).is_quiet());
  client.send({"CONFIG", "SET", "save", "x", "masterauth", ""});
  for (std::size_t i = 0; i < 2; ++i) serve(scene.node(i), "CONFIG SET save x", "+OK\r\n");
  CHECK(kit::to_text(client.read()) == "+OK");
}

TEST_CASE("the oldest save is that of the cluster") {
  Scene scene(3);
  TestClient client = scene.client();
  client.send({"LASTSAVE"});
  serve(scene.node(0), "LASTSAVE", ":1700000500\r\n");
  serve(scene.node(1), "LASTSAVE", ":1700000100\r\n");
  serve(scene.node(2), "LASTSAVE", ":1700000300\r\n");
  CHECK(kit::to_text(client.read()) == ":1700000100");
}

}  // namespace slotway::inproc
