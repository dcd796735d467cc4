// WAIT: every primary counts its replicas, on connections of the client's own, and the least is the answer.
#include "protocol/reply_errors.hpp"
#include "tests/inproc/scene.hpp"

namespace slotway::inproc {
namespace {

namespace errors = protocol::errors;

// Takes a node's part of a WAIT, up to the WAIT itself.
FakeRedis::Request take_wait(FakeRedis& node, const std::string& wait) {
  const auto ping = serve(node, "PING", "+PONG\r\n");
  const auto request = node.take();
  CHECK(words(request) == wait);
  CHECK(request.connection == ping.connection);
  return request;
}

}  // namespace

TEST_CASE("WAIT asks every primary, answers the least, and keeps nobody waiting") {
  Scene scene(2);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  TestClient busy = scene.client();
  busy.send({"GET", a});
  const auto shared = serve(scene.node(0), "GET " + a, bulk("1"));
  CHECK(busy.read_raw(7) == bulk("1"));
  std::uint64_t first = 0;
  for (int round = 0; round < 2; ++round) {
    client.send({"WAIT", "2", "0"});
    const auto at_0 = take_wait(scene.node(0), "WAIT 2 0");
    CHECK(at_0.connection != shared.connection);
    if (round > 0) CHECK(at_0.connection == first);
    first = at_0.connection;
    const auto at_1 = take_wait(scene.node(1), "WAIT 2 0");
    scene.node(0).send(at_0, ":3\r\n");
    busy.send({"GET", a});
    CHECK(serve(scene.node(0), "GET " + a, bulk("1")).connection == shared.connection);
    CHECK(busy.read_raw(7) == bulk("1"));
    CHECK_FALSE(has_input(client));
    scene.node(1).send(at_1, ":2\r\n");
    CHECK(client.read_raw(4) == ":2\r\n");
  }
}

TEST_CASE("WAIT comes after what its client has written, and before what follows") {
  Scene scene(1);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  client.send_raw(encode({"SET", a, "1"}) + encode({"WAIT", "1", "100"}) + encode({"SET", a, "2"}));
  const auto set = scene.node(0).take();
  scene.barrier();
  CHECK(scene.node(0).is_quiet());
  scene.node(0).send(set, "+OK\r\n");
  const auto wait = take_wait(scene.node(0), "WAIT 1 100");
  scene.barrier();
  CHECK(scene.node(0).is_quiet());
  scene.node(0).send(wait, ":1\r\n");
  serve(scene.node(0), "SET " + a + " 2", "+OK\r\n");
  CHECK(client.read_raw(14) == "+OK\r\n:1\r\n+OK\r\n");
}

TEST_CASE("a client that leaves while it waits for replicas takes all its connections with it") {
  Scene scene(3);
  auto client = std::make_unique<TestClient>(scene.client());
  client->send({"WAIT", "1", "0"});
  const auto at_0 = take_wait(scene.node(0), "WAIT 1 0");
  take_wait(scene.node(1), "WAIT 1 0");
  take_wait(scene.node(2), "WAIT 1 0");
  SECTION("closing") { client.reset(); }
  SECTION("when one has answered") {
    scene.node(0).send(at_0, ":1\r\n");
    scene.barrier();
    client.reset();
  }
  SECTION("ending its side") {
    client->shutdown_send();
    CHECK(client->read_until_closed() == "");
  }
  scene.node(1).wait_for_open_connections(0);
  scene.node(2).wait_for_open_connections(0);
  scene.proxy.wait_for_info("requests_in_flight", "0");
}

TEST_CASE("a primary that cannot count makes WAIT an error") {
  Scene scene(2);
  TestClient client = scene.client();
  client.send({"WAIT", "1", "0"});
  const auto at_0 = take_wait(scene.node(0), "WAIT 1 0");
  const auto at_1 = take_wait(scene.node(1), "WAIT 1 0");
  std::string reply;
  SECTION("it has become a replica: what was written may be lost") {
    reply = "-UNBLOCKED force unblock from blocking operation, instance state changed";
    scene.node(1).send(at_1, reply + "\r\n");
  }
  SECTION("its connection is lost") {
    reply = "-" + std::string(errors::kOutcomeUnknown);
    scene.node(1).close(at_1);
  }
  scene.node(0).send(at_0, ":1\r\n");
  CHECK(kit::to_text(client.read()) == reply);
  CHECK(client.text({"PING"}) == "+PONG");
}

TEST_CASE("WAIT needs as many connections as there are primaries") {
  Scene scene(2, [](config::Config& config) { config.limits.max_pinned_per_worker = 1; });
  TestClient client = scene.client();
  CHECK(client.text({"WAIT", "0", "0"}) == "-" + std::string(errors::kAllPinned));
  CHECK(scene.node(0).history().empty());
}

TEST_CASE("what is wrong with WAIT a node says, and inside MULTI it joins the queue") {
  Scene scene(1);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  for (const Args& wrong : {Args{"WAIT", "x", "0"}, Args{"WAIT", "1", "-1"}, Args{"WAIT", "1", "x"}}) {
    client.send(wrong);
    serve(scene.node(0), "WAIT " + wrong[1] + " " + wrong[2], "-ERR no\r\n");
    CHECK(client.read_raw(9) == "-ERR no\r\n");
  }
  CHECK(client.text({"MULTI"}) == "+OK");
  CHECK(client.text({"SET", a, "1"}) == "+QUEUED");
  CHECK(client.text({"WAIT", "1", "0"}) == "+QUEUED");
  client.send({"EXEC"});
  serve(scene.node(0), "MULTI", "+OK\r\n");
  serve(scene.node(0), "SET " + a + " 1", "+QUEUED\r\n");
  serve(scene.node(0), "WAIT 1 0", "+QUEUED\r\n");
  serve(scene.node(0), "EXEC", "*2\r\n+OK\r\n:0\r\n");
  CHECK(client.read_raw(13) == "*2\r\n+OK\r\n:0\r\n");
}

TEST_CASE("CLIENT UNBLOCK of a client in WAIT tells every primary") {
  Scene scene(2);
  TestClient client = scene.client();
  const std::string id = std::to_string(client.command({"CLIENT", "ID"}).integer);
  client.send({"WAIT", "2", "0"});
  const auto at_0 = take_wait(scene.node(0), "WAIT 2 0");
  const auto at_1 = take_wait(scene.node(1), "WAIT 2 0");
  scene.other.send({"CLIENT", "UNBLOCK", id});
  for (const auto& [node, wait] : {std::pair{0, at_0}, std::pair{1, at_1}}) {
    FakeRedis& told = scene.node(static_cast<std::size_t>(node));
    serve(told, "CLIENT UNBLOCK " + std::to_string(wait.connection) + " TIMEOUT", ":1\r\n");
    told.send(wait, ":1\r\n");
  }
  CHECK(kit::to_text(scene.other.read()) == ":1");
  CHECK(client.read_raw(4) == ":1\r\n");
}

}  // namespace slotway::inproc
