// Redirects and "not now": followed or waited for, never seen by a client while the deadline lasts.
#include "protocol/reply_errors.hpp"
#include "tests/inproc/scene.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::inproc {
namespace {

namespace errors = protocol::errors;

}  // namespace

TEST_CASE("MOVED is followed, and the slot is known from then on") {
  Scene scene(2, never_refresh);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  std::size_t target = 1;
  std::string moved;
  SECTION("to a node of the map") { moved = scene.cluster.redirect("MOVED", a, 1); }
  SECTION("to a node that is not in the map") {
    target = scene.cluster.add_node();
    moved = scene.cluster.redirect("MOVED", a, target);
  }
  SECTION("with an empty host: the host that said it") {
    moved = scene.cluster.redirect("MOVED", a, 1);
    moved.replace(moved.find("127.0.0.1"), 9, "");
  }
  INFO(moved);
  client.send({"SET", a, "1"});
  serve(scene.node(0), "SET " + a + " 1", moved);
  serve(scene.node(target), "SET " + a + " 1", "+OK\r\n");
  CHECK(client.read_raw(5) == "+OK\r\n");
  client.send({"GET", a});
  serve(scene.node(target), "GET " + a, bulk("1"));
  CHECK(client.read_raw(7) == bulk("1"));

  // Only that slot has moved.
  const std::string other_slot = scene.cluster.key(0, 1);
  client.send({"GET", other_slot});
  serve(scene.node(0), "GET " + other_slot, "$-1\r\n");
  CHECK(client.read_raw(5) == "$-1\r\n");
}

TEST_CASE("MOVED asks for a new map, and many of them for few") {
  Scene scene(2, [](config::Config& config) { config.topology.min_refresh_interval = 200ms; });
  const std::string other_slot = scene.cluster.key(0, 1);
  TestClient client = scene.client();
  scene.cluster.move_all(0, 1);
  scene.node(1).set_handler(always("+OK\r\n"));
  scene.node(0).set_handler([&](const FakeRedis::Request& request) {
    return FakeRedis::Reaction{scene.cluster.redirect("MOVED", request.args[1], 1)};
  });
  std::vector<Args> gets;
  for (std::size_t i = 0; i < 20; ++i) gets.push_back({"SET", scene.cluster.key(0, i), "1"});
  for (const kit::Reply& reply : client.pipeline(gets)) REQUIRE(kit::to_text(reply) == "+OK");

  // The new map knows nothing of node 0.
  scene.node(0).wait_for_open_connections(0);
  scene.node(0).set_handler({});
  CHECK(client.text({"GET", other_slot}) == "+OK");
  CHECK(scene.node(0).is_quiet());
  CHECK(scene.cluster.refreshes() <= 4);
}

TEST_CASE("ASK is followed once, behind an ASKING that nothing comes between") {
  Scene scene(2);
  const std::string a = scene.cluster.key(0);
  const std::string b = scene.cluster.key(1);
  TestClient client = scene.client();
  TestClient busy = scene.client();
  busy.send_raw(encode({"GET", b}));
  serve(scene.node(1), "GET " + b, "$-1\r\n");
  CHECK(busy.read_raw(5) == "$-1\r\n");

  client.send({"SET", a, "1"});
  const auto asked = scene.node(0).take();
  busy.send_raw(encode({"GET", b}) + encode({"GET", b}));
  scene.node(0).send(asked, scene.cluster.redirect("ASK", a, 1));
  std::vector<FakeRedis::Request> seen;
  for (int i = 0; i < 4; ++i) seen.push_back(scene.node(1).take());
  std::size_t asking = 0;
  while (words(seen[asking]) != "ASKING") REQUIRE(++asking < 3);
  CHECK(words(seen[asking + 1]) == "SET " + a + " 1");
  CHECK(seen[asking].connection == seen[asking + 1].connection);
  CHECK(seen[asking].chunk == seen[asking + 1].chunk);
  for (const FakeRedis::Request& request : seen) {
    const std::string& name = request.args[0];
    scene.node(1).send(request, name == "GET" ? bulk("b") : name == "ASKING" ? "+OK\r\n" : "+STORED\r\n");
  }
  CHECK(client.read_raw(9) == "+STORED\r\n");
  CHECK(busy.read_raw(14) == bulk("b") + bulk("b"));

  // The map is as before.
  client.send({"GET", a});
  serve(scene.node(0), "GET " + a, bulk("1"));
  CHECK(client.read_raw(7) == bulk("1"));
}

TEST_CASE("ASK leads to a node that is not in the map") {
  Scene scene(1);
  const std::string a = scene.cluster.key(0);
  const std::size_t added = scene.cluster.add_node();
  TestClient client = scene.client();
  client.send({"GET", a});
  serve(scene.node(0), "GET " + a, scene.cluster.redirect("ASK", a, added));
  serve(scene.node(added), "ASKING", "+OK\r\n");
  serve(scene.node(added), "GET " + a, bulk("1"));
  CHECK(client.read_raw(7) == bulk("1"));
}

TEST_CASE("nodes that point at each other cost few requests, and an error at the deadline") {
  const std::string kind = GENERATE("MOVED", "ASK");
  INFO(kind);
  Scene scene(2, request_timeout(400ms));
  const std::string a = scene.cluster.key(0);
  for (std::size_t i = 0; i < 2; ++i) {
    scene.node(i).set_handler([&scene, kind, i](const FakeRedis::Request& request) {
      if (request.args[0] == "ASKING") return FakeRedis::Reaction{"+OK\r\n"};
      return FakeRedis::Reaction{scene.cluster.redirect(kind, request.args[1], 1 - i)};
    });
  }
  TestClient client = scene.client();
  // At the deadline it waits, or is just under way once more.
  const std::string reply = client.text({"GET", a});
  CHECK((reply == "-" + std::string(errors::kTooManyHops) || reply == "-" + std::string(errors::kTimeout)));
  const std::size_t requests =
      count_lines(scene.node(0).history(), "GET " + a) + count_lines(scene.node(1).history(), "GET " + a);
  CHECK(requests > 5);
  CHECK(requests < 400);
  // Once, and nothing after it.
  CHECK(client.text({"PING"}) == "+PONG");
}

TEST_CASE("what a node cannot do now is tried again") {
  const std::string text =
      GENERATE("TRYAGAIN Multiple keys request during rehashing of slot", "CLUSTERDOWN The cluster is down",
               "LOADING Redis is loading the dataset in memory",
               "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
               "READONLY You can't write against a read only replica.");
  INFO(text);
  SECTION("until it can") {
    Scene scene(1);
    const std::string a = scene.cluster.key(0);
    TestClient client = scene.client();
    client.send({"SET", a, "1"});
    for (int i = 0; i < 3; ++i) serve(scene.node(0), "SET " + a + " 1", error(text));
    serve(scene.node(0), "SET " + a + " 1", "+OK\r\n");
    CHECK(client.read_raw(5) == "+OK\r\n");
  }
  SECTION("until the deadline: then its own error, once") {
    Scene scene(1, request_timeout(300ms));
    const std::string a = scene.cluster.key(0);
    scene.node(0).set_handler(always(error(text)));
    TestClient client = scene.client();
    CHECK(client.text({"SET", a, "1"}) == "-" + text);
    CHECK(client.text({"PING"}) == "+PONG");
    CHECK(count_lines(scene.node(0).history(), "SET " + a + " 1") >= 2);
  }
}

TEST_CASE("errors that only look like redirects reach the client") {
  Scene scene(1);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  for (const std::string text :
       {"ERR MOVED 1 127.0.0.1:1", "MOVED", "MOVEDX 1 127.0.0.1:1", "WRONGTYPE Operation against a key"}) {
    INFO(text);
    client.send({"GET", a});
    serve(scene.node(0), "GET " + a, error(text));
    CHECK(client.read_raw(text.size() + 3) == error(text));
  }
}

TEST_CASE("a node that names itself, or is named by a host name, is asked again") {
  Scene scene(1, never_refresh);
  const std::string a = scene.cluster.key(0);
  std::string moved = scene.cluster.redirect("MOVED", a, 0);
  SECTION("by the address that is known") {}
  SECTION("by a name") { moved.replace(moved.find("127.0.0.1"), 9, "localhost"); }
  TestClient client = scene.client();
  client.send({"GET", a});
  serve(scene.node(0), "GET " + a, moved);
  serve(scene.node(0), "GET " + a, bulk("1"));
  CHECK(kit::to_text(client.read()) == "\"1\"");
}

TEST_CASE("MOVED to a node that its sender does not know asks for a new map and is tried again") {
  Scene scene(1);
  const std::string a = scene.cluster.key(0);
  const std::size_t refreshes = scene.cluster.refreshes();
  std::string moved = scene.cluster.redirect("MOVED", a, 0);
  moved.replace(moved.find("127.0.0.1"), 9, "?");
  TestClient client = scene.client();
  client.send({"SET", a, "1"});
  for (int i = 0; i < 3; ++i) serve(scene.node(0), "SET " + a + " 1", moved);
  serve(scene.node(0), "SET " + a + " 1", "+OK\r\n");
  CHECK(client.read_raw(5) == "+OK\r\n");
  CHECK(scene.proxy.log().find("?:") == std::string::npos);
  kit::wait_until("a refresh", 10s, [&] { return scene.cluster.refreshes() > refreshes; });
}

TEST_CASE("MOVED to a node that is down says at the deadline that there was no connection") {
  Scene scene(2, [](config::Config& config) {
    config.timeouts.request = 400ms;
    never_refresh(config);
  });
  const std::string a = scene.cluster.key(0);
  scene.node(1).go_down();
  scene.node(0).set_handler(always(scene.cluster.redirect("MOVED", a, 1)));
  TestClient client = scene.client();
  CHECK(client.text({"SET", a, "1"}) == "-" + std::string(errors::kNotSent));
}

TEST_CASE("a slot that nobody serves in a known map says so at the deadline") {
  kit::FakeCluster cluster(2);
  const std::string a = cluster.key(0);
  const std::string b = cluster.key(1);
  cluster.move_all(1, 99);
  config::Config config = kit::inproc_config(cluster);
  config.timeouts.request = 300ms;
  kit::InProcessProxy proxy(config, false);
  proxy.wait_for_info("slots_covered", "8192");
  cluster[0].set_handler(always("+OK\r\n"));
  TestClient client = proxy.client();
  CHECK(client.text({"SET", a, "1"}) == "+OK");
  CHECK(client.text({"SET", b, "1"}) == "-" + std::string(errors::kUncovered));
}

TEST_CASE("a large request is redirected whole") {
  const std::string kind = GENERATE("MOVED", "ASK", "TRYAGAIN");
  INFO(kind);
  Scene scene(2, never_refresh);
  const std::string a = scene.cluster.key(0);
  const std::string value(3'000'001, 'v');
  TestClient client = scene.client();
  client.send_raw(encode({"SET", a, value}) + encode({"SET", a, "small"}));
  const auto first = scene.node(0).take();
  CHECK(first.args.back() == value);
  scene.node(0).take();
  const std::string reply = kind == "TRYAGAIN" ? "-TRYAGAIN x\r\n" : scene.cluster.redirect(kind, a, 1);
  scene.node(0).send(first, reply + reply);
  FakeRedis& target = scene.node(kind == "TRYAGAIN" ? 0 : 1);
  for (const std::string& expected : {value, std::string("small")}) {
    if (kind == "ASK") serve(target, "ASKING", "+OK\r\n");
    const auto request = target.take();
    REQUIRE(request.args == Args{"SET", a, expected});
    target.send(request, "+OK\r\n");
  }
  CHECK(client.read_raw(10) == "+OK\r\n+OK\r\n");
}

// --- the order of one client's requests ---

TEST_CASE("a pipeline that is redirected or refused for now arrives in order") {
  Scene scene(2, never_refresh);
  const std::string a = scene.cluster.key(0);
  constexpr int kDepth = 8;
  const std::string moved = scene.cluster.redirect("MOVED", a, 1);
  const std::string ask = scene.cluster.redirect("ASK", a, 1);
  const std::string down = "-CLUSTERDOWN The cluster is down\r\n";
  const std::string again = "-TRYAGAIN x\r\n";
  struct Row {
    std::string name, first, rest;
    std::size_t target;
  };
  const Row rows[] = {{"all MOVED", moved, moved, 1},
                      {"all ASK", ask, ask, 1},
                      {"all CLUSTERDOWN", down, down, 0},
                      {"all TRYAGAIN", again, again, 0},
                      {"CLUSTERDOWN, then MOVED", down, moved, 1},
                      {"MOVED, then CLUSTERDOWN", moved, down, 1},
                      {"CLUSTERDOWN, then TRYAGAIN", down, again, 0}};
  const Row& row = rows[GENERATE(range(0, 7))];
  INFO(row.name);
  TestClient client = scene.client();
  std::string pipeline;
  for (int i = 0; i < kDepth; ++i) pipeline += encode({"SET", a, std::to_string(i)});
  client.send_raw(pipeline);
  std::string replies;
  FakeRedis::Request last;
  for (int i = 0; i < kDepth; ++i) {
    last = scene.node(0).take();
    replies += i == 0 ? row.first : row.rest;
  }
  scene.node(0).send(last, replies);
  for (int i = 0; i < kDepth;) {
    const auto request = scene.node(row.target).take();
    if (request.args[0] == "ASKING") {
      scene.node(row.target).send(request, "+OK\r\n");
      continue;
    }
    REQUIRE(words(request) == "SET " + a + " " + std::to_string(i));
    scene.node(row.target).send(request, ":" + std::to_string(i++) + "\r\n");
  }
  for (int i = 0; i < kDepth; ++i) CHECK(client.read().integer == i);
}

TEST_CASE("a client's next requests wait until the redirected one is answered") {
  Scene scene(2, never_refresh);
  const std::string a = scene.cluster.key(0);
  const std::string b = scene.cluster.key(0, 1);
  TestClient client = scene.client();
  TestClient stranger = scene.client();
  client.send({"SET", a, "1"});
  serve(scene.node(0), "SET " + a + " 1", scene.cluster.redirect("MOVED", a, 1));
  const auto moved = scene.node(1).take();
  client.send_raw(encode({"GET", a}) + encode({"GET", b}));
  scene.barrier();
  CHECK(scene.node(0).is_quiet());
  CHECK(scene.node(1).is_quiet());

  // Others do not wait.
  stranger.send({"GET", b});
  serve(scene.node(0), "GET " + b, "$-1\r\n");
  CHECK(stranger.read_raw(5) == "$-1\r\n");

  scene.node(1).send(moved, "+OK\r\n");
  serve(scene.node(1), "GET " + a, bulk("1"));
  serve(scene.node(0), "GET " + b, bulk("2"));
  CHECK(client.read_raw(19) == "+OK\r\n" + bulk("1") + bulk("2"));
}

}  // namespace slotway::inproc
