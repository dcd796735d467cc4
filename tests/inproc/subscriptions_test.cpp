// Pub/sub with fake nodes: what goes over the wire, byte for byte, and what happens when a node is lost,
// moves a slot, refuses, or a client does not read.
#include <algorithm>

#include "protocol/reply_errors.hpp"
#include "tests/inproc/scene.hpp"

namespace slotway::inproc {
namespace {

std::string acknowledgement(const std::string& word, const std::string& name, int count) {
  return "*3\r\n" + bulk(word) + bulk(name) + ":" + std::to_string(count) + "\r\n";
}
std::string message(const std::string& channel, const std::string& text) {
  return "*3\r\n" + bulk("message") + bulk(channel) + bulk(text);
}

// The node's next request is a subscription to `name`, and is acknowledged.
FakeRedis::Request serve_subscription(FakeRedis& node, const std::string& word, const std::string& name) {
  return serve(node, word + " " + name, acknowledgement(word, name, 1));
}

// The same for several, in whatever order the node is asked; what it was asked, sorted.
std::vector<std::string> serve_all(FakeRedis& node, std::size_t count, FakeRedis::Request& link) {
  std::vector<std::string> asked;
  while (asked.size() < count) {
    link = node.take();
    asked.push_back(words(link));
    node.send(link, acknowledgement(link.args[0], link.args[1], static_cast<int>(asked.size())));
  }
  std::sort(asked.begin(), asked.end());
  return asked;
}

void expect(TestClient& client, const std::string& bytes) { CHECK(client.read_raw(bytes.size()) == bytes); }

}  // namespace

TEST_CASE(
    "SUBSCRIBE is acknowledged when the node has acknowledged it, in the order of the client's requests") {
  Scene scene(1);
  TestClient client = scene.client();
  client.send_raw(encode({"GET", "k"}) + encode({"SUBSCRIBE", "a", "b"}) + encode({"PING"}) +
                  encode({"GET", "k"}) + encode({"UNSUBSCRIBE"}) + encode({"GET", "k"}));
  const auto get = scene.node(0).take();
  CHECK(words(get) == "GET k");
  scene.barrier();
  CHECK(scene.node(0).is_quiet());
  scene.node(0).send(get, bulk("1"));
  expect(client, bulk("1"));
  FakeRedis::Request first;
  serve_all(scene.node(0), 1, first);
  CHECK(first.connection != get.connection);
  const auto second = scene.node(0).take();
  CHECK(second.connection == first.connection);
  CHECK(words(first) != words(second));
  scene.barrier();
  CHECK_FALSE(has_input(client));
  scene.node(0).send(second, acknowledgement("subscribe", second.args[1], 2));
  expect(
      client,
      acknowledgement("subscribe", "a", 1) + acknowledgement("subscribe", "b", 2) + "*2\r\n" + bulk("pong") +
          bulk("") +
          error("ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are "
                "allowed in this context") +
          acknowledgement("unsubscribe", "a", 1) + acknowledgement("unsubscribe", "b", 0));
  // On two connections: GET may come before or after the others.
  for (int i = 0; i < 3; ++i) {
    const auto request = scene.node(0).take();
    if (request.args[0] == "GET") {
      scene.node(0).send(request, bulk("2"));
    } else {
      CHECK(request.args[0] == "unsubscribe");
      scene.node(0).send(request, acknowledgement("unsubscribe", request.args[1], 0));
    }
  }
  expect(client, bulk("2"));
}

TEST_CASE("one subscription serves all clients, and ends with the last of them") {
  Scene scene(2);
  TestClient one = scene.client();
  one.send({"SUBSCRIBE", "a"});
  const auto link = serve_subscription(scene.node(1), "subscribe", "a");
  expect(one, acknowledgement("subscribe", "a", 1));
  {
    TestClient two = scene.client();
    CHECK(kit::to_text(two.command({"SUBSCRIBE", "a"})) == "[\"subscribe\", \"a\", :1]");
    scene.node(1).send(link, message("a", "x") + message("a", std::string(100'000, 'y')));
    for (TestClient* client : {&one, &two})
      expect(*client, message("a", "x") + message("a", std::string(100'000, 'y')));
  }
  scene.proxy.wait_for_info("clients", "3");
  CHECK(scene.node(1).is_quiet());
  one.close();
  CHECK(words(scene.node(1).take()) == "unsubscribe a");
  CHECK(scene.node(0).is_quiet());
}

TEST_CASE("a client of RESP3 hears pushes, and may say anything") {
  Scene scene(1);
  TestClient plain = scene.client();
  plain.send({"SUBSCRIBE", "a"});
  const auto link = serve_subscription(scene.node(0), "subscribe", "a");
  expect(plain, acknowledgement("subscribe", "a", 1));
  TestClient client = scene.client();
  client.send({"HELLO", "3"});
  std::string greeting;
  while (!greeting.ends_with("modules\r\n*0\r\n")) greeting += client.read_raw(1);
  client.send_raw(encode({"SUBSCRIBE", "a"}) + encode({"PING"}) + encode({"PUNSUBSCRIBE"}));
  expect(client, ">" + acknowledgement("subscribe", "a", 1).substr(1) + "+PONG\r\n>3\r\n" +
                     bulk("punsubscribe") + "_\r\n:1\r\n");
  scene.node(0).set_handler([](const FakeRedis::Request& request) {
    return FakeRedis::Reaction{request.args[0] == "HELLO" ? "%1\r\n" + bulk("proto") + ":3\r\n" : bulk("1")};
  });
  client.send({"GET", "k"});
  expect(client, bulk("1"));
  scene.node(0).send(link, message("a", "x"));
  expect(client, ">" + message("a", "x").substr(1));
  expect(plain, message("a", "x"));
}

TEST_CASE("a message that comes in pieces is delivered whole") {
  Scene scene(1);
  TestClient client = scene.client();
  client.send({"PSUBSCRIBE", "a*"});
  const auto link = serve_subscription(scene.node(0), "psubscribe", "a*");
  expect(client, acknowledgement("psubscribe", "a*", 1));
  const std::string frame = "*4\r\n" + bulk("pmessage") + bulk("a*") + bulk("abc") + bulk("x\r\ny");
  for (const char byte : frame) {
    CHECK_FALSE(has_input(client));
    scene.node(0).send(link, std::string(1, byte));
    scene.barrier();
  }
  expect(client, frame);
}

TEST_CASE("when the node is lost another one is subscribed to, and the clients hear nothing of it") {
  Scene scene(2);
  TestClient client = scene.client();
  client.send({"SUBSCRIBE", "a", "b"});
  const std::vector<std::string> both = {"subscribe a", "subscribe b"};
  FakeRedis::Request link;
  CHECK(serve_all(scene.node(1), 2, link) == both);
  expect(client, acknowledgement("subscribe", "a", 1) + acknowledgement("subscribe", "b", 2));
  scene.node(1).go_down();
  CHECK(serve_all(scene.node(0), 2, link) == both);
  scene.node(0).send(link, message("a", "1") + message("b", "2"));
  expect(client, message("a", "1") + message("b", "2"));
  // Its own node comes back: nothing changes.
  scene.node(1).restart();
  TestClient other = scene.client();
  CHECK(kit::to_text(other.command({"SUBSCRIBE", "a"})) == "[\"subscribe\", \"a\", :1]");
}

TEST_CASE("a home that is lost is followed to a node that was lost before") {
  Scene scene(2);
  TestClient client = scene.client();
  client.send({"SUBSCRIBE", "a"});
  serve_subscription(scene.node(1), "subscribe", "a");
  expect(client, acknowledgement("subscribe", "a", 1));
  scene.node(1).go_down();
  serve_subscription(scene.node(0), "subscribe", "a");
  scene.node(1).restart();
  scene.node(0).go_down();
  const auto link = serve_subscription(scene.node(1), "subscribe", "a");
  scene.node(1).send(link, message("a", "1"));
  expect(client, message("a", "1"));
}

TEST_CASE("the only node is subscribed to again when it is back, also for those who wait") {
  Scene scene(1);
  TestClient client = scene.client();
  client.send({"SUBSCRIBE", "a"});
  serve_subscription(scene.node(0), "subscribe", "a");
  expect(client, acknowledgement("subscribe", "a", 1));
  TestClient waiting = scene.client();
  waiting.send({"SUBSCRIBE", "a", "b"});
  CHECK(words(scene.node(0).take()) == "subscribe b");
  scene.node(0).go_down();
  scene.node(0).restart();
  FakeRedis::Request link;
  serve_all(scene.node(0), 2, link);
  expect(waiting, acknowledgement("subscribe", "a", 1) + acknowledgement("subscribe", "b", 2));
  scene.node(0).send(link, message("a", "1"));
  expect(client, message("a", "1"));
  expect(waiting, message("a", "1"));
}

TEST_CASE("keyspace notifications are asked of all primaries, ordinary messages come once") {
  Scene scene(3);
  TestClient client = scene.client();
  client.send({"PSUBSCRIBE", "*"});
  FakeRedis::Request links[3];
  for (std::size_t i = 0; i < 3; ++i) {
    links[i] = scene.node(i).take();
    CHECK(words(links[i]) == "psubscribe *");
    scene.barrier();
    CHECK_FALSE(has_input(client));
    scene.node(i).send(links[i], acknowledgement("psubscribe", "*", 1));
  }
  expect(client, acknowledgement("psubscribe", "*", 1));
  const auto pattern_message = [](const std::string& channel, const std::string& text) {
    return "*4\r\n" + bulk("pmessage") + bulk("*") + bulk(channel) + bulk(text);
  };
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string notification = pattern_message("__keyspace@0__:k", std::to_string(i));
    scene.node(i).send(links[i], pattern_message("news", "x") + notification);
    expect(client, (i == 2 ? pattern_message("news", "x") : "") + notification);
  }
  // An ordinary channel is one node's business.
  client.send({"SUBSCRIBE", "news"});
  serve_subscription(scene.node(2), "subscribe", "news");
  expect(client, acknowledgement("subscribe", "news", 2));
  CHECK(scene.node(1).is_quiet());
  CHECK(scene.node(0).is_quiet());
}

TEST_CASE("a shard channel follows its slot, and its client hears no sunsubscribe") {
  Scene scene(2, never_refresh);
  const std::string s = scene.cluster.key(1);
  TestClient client = scene.client();
  client.send({"SSUBSCRIBE", s});
  const auto link = serve_subscription(scene.node(1), "ssubscribe", s);
  expect(client, acknowledgement("ssubscribe", s, 1));
  scene.node(1).send(link, acknowledgement("sunsubscribe", s, 0));
  serve(scene.node(1), "ssubscribe " + s, scene.cluster.redirect("MOVED", s, 0));
  const auto moved = serve_subscription(scene.node(0), "ssubscribe", s);
  const std::string text = "*3\r\n" + bulk("smessage") + bulk(s) + bulk("1");
  scene.node(0).send(moved, text);
  expect(client, text);
  CHECK(kit::to_text(client.command({"SSUBSCRIBE", s, scene.cluster.key(1, 1)})) ==
        "-CROSSSLOT Keys in request don't hash to the same slot");
  CHECK(kit::to_text(client.command({"SUNSUBSCRIBE"})) == "[\"sunsubscribe\", \"" + s + "\", :0]");
}

TEST_CASE("what the node forbids is answered with its error, and the client is no subscriber") {
  Scene scene(1);
  TestClient client = scene.client();
  const std::string text =
      "NOPERM this user has no permissions to access one of the channels used as arguments";
  client.send({"SUBSCRIBE", "a"});
  serve(scene.node(0), "subscribe a", error(text));
  expect(client, error(text));
  client.send({"GET", "k"});
  serve(scene.node(0), "GET k", bulk("1"));
  expect(client, bulk("1"));
}

TEST_CASE("a subscription that does not stand in time is answered with an error") {
  Scene scene(1, request_timeout(300ms));
  scene.node(0).go_down();
  TestClient client = scene.client();
  client.send({"SUBSCRIBE", "a"});
  expect(client, error(protocol::errors::kNotSent));
  CHECK(client.text({"PING"}) == "+PONG");
}

TEST_CASE("a subscriber that does not read is closed alone") {
  Scene scene(1, [](config::Config& config) { config.limits.max_subscriber_output_bytes = 1 << 20; });
  TestClient slow = scene.client();
  slow.send({"SUBSCRIBE", "a"});
  const auto link = serve_subscription(scene.node(0), "subscribe", "a");
  expect(slow, acknowledgement("subscribe", "a", 1));
  TestClient quick = scene.client();
  CHECK(quick.command({"SUBSCRIBE", "a"}).elements.size() == 3);
  scene.proxy.wait_for_info("clients", "4");
  const std::string frame = message("a", std::string(100'000, 'm'));
  // More than the sockets on the way can hold.
  for (int i = 0; i < 400; ++i) {
    scene.node(0).send(link, frame);
    expect(quick, frame);
  }
  scene.proxy.wait_for_info("clients", "3");
  const std::string rest = slow.read_until_closed();
  CHECK(rest.starts_with(frame));
  CHECK(rest.size() < 400 * frame.size());
  CHECK(scene.proxy.log().find("limits.max_subscriber_output") != std::string::npos);
  scene.node(0).send(link, message("a", "last"));
  expect(quick, message("a", "last"));
}

TEST_CASE("RESET and the end of a client leave its channels") {
  Scene scene(1);
  TestClient client = scene.client();
  client.send({"SUBSCRIBE", "a"});
  serve_subscription(scene.node(0), "subscribe", "a");
  client.send({"PSUBSCRIBE", "b"});
  serve_subscription(scene.node(0), "psubscribe", "b");
  client.send({"RESET"});
  expect(client, acknowledgement("subscribe", "a", 1) + acknowledgement("psubscribe", "b", 2) + "+RESET\r\n");
  serve(scene.node(0), "unsubscribe a", acknowledgement("unsubscribe", "a", 0));
  serve(scene.node(0), "punsubscribe b", acknowledgement("punsubscribe", "b", 0));
  CHECK(kit::to_text(client.command({"UNSUBSCRIBE"})) == "[\"unsubscribe\", nil, :0]");
  // One that leaves while it waits: it is answered, as it may only have closed its sending side.
  client.send({"SUBSCRIBE", "c"});
  const auto asked = scene.node(0).take();
  CHECK(words(asked) == "subscribe c");
  client.close();
  scene.node(0).send(asked, acknowledgement("subscribe", "c", 1));
  serve(scene.node(0), "unsubscribe c", acknowledgement("unsubscribe", "c", 0));
  TestClient next = scene.client();
  next.send({"SUBSCRIBE", "c"});
  CHECK(serve_subscription(scene.node(0), "subscribe", "c").connection == asked.connection);
  expect(next, acknowledgement("subscribe", "c", 1));
}

TEST_CASE("a node that says what was not asked is left and asked anew") {
  Scene scene(1);
  TestClient client = scene.client();
  client.send({"SUBSCRIBE", "a"});
  const auto link = serve_subscription(scene.node(0), "subscribe", "a");
  expect(client, acknowledgement("subscribe", "a", 1));
  scene.node(0).send(link, "+OK\r\n");
  const auto anew = serve_subscription(scene.node(0), "subscribe", "a");
  CHECK(anew.connection != link.connection);
  scene.node(0).send(anew, message("a", "1"));
  expect(client, message("a", "1"));
}

TEST_CASE("a silent node is asked whether it lives, and left if it does not answer") {
  Scene scene(1, [](config::Config& config) {
    config.timeouts.upstream_idle_ping = 100ms;
    config.timeouts.request = 300ms;
  });
  TestClient client = scene.client();
  client.send({"SUBSCRIBE", "a"});
  const auto link = serve_subscription(scene.node(0), "subscribe", "a");
  expect(client, acknowledgement("subscribe", "a", 1));
  serve(scene.node(0), "PING", "*2\r\n" + bulk("pong") + bulk(""));
  CHECK(words(scene.node(0).take()) == "PING");
  const auto anew = serve_subscription(scene.node(0), "subscribe", "a");
  CHECK(anew.connection != link.connection);
}

TEST_CASE("a login is said on the subscriptions' connection too") {
  kit::FakeCluster cluster(1);
  cluster.require_password("secret");
  config::Config config = kit::inproc_config(cluster);
  config.upstream.password = "secret";
  kit::InProcessProxy proxy(config);
  TestClient client = proxy.client();
  client.send({"SUBSCRIBE", "a"});
  serve_subscription(cluster[0], "subscribe", "a");
  expect(client, acknowledgement("subscribe", "a", 1));
}

TEST_CASE("a drain closes subscribers at once") {
  Scene scene(1, [](config::Config& config) { config.timeouts.drain = 60s; });
  TestClient client = scene.client();
  client.send({"SUBSCRIBE", "a"});
  serve_subscription(scene.node(0), "subscribe", "a");
  expect(client, acknowledgement("subscribe", "a", 1));
  scene.proxy.begin_stop();
  CHECK(client.read_until_closed().empty());
  CHECK(scene.proxy.wait_stopped(kit::kPatience));
}

}  // namespace slotway::inproc
