// What was on a connection when it was lost: what no node can have executed, and what only reads, is sent
// again; of the rest nobody knows, and it is sent to nobody.
#include "protocol/reply_errors.hpp"
#include "tests/inproc/scene.hpp"
#include "tests/protocol/described_command.hpp"

namespace slotway::inproc {
namespace {

const std::string kUnknown = "-" + std::string(protocol::errors::kOutcomeUnknown);

}  // namespace

TEST_CASE("whether a command is sent again is told by its flags, and one without any is a write") {
  kit::FakeCluster cluster(1);
  cluster.describe_commands(protocol::command_reply({{"acme.get", 2, {"readonly"}, {protocol::first_key()}},
                                                     {"acme.plain", 2, {}, {protocol::first_key()}}}));
  const kit::InProcessProxy proxy(kit::inproc_config(cluster));
  TestClient client = proxy.client();
  struct Row {
    Args command;
    bool again;
  };
  const Row rows[] = {
      {{"GET", "k"}, true},
      {{"TTL", "k"}, true},
      {{"HSCAN", "k", "0"}, true},
      {{"SET", "k", "1"}, false},
      {{"GETSET", "k", "1"}, false},
      {{"GETDEL", "k"}, false},
      {{"GETEX", "k"}, false},
      {{"SORT", "k"}, false},
      {{"SORT_RO", "k"}, true},
      {{"BITFIELD", "k", "GET", "u8", "0"}, false},
      {{"BITFIELD_RO", "k", "GET", "u8", "0"}, true},
      {{"GEORADIUSBYMEMBER", "k", "m", "1", "km"}, false},
      {{"GEORADIUSBYMEMBER_RO", "k", "m", "1", "km"}, true},
      {{"XREAD", "STREAMS", "k", "0"}, true},
      {{"XREADGROUP", "GROUP", "g", "c", "STREAMS", "k", ">"}, false},
      {{"EVAL", "return 1", "1", "k"}, false},
      {{"EVAL_RO", "return 1", "1", "k"}, true},
      {{"EVALSHA", "sha", "1", "k"}, false},
      {{"EVALSHA_RO", "sha", "1", "k"}, true},
      {{"FCALL", "f", "1", "k"}, false},
      {{"FCALL_RO", "f", "1", "k"}, true},
      {{"acme.get", "k"}, true},
      {{"acme.plain", "k"}, false},
  };
  for (const Row& row : rows) {
    INFO(row.command[0]);
    client.send(row.command);
    const auto request = cluster[0].take();
    REQUIRE(request.args == row.command);
    cluster[0].close(request);
    if (row.again) {
      const auto again = cluster[0].take();
      REQUIRE(again.args == row.command);
      cluster[0].send(again, "+1\r\n");
    }
    REQUIRE(kit::to_text(client.read()) == (row.again ? "+1" : kUnknown));
    CHECK(cluster[0].is_quiet());
  }
}

TEST_CASE("a write of which no byte was sent is sent again, one that was sent in part is not") {
  Scene scene(1);
  FakeRedis& node = scene.node(0);
  const std::string a = scene.cluster.key(0);
  TestClient in_part = scene.client();
  TestClient unsent = scene.client();
  in_part.send({"SET", a, "0"});
  serve(node, "SET " + a + " 0", "+OK\r\n");
  CHECK(kit::to_text(in_part.read()) == "+OK");
  node.stop_reading();
  // More than the sockets hold.
  in_part.send({"APPEND", a, std::string(64 << 20, 'x')});
  scene.barrier();
  unsent.send_raw(encode({"INCR", a}) + encode({"INCR", a}));
  scene.barrier();
  node.set_handler(always(":1\r\n"));
  node.close_connections();
  node.read_again();
  CHECK(kit::to_text(in_part.read()) == kUnknown);
  CHECK(kit::to_text(unsent.read()) == ":1");
  CHECK(kit::to_text(unsent.read()) == ":1");
  CHECK(node.history() == "SET " + a + " 0\nINCR " + a + "\nINCR " + a + "\n");
}

TEST_CASE("a transaction that could not be sent is sent when its node is back, once and whole") {
  Scene scene(1);
  FakeRedis& node = scene.node(0);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.known_client();
  node.go_down();
  client.send_raw(encode({"MULTI"}) + encode({"INCR", a}) + encode({"EXEC"}));
  CHECK(client.read_raw(14) == "+OK\r\n+QUEUED\r\n");
  scene.barrier();
  CHECK_FALSE(has_input(client));
  node.restart();
  serve(node, "MULTI", "+OK\r\n");
  serve(node, "INCR " + a, "+QUEUED\r\n");
  serve(node, "EXEC", "*1\r\n:1\r\n");
  CHECK(kit::to_text(client.read()) == "[:1]");
  CHECK(node.history() == "MULTI\nINCR " + a + "\nEXEC\n");
}

}  // namespace slotway::inproc
