// Replies in the order of the requests, however nodes answer and however bytes are cut.
#include "tests/inproc/scene.hpp"

namespace slotway::inproc {

TEST_CASE("replies keep the requests' order when nodes answer in another") {
  Scene scene(2);
  const std::string a = scene.cluster.key(0);
  const std::string b = scene.cluster.key(1);
  TestClient client = scene.client();
  client.send_raw(encode({"GET", a}) + encode({"GET", b}) + encode({"PING"}) + encode({"GET", a}));
  const auto first = scene.node(0).take();
  const auto fourth = scene.node(0).take();
  serve(scene.node(1), "GET " + b, bulk("2"));
  scene.barrier();
  CHECK_FALSE(has_input(client));
  scene.node(0).send(first, bulk("1"));
  scene.node(0).send(fourth, bulk("4"));
  CHECK(client.read_raw(28) == bulk("1") + bulk("2") + "+PONG\r\n" + bulk("4"));
}

TEST_CASE("pipelines of several clients over several nodes each get their own replies") {
  Scene scene(3);
  for (std::size_t i = 0; i < 3; ++i) {
    scene.node(i).set_handler(
        [](const FakeRedis::Request& r) { return FakeRedis::Reaction{bulk(r.args[1])}; });
  }
  std::vector<TestClient> clients;
  for (int i = 0; i < 8; ++i) clients.push_back(scene.client());
  constexpr int kDepth = 500;
  for (std::size_t c = 0; c < clients.size(); ++c) {
    std::string bytes;
    for (int i = 0; i < kDepth; ++i) bytes += encode({"GET", std::to_string(c) + "-" + std::to_string(i)});
    clients[c].send_raw(bytes);
  }
  for (std::size_t c = 0; c < clients.size(); ++c) {
    for (int i = 0; i < kDepth; ++i) {
      REQUIRE(clients[c].read().text == std::to_string(c) + "-" + std::to_string(i));
    }
  }
}

TEST_CASE("a pipeline of requests may be cut at every byte") {
  Scene scene(2);
  const std::string a = scene.cluster.key(0);
  const std::string b = scene.cluster.key(1);
  for (std::size_t i = 0; i < 2; ++i) {
    scene.node(i).set_handler([](const FakeRedis::Request& r) {
      if (r.args[0] == "SET") return FakeRedis::Reaction{"+OK\r\n"};
      return FakeRedis::Reaction{(r.args[0] == "MGET" ? "*1\r\n" : "") + bulk("of " + r.args[1])};
    });
  }
  const std::string bytes = encode({"SET", a, "x\r\ny"}) + "GET " + b + "\r\n" + encode({"MGET", b, a}) +
                            encode({"ECHO", ""}) + "\r\n" + encode({"GET", a});
  const std::string expected =
      "+OK\r\n" + bulk("of " + b) + "*2\r\n" + bulk("of " + b) + bulk("of " + a) + bulk("") + bulk("of " + a);
  TestClient client = scene.client();
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    INFO("cut at " << cut);
    client.send_raw(bytes.substr(0, cut));
    scene.barrier();
    client.send_raw(bytes.substr(cut));
    REQUIRE(client.read_raw(expected.size()) == expected);
  }
  CHECK(count_lines(scene.node(0).history(), "SET " + a + " x\r\ny") == bytes.size() + 1);
}

TEST_CASE("a node's replies may be cut at every byte") {
  Scene scene(2);
  const std::string a = scene.cluster.key(0);
  const std::string b = scene.cluster.key(1);
  TestClient client = scene.client();
  const std::string replies = "*1\r\n" + bulk("of\r\n a") + "$-1\r\n" + ":-12\r\n" + "-ERR no\r\n" +
                              "*2\r\n*-1\r\n*1\r\n" + bulk("") + "+OK\r\n";
  const std::string expected =
      "*2\r\n" + bulk("of\r\n a") + bulk("of b") + replies.substr(4 + bulk("of\r\n a").size());
  for (std::size_t cut = 0; cut <= replies.size(); ++cut) {
    INFO("cut at " << cut);
    client.send_raw(encode({"MGET", a, b}) + encode({"GET", a}) + encode({"INCR", a}) +
                    encode({"LPUSH", a, "x"}) + encode({"LRANGE", a, "0", "-1"}) + encode({"SET", a, "1"}));
    serve(scene.node(1), "MGET " + b, "*1\r\n" + bulk("of b"));
    FakeRedis::Request last;
    for (int i = 0; i < 6; ++i) last = scene.node(0).take();
    scene.node(0).send(last, replies.substr(0, cut));
    scene.barrier();
    scene.node(0).send(last, replies.substr(cut));
    REQUIRE(client.read_raw(expected.size()) == expected);
  }
  CHECK(scene.node(0).open_connections() == 1);
}

TEST_CASE("large values pass both ways, among small ones") {
  Scene scene(2);
  const std::string a = scene.cluster.key(0);
  const std::string b = scene.cluster.key(1);
  std::string value(1'000'003, 'v');
  for (std::size_t i = 0; i < value.size(); ++i) value[i] = static_cast<char>(i * 31 + i / 256);
  TestClient client = scene.client();
  client.send_raw(encode({"GET", a}) + encode({"SET", b, value}) + encode({"SET", a, value}) +
                  encode({"GET", b}));
  const auto get_a = scene.node(0).take();
  const auto set_a = scene.node(0).take();
  const auto set_b = scene.node(1).take();
  const auto get_b = scene.node(1).take();
  CHECK(set_a.args == Args{"SET", a, value});
  CHECK(set_b.args == Args{"SET", b, value});
  scene.node(1).send(set_b, "+OK\r\n" + bulk(value));
  scene.node(0).send(get_a, bulk(value) + "+OK\r\n");
  const std::string expected = bulk(value) + "+OK\r\n+OK\r\n" + bulk(value);
  CHECK(client.read_raw(expected.size()) == expected);
  CHECK(words(get_b) == "GET " + b);
}

TEST_CASE("a later write does not overtake an earlier one when its slot gets another owner meanwhile") {
  const bool by_moved = GENERATE(true, false);
  INFO("by " << (by_moved ? "MOVED" : "a new map"));
  Scene scene(2, by_moved ? Scene::Adjust(never_refresh) : Scene::Adjust());
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  TestClient stranger = scene.client();
  stranger.send({"GET", a});
  const auto asked = scene.node(0).take();
  client.send({"SET", a, "1"});
  const auto first = scene.node(0).take();

  // The stranger finds out.
  if (!by_moved) scene.cluster.move_all(0, 1);
  const std::string down = "-CLUSTERDOWN The cluster is down\r\n";
  scene.node(0).send(asked, by_moved ? scene.cluster.redirect("MOVED", a, 1) : down);
  serve(scene.node(1), "GET " + a, bulk("0"));
  CHECK(kit::to_text(stranger.read()) == "\"0\"");

  client.send_raw(encode({"SET", a, "2"}) + encode({"SET", a, "3"}));
  scene.barrier();
  CHECK(scene.node(1).is_quiet());
  scene.node(0).send(first, scene.cluster.redirect("MOVED", a, 1));
  for (const std::string value : {"1", "2", "3"}) serve(scene.node(1), "SET " + a + " " + value, "+OK\r\n");
  CHECK(client.read_raw(15) == "+OK\r\n+OK\r\n+OK\r\n");

  // With nothing in flight it goes on as before.
  client.send_raw(encode({"SET", a, "4"}) + encode({"SET", a, "5"}));
  CHECK(words(scene.node(1).take()) == "SET " + a + " 4");
  CHECK(words(scene.node(1).take()) == "SET " + a + " 5");
}

}  // namespace slotway::inproc
