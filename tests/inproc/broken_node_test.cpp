// Nodes that break the protocol, the connection, or go away: nobody gets a wrong reply, no write is executed
// twice.
#include "protocol/reply_errors.hpp"
#include "tests/inproc/scene.hpp"

namespace slotway::inproc {
namespace {

const std::string kUnknown = "-" + std::string(protocol::errors::kOutcomeUnknown);
const std::string kNotSent = "-" + std::string(protocol::errors::kNotSent);

// How a node ends a connection on which one request waits.
struct Break {
  std::string name;
  std::string bytes;
  bool closes;
};
std::vector<Break> breaks() {
  return {{"closes", "", true},
          {"closes after half a reply", "$10\r\n01234", true},
          {"closes after all but the last byte", "$1\r\n1\r", true},
          {"sends no RESP", "garbage\r\n", false},
          {"sends half a line of no RESP", "HTTP/1.1 200", false},
          {"sends a broken length", "$-7\r\n", false},
          {"sends a huge length", "*99999999999999999999\r\n", false}};
}

void end(FakeRedis& node, const FakeRedis::Request& request, const Break& b) {
  node.send(request, b.bytes);
  if (b.closes) node.close(request);
}

// The node is back, but the next attempt to connect may be later than this request's deadline.
std::string text_when_back(TestClient& client, const Args& args) {
  std::string text = kNotSent;
  for (int i = 0; i < 20 && text == kNotSent; ++i) text = client.text(args);
  return text;
}

}  // namespace

TEST_CASE("a read whose connection breaks is sent again") {
  const Break b = GENERATE(from_range(breaks()));
  INFO(b.name);
  Scene scene(1);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  client.send({"GET", a});
  const auto first = scene.node(0).take();
  end(scene.node(0), first, b);
  const auto second = serve(scene.node(0), "GET " + a, bulk("right"));
  CHECK(second.connection != first.connection);
  CHECK(kit::to_text(client.read()) == "\"right\"");
  scene.node(0).wait_for_open_connections(1);
}

TEST_CASE("a write whose connection breaks is answered once, and not sent again") {
  const Break b = GENERATE(from_range(breaks()));
  INFO(b.name);
  Scene scene(1);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  client.send_raw(encode({"SET", a, "1"}) + encode({"GET", a}) + encode({"INCR", a}));
  const auto first = scene.node(0).take();
  scene.node(0).take();
  scene.node(0).take();
  end(scene.node(0), first, b);
  CHECK(kit::to_text(client.read()) == kUnknown);
  serve(scene.node(0), "GET " + a, bulk("1"));
  CHECK(kit::to_text(client.read()) == "\"1\"");
  CHECK(kit::to_text(client.read()) == kUnknown);
  CHECK(client.text({"PING"}) == "+PONG");
  CHECK(count_lines(scene.node(0).history(), "SET " + a + " 1") == 1);
  CHECK(count_lines(scene.node(0).history(), "INCR " + a) == 1);
}

TEST_CASE("bytes that nobody asked for end the connection, and reach nobody") {
  Scene scene(1);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  client.send({"GET", a});
  const auto request = scene.node(0).take();

  SECTION("while it is idle") {
    scene.node(0).send(request, bulk("1"));
    CHECK(kit::to_text(client.read()) == "\"1\"");
    scene.node(0).send(request, bulk("stray"));
    scene.node(0).wait_for_open_connections(0);
  }
  SECTION("behind a reply") {
    scene.node(0).send(request, bulk("1") + bulk("stray"));
    CHECK(kit::to_text(client.read()) == "\"1\"");
    scene.node(0).wait_for_open_connections(0);
  }
  SECTION("a part of a reply behind a reply") {
    scene.node(0).send(request, bulk("1") + "$");
    CHECK(kit::to_text(client.read()) == "\"1\"");
    scene.node(0).wait_for_open_connections(0);
  }
  client.send({"GET", a});
  const auto second = serve(scene.node(0), "GET " + a, bulk("2"));
  CHECK(second.connection != request.connection);
  CHECK(kit::to_text(client.read()) == "\"2\"");
}

TEST_CASE("a node that closes an idle connection is connected anew when it is needed") {
  Scene scene(1);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  for (int i = 0; i < 5; ++i) {
    client.send({"SET", a, "1"});
    const auto request = serve(scene.node(0), "SET " + a + " 1", "+OK\r\n");
    CHECK(kit::to_text(client.read()) == "+OK");
    scene.node(0).close(request);
    scene.node(0).wait_for_open_connections(0);
    scene.barrier();
  }
}

TEST_CASE("a node that only ever sends garbage costs few connections, and an error at the deadline") {
  Scene scene(1, request_timeout(500ms));
  const std::string a = scene.cluster.key(0);
  scene.node(0).set_handler(always("garbage\r\n"));
  TestClient client = scene.client();
  CHECK(client.text({"GET", a}) == kNotSent);
  CHECK(scene.node(0).accepted() < 60);
  scene.node(0).set_handler(always(bulk("1")));
  CHECK(text_when_back(client, {"GET", a}) == "\"1\"");
}

TEST_CASE("a refusal before the request's end is its reply, and ends the connection") {
  Scene scene(1);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  client.send({"SET", a, "0"});
  const auto first = serve(scene.node(0), "SET " + a + " 0", "+OK\r\n");
  CHECK(kit::to_text(client.read()) == "+OK");
  // More than the sockets hold: the request cannot be written whole.
  scene.node(0).stop_reading();
  TestClient writer = scene.client();
  writer.send({"SET", a, std::string(64 << 20, 'x')});
  scene.barrier();
  scene.node(0).send(first, "-ERR Protocol error: invalid bulk length\r\n");
  CHECK(kit::to_text(writer.read()) == "-ERR Protocol error: invalid bulk length");
  scene.node(0).read_again();
  scene.node(0).set_handler(always("+OK\r\n"));
  CHECK(client.text({"SET", a, "2"}) == "+OK");
  CHECK(scene.node(0).accepted() > first.connection);
}

// --- nodes that are away ---

TEST_CASE("requests for a node that is down wait for it, other nodes' do not") {
  Scene scene(2);
  const std::string a = scene.cluster.key(0);
  const std::string b = scene.cluster.key(1);
  scene.node(1).set_handler(always(bulk("b")));
  scene.node(0).set_handler([](const FakeRedis::Request& r) {
    return FakeRedis::Reaction{r.args[0] == "SET" ? "+OK\r\n" : bulk("a")};
  });
  TestClient client = scene.client();
  TestClient stranger = scene.client();
  const bool had_connection = GENERATE(false, true);
  INFO("had a connection: " << had_connection);
  if (had_connection) CHECK(client.text({"GET", a}) == "\"a\"");
  scene.node(0).go_down();
  scene.barrier();
  client.send_raw(encode({"SET", a, "1"}) + encode({"GET", a}));
  for (int i = 0; i < 50; ++i) REQUIRE(stranger.text({"GET", b}) == "\"b\"");
  CHECK_FALSE(has_input(client));
  scene.node(0).restart();
  CHECK(kit::to_text(client.read()) == "+OK");
  CHECK(kit::to_text(client.read()) == "\"a\"");
  CHECK(count_lines(scene.node(0).history(), "SET " + a + " 1") == 1);
}

TEST_CASE("requests for a node that stays down get a clear error at the deadline") {
  Scene scene(2, request_timeout(300ms));
  const std::string a = scene.cluster.key(0);
  scene.node(0).go_down();
  TestClient client = scene.client();
  client.send_raw(encode({"SET", a, "1"}) + encode({"GET", a}) + encode({"PING"}));
  CHECK(kit::to_text(client.read()) == kNotSent);
  CHECK(kit::to_text(client.read()) == kNotSent);
  CHECK(kit::to_text(client.read()) == "+PONG");
  scene.node(0).restart();
  scene.node(0).set_handler(always("+OK\r\n"));
  TestClient later = scene.client();
  CHECK(text_when_back(later, {"DEL", a}) == "+OK");
  CHECK(scene.node(0).history() == "DEL " + a + "\n");
}

TEST_CASE("a node that is away is not besieged with connections") {
  Scene scene(1, request_timeout(800ms));
  const std::string a = scene.cluster.key(0);
  scene.node(0).set_handler([](const FakeRedis::Request&) { return FakeRedis::Reaction{"", true}; });
  std::vector<TestClient> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(scene.client());
  const std::uint64_t before = scene.node(0).accepted();
  for (TestClient& client : clients) client.send({"GET", a});
  for (TestClient& client : clients) CHECK(kit::to_text(client.read()) == kNotSent);
  // Both the data connections and those of the refreshes.
  CHECK(scene.node(0).accepted() - before < 120);
}

}  // namespace slotway::inproc
