// MULTI, EXEC, DISCARD: one request to one node, its replies in their places, its errors Redis's.
#include "protocol/reply_errors.hpp"
#include "tests/inproc/scene.hpp"

namespace slotway::inproc {
namespace {

namespace errors = protocol::errors;

const std::string kQueued = "+QUEUED\r\n";

std::string refusal(std::string_view text) { return error(text); }

// What a node gets for the transaction of these commands, and answers.
void serve_transaction(FakeRedis& node, const std::vector<std::string>& commands,
                       std::string_view exec_reply) {
  FakeRedis::Request first = serve(node, "MULTI", "+OK\r\n");
  for (const std::string& command : commands) {
    const auto request = serve(node, command, kQueued);
    CHECK(request.connection == first.connection);
  }
  serve(node, "EXEC", exec_reply);
}

}  // namespace

TEST_CASE("a transaction reaches its node in one piece") {
  Scene scene(2);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  TestClient busy = scene.client();

  CHECK(client.text({"MULTI"}) == "+OK");
  CHECK(client.text({"SET", a, "1"}) == "+QUEUED");
  // Nothing is sent before EXEC, and other clients' requests go on.
  busy.send({"GET", a});
  serve(scene.node(0), "GET " + a, bulk("0"));
  CHECK(busy.read_raw(7) == bulk("0"));
  CHECK(client.text({"GET", a}) == "+QUEUED");
  client.send({"EXEC"});
  serve_transaction(scene.node(0), {"SET " + a + " 1", "GET " + a}, "*2\r\n+OK\r\n$1\r\n1\r\n");
  CHECK(client.read_raw(16) == "*2\r\n+OK\r\n$1\r\n1\r\n");
  CHECK(scene.node(1).is_quiet());

  // The session is as it was.
  client.send({"GET", a});
  serve(scene.node(0), "GET " + a, bulk("1"));
  CHECK(client.read_raw(7) == bulk("1"));
}

TEST_CASE("a whole transaction may come in one write, between other commands") {
  Scene scene(2);
  const std::string a = scene.cluster.key(0);
  const std::string b = scene.cluster.key(1);
  TestClient client = scene.client();
  client.send_raw(encode({"GET", b}) + encode({"MULTI"}) + encode({"INCR", a}) + encode({"PING"}) +
                  encode({"EXEC"}) + encode({"GET", a}));
  serve_transaction(scene.node(0), {"INCR " + a, "PING"}, "*2\r\n:1\r\n+PONG\r\n");
  serve(scene.node(0), "GET " + a, bulk("1"));
  scene.barrier();
  CHECK_FALSE(has_input(client));
  serve(scene.node(1), "GET " + b, bulk("b"));
  const std::string expected =
      bulk("b") + "+OK\r\n" + kQueued + kQueued + "*2\r\n:1\r\n+PONG\r\n" + bulk("1");
  CHECK(client.read_raw(expected.size()) == expected);
}

TEST_CASE("steps out of place are refused as Redis does") {
  Scene scene(1);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  CHECK(client.text({"EXEC"}) == "-ERR EXEC without MULTI");
  CHECK(client.text({"DISCARD"}) == "-ERR DISCARD without MULTI");
  CHECK(client.text({"MULTI"}) == "+OK");
  CHECK(client.text({"MULTI"}) == "-ERR MULTI calls can not be nested");
  CHECK(client.text({"EXEC"}) == "[]");
  CHECK(client.text({"MULTI"}) == "+OK");
  CHECK(client.text({"SET", a, "1"}) == "+QUEUED");
  CHECK(client.text({"DISCARD"}) == "+OK");
  CHECK(client.text({"EXEC"}) == "-ERR EXEC without MULTI");
  CHECK(client.text({"MULTI"}) == "+OK");
  CHECK(client.text({"SET", a, "1"}) == "+QUEUED");
  CHECK(client.text({"RESET"}) == "+RESET");
  CHECK(client.text({"EXEC"}) == "-ERR EXEC without MULTI");
  CHECK(scene.node(0).is_quiet());
}

TEST_CASE("a command that is refused while queueing makes EXEC fail, and nothing runs") {
  Scene scene(2);
  const std::string a = scene.cluster.key(0);
  const std::string b = scene.cluster.key(1);
  struct Row {
    Args command;
    std::string reply;
  };
  const Row row = GENERATE_COPY(values<Row>({
      {{"NOSUCH", "x"}, "-ERR unknown command 'NOSUCH', with args beginning with: 'x' "},
      {{"GET"}, "-ERR wrong number of arguments for 'get' command"},
      {{"GET", b}, "-" + std::string(errors::kCrossSlot)},
      {{"MGET", a, b}, "-" + std::string(errors::kCrossSlot)},
      {{"HELLO", "3"}, "-" + errors::unsupported_in_transaction("hello")},
      {{"CLIENT", "REPLY", "OFF"}, "-" + errors::unsupported_in_transaction("client|reply")},
  }));
  INFO(row.command[0]);
  TestClient client = scene.client();
  CHECK(client.text({"MULTI"}) == "+OK");
  CHECK(client.text({"SET", a, "1"}) == "+QUEUED");
  CHECK(client.text(row.command) == row.reply);
  CHECK(client.text({"SET", a, "2"}) == "+QUEUED");
  CHECK(client.text({"EXEC"}) == "-" + std::string(errors::kExecAbort));
  CHECK(client.text({"EXEC"}) == "-ERR EXEC without MULTI");
  CHECK(scene.node(0).is_quiet());
  CHECK(scene.node(1).is_quiet());
}

TEST_CASE("a transaction whose slot has moved runs on the right node, once") {
  Scene scene(2, never_refresh);
  const std::string a = scene.cluster.key(0);
  const std::string kind = GENERATE("MOVED", "ASK");
  INFO(kind);
  TestClient client = scene.client();
  client.send_raw(encode({"MULTI"}) + encode({"SET", a, "1"}) + encode({"INCR", a}) + encode({"EXEC"}));
  SECTION("known while queueing") {
    serve(scene.node(0), "MULTI", "+OK\r\n");
    serve(scene.node(0), "SET " + a + " 1", scene.cluster.redirect(kind, a, 1));
    serve(scene.node(0), "INCR " + a, scene.cluster.redirect(kind, a, 1));
    serve(scene.node(0), "EXEC", error(errors::kExecAbort));
  }
  SECTION("known at EXEC") {
    serve_transaction(scene.node(0), {"SET " + a + " 1", "INCR " + a}, scene.cluster.redirect(kind, a, 1));
  }
  if (kind == "ASK") serve(scene.node(1), "ASKING", "+OK\r\n");
  serve_transaction(scene.node(1), {"SET " + a + " 1", "INCR " + a}, "*2\r\n+OK\r\n:2\r\n");
  const std::string expected = "+OK\r\n" + kQueued + kQueued + "*2\r\n+OK\r\n:2\r\n";
  CHECK(client.read_raw(expected.size()) == expected);
  CHECK(scene.node(0).is_quiet());
}

TEST_CASE("what a node refuses while queueing is EXEC's error") {
  Scene scene(1);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  client.send_raw(encode({"MULTI"}) + encode({"SET", a, "1"}) + encode({"EXEC"}));
  serve(scene.node(0), "MULTI", "+OK\r\n");
  serve(scene.node(0), "SET " + a + " 1", refusal("OOM command not allowed when used memory > 'maxmemory'."));
  serve(scene.node(0), "EXEC", error(errors::kExecAbort));
  const std::string expected = "+OK\r\n" + kQueued + error(errors::kExecAbort);
  CHECK(client.read_raw(expected.size()) == expected);
  CHECK(scene.node(0).is_quiet());
}

TEST_CASE("a transaction whose connection is lost is answered once, outcome unknown") {
  Scene scene(1);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  client.send_raw(encode({"MULTI"}) + encode({"INCR", a}) + encode({"EXEC"}) + encode({"PING"}));
  serve(scene.node(0), "MULTI", "+OK\r\n");
  const auto queued = scene.node(0).take();
  scene.node(0).close(queued);
  const std::string expected = "+OK\r\n" + kQueued + error(errors::kOutcomeUnknown) + "+PONG\r\n";
  CHECK(client.read_raw(expected.size()) == expected);
}

TEST_CASE("a transaction has the size of a request at most") {
  Scene scene(1, [](config::Config& config) { config.limits.max_request_bytes = 1024; });
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  CHECK(client.text({"MULTI"}) == "+OK");
  CHECK(client.text({"SET", a, std::string(600, 'x')}) == "+QUEUED");
  CHECK(client.text({"SET", a, std::string(600, 'x')}) == "-" + std::string(errors::kTransactionTooLarge));
  CHECK(client.text({"EXEC"}) == "-" + std::string(errors::kExecAbort));
}

}  // namespace slotway::inproc
