// Commands inside MULTI that the transaction's node does not run: queued like the others, run when EXEC was
// answered, and answered in their places.
#include "protocol/reply_errors.hpp"
#include "tests/inproc/scene.hpp"

namespace slotway::inproc {
namespace {

namespace errors = protocol::errors;

std::string all(std::initializer_list<Args> commands) {
  std::string bytes;
  for (const Args& command : commands) bytes += encode(command);
  return bytes;
}

std::string queued(std::size_t times) {
  std::string text = "+OK\r\n";
  for (std::size_t i = 0; i < times; ++i) text += "+QUEUED\r\n";
  return text;
}

void serve_transaction(FakeRedis& node, const std::vector<std::string>& commands,
                       std::string_view exec_reply) {
  serve(node, "MULTI", "+OK\r\n");
  for (const std::string& command : commands) serve(node, command, "+QUEUED\r\n");
  serve(node, "EXEC", exec_reply);
}

void expect(TestClient& client, const std::string& bytes) { CHECK(client.read_raw(bytes.size()) == bytes); }

}  // namespace

TEST_CASE("commands of the proxy's own are answered in their places in EXEC's reply") {
  Scene scene(1);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  client.send_raw(all({{"CLIENT", "SETNAME", "before"},
                       {"MULTI"},
                       {"CLIENT", "GETNAME"},
                       {"SET", a, "1"},
                       {"CLIENT", "SETNAME", "after"},
                       {"CLIENT", "GETNAME"},
                       {"GET", a},
                       {"SELECT", "1"},
                       {"EXEC"},
                       {"CLIENT", "GETNAME"}}));
  // Nothing has run yet, not even the last one.
  expect(client, "+OK\r\n" + queued(6));
  scene.barrier();
  CHECK_FALSE(has_input(client));
  serve_transaction(scene.node(0), {"SET " + a + " 1", "GET " + a}, "*2\r\n+OK\r\n$1\r\n1\r\n");
  expect(client, "*6\r\n" + bulk("before") + "+OK\r\n+OK\r\n" + bulk("after") + bulk("1") +
                     error(errors::kSelectRefused) + bulk("after"));
}

TEST_CASE("a transaction of nothing but outside commands asks no node") {
  Scene scene(1);
  TestClient client = scene.client();
  client.send_raw(all({{"GET", scene.cluster.key(0)},
                       {"MULTI"},
                       {"CLIENT", "SETNAME", "x"},
                       {"CLIENT", "GETNAME"},
                       {"EXEC"},
                       {"PING"}}));
  scene.barrier();
  CHECK_FALSE(has_input(client));
  serve(scene.node(0), "GET " + scene.cluster.key(0), bulk("0"));
  expect(client, bulk("0") + queued(2) + "*2\r\n+OK\r\n" + bulk("x") + "+PONG\r\n");
  CHECK(scene.node(0).is_quiet());
}

TEST_CASE("outside commands do not run if the transaction does not") {
  Scene scene(1);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  SECTION("EXECABORT here") {
    client.send_raw(all({{"MULTI"}, {"CLIENT", "SETNAME", "x"}, {"NOSUCH"}, {"EXEC"}}));
    expect(client, queued(1) + error("ERR unknown command 'NOSUCH', with args beginning with: ") +
                       error(errors::kExecAbort));
  }
  SECTION("EXECABORT there") {
    client.send_raw(all({{"MULTI"}, {"CLIENT", "SETNAME", "x"}, {"SET", a, "1"}, {"EXEC"}}));
    serve(scene.node(0), "MULTI", "+OK\r\n");
    serve(scene.node(0), "SET " + a + " 1", error("OOM command not allowed"));
    serve(scene.node(0), "EXEC", error(errors::kExecAbort));
    expect(client, queued(2) + error(errors::kExecAbort));
  }
  SECTION("DISCARD") {
    client.send_raw(all({{"MULTI"}, {"CLIENT", "SETNAME", "x"}, {"DISCARD"}}));
    expect(client, queued(1) + "+OK\r\n");
  }
  SECTION("a watched key has changed") {
    client.send({"WATCH", a});
    serve(scene.node(0), "WATCH " + a, "+OK\r\n");
    client.send_raw(all({{"MULTI"}, {"CLIENT", "SETNAME", "x"}, {"EXEC"}}));
    serve_transaction(scene.node(0), {}, "*-1\r\n");
    expect(client, "+OK\r\n" + queued(1) + "*-1\r\n");
  }
  CHECK(client.text({"CLIENT", "GETNAME"}) == "nil");
}

TEST_CASE("a transaction that watches asks its node though all its commands are outside") {
  Scene scene(1);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  client.send({"WATCH", a});
  serve(scene.node(0), "WATCH " + a, "+OK\r\n");
  client.send_raw(all({{"MULTI"}, {"CLIENT", "SETNAME", "x"}, {"EXEC"}}));
  serve_transaction(scene.node(0), {}, "*0\r\n");
  expect(client, "+OK\r\n" + queued(1) + "*1\r\n+OK\r\n");
}

TEST_CASE("commands to all shards run when the transaction has, and what follows waits for them") {
  Scene scene(2);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  client.send_raw(all({{"MULTI"}, {"SET", a, "1"}, {"DBSIZE"}, {"INCR", a}, {"EXEC"}, {"PING"}}));
  serve_transaction(scene.node(0), {"SET " + a + " 1", "INCR " + a}, "*2\r\n+OK\r\n:2\r\n");
  serve(scene.node(0), "DBSIZE", ":3\r\n");
  scene.barrier();
  serve(scene.node(1), "DBSIZE", ":4\r\n");
  expect(client, queued(3) + "*3\r\n+OK\r\n:7\r\n:2\r\n+PONG\r\n");
}

TEST_CASE("SCAN and CONFIG GET in a transaction go where they do outside of one") {
  Scene scene(1);
  TestClient client = scene.client();
  client.send_raw(all({{"MULTI"}, {"SCAN", "0"}, {"CONFIG", "GET", "save"}, {"EXEC"}}));
  serve(scene.node(0), "SCAN 0", "*2\r\n" + bulk("0") + "*0\r\n");
  // Not before the first is answered.
  serve(scene.node(0), "CONFIG GET save", "*2\r\n" + bulk("save") + bulk(""));
  expect(client, queued(2) + "*2\r\n*2\r\n" + bulk("0") + "*0\r\n*2\r\n" + bulk("save") + bulk(""));
}

TEST_CASE("a transaction that flushes has outside commands too") {
  Scene scene(2);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  client.send_raw(all({{"MULTI"}, {"SET", a, "1"}, {"CLIENT", "GETNAME"}, {"FLUSHALL"}, {"EXEC"}}));
  serve_transaction(scene.node(0), {"SET " + a + " 1", "FLUSHALL"}, "*2\r\n+OK\r\n+OK\r\n");
  serve(scene.node(1), "FLUSHALL", "+OK\r\n");
  expect(client, queued(3) + "*3\r\n+OK\r\n$-1\r\n+OK\r\n");
}

TEST_CASE("messages do not stand inside EXEC's reply") {
  Scene scene(2);
  TestClient client = scene.client();
  speak_resp3(client);
  client.send({"SUBSCRIBE", "c"});
  const FakeRedis::Request link = scene.node(1).take();
  CHECK(words(link) == "subscribe c");
  const std::string acknowledgement = "3\r\n" + bulk("subscribe") + bulk("c") + ":1\r\n";
  scene.node(1).send(link, "*" + acknowledgement);
  expect(client, ">" + acknowledgement);

  client.send_raw(all({{"MULTI"}, {"DBSIZE"}, {"CLIENT", "GETNAME"}, {"EXEC"}}));
  serve(scene.node(0), "HELLO 3", kHello);
  serve(scene.node(0), "DBSIZE", ":3\r\n");
  scene.node(1).send(link, "*3\r\n" + bulk("message") + bulk("c") + bulk("x"));
  serve(scene.node(1), "HELLO 3", kHello);
  scene.barrier();
  serve(scene.node(1), "DBSIZE", ":4\r\n");
  expect(client, queued(2) + "*2\r\n:7\r\n_\r\n>3\r\n" + bulk("message") + bulk("c") + bulk("x"));
}

TEST_CASE("CLIENT REPLY OFF silences outside commands and what stands between them") {
  Scene scene(1);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  client.send_raw(all({{"CLIENT", "REPLY", "OFF"},
                       {"MULTI"},
                       {"SET", a, "1"},
                       {"CLIENT", "SETNAME", "x"},
                       {"INCR", a},
                       {"EXEC"},
                       {"CLIENT", "REPLY", "ON"},
                       {"CLIENT", "GETNAME"}}));
  serve_transaction(scene.node(0), {"SET " + a + " 1", "INCR " + a}, "*2\r\n+OK\r\n:2\r\n");
  expect(client, "+OK\r\n" + bulk("x"));
}

TEST_CASE("a client that leaves between EXEC's pieces is forgotten") {
  Scene scene(2);
  TestClient client = scene.client();
  client.send_raw(all({{"MULTI"}, {"DBSIZE"}, {"CLIENT", "SETNAME", "x"}, {"EXEC"}}));
  expect(client, queued(2) + "*2\r\n");
  serve(scene.node(0), "DBSIZE", ":3\r\n");
  client.close();
  serve(scene.node(1), "DBSIZE", ":4\r\n");
  scene.proxy.wait_for_info("clients", "2");
  CHECK(scene.other.text({"PING"}) == "+PONG");
}

}  // namespace slotway::inproc
