// Commands of the whole keyspace: sent to every shard that has slots, and answered once.
#include "protocol/reply_errors.hpp"
#include "tests/inproc/scene.hpp"

namespace slotway::inproc {
namespace {

namespace errors = protocol::errors;

struct Row {
  std::string request;
  std::vector<std::string> replies;  // of node 0, node 1, …
  std::string reply;
};

Args split(const std::string& line) {
  Args args;
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t end = std::min(line.find(' ', at), line.size());
    args.push_back(line.substr(at, end - at));
    at = end + 1;
  }
  return args;
}

const std::vector<Row> kRows = {
    {"KEYS *", {"*1\r\n$1\r\na\r\n", "*0\r\n", "*1\r\n$1\r\nb\r\n"}, "*2\r\n$1\r\na\r\n$1\r\nb\r\n"},
    {"DBSIZE", {":3\r\n", ":0\r\n", ":4\r\n"}, ":7\r\n"},
    {"FLUSHALL", {"+OK\r\n", "+OK\r\n", "+OK\r\n"}, "+OK\r\n"},
    {"FLUSHDB ASYNC", {"+OK\r\n", "+OK\r\n", "+OK\r\n"}, "+OK\r\n"},
    {"CONFIG SET save x", {"+OK\r\n", "-ERR no\r\n", "+OK\r\n"}, "-ERR no\r\n"},
    {"FLUSHALL", {"+OK\r\n", "-BUSY x\r\n", "+OK\r\n"}, "-BUSY x (Slotway: executed in part)\r\n"},
    {"FLUSHALL", {"-BUSY x\r\n", "-BUSY x\r\n", "-BUSY x\r\n"}, "-BUSY x\r\n"},
    {"SCRIPT EXISTS x y",
     {"*2\r\n:1\r\n:1\r\n", "*2\r\n:1\r\n:0\r\n", "*2\r\n:1\r\n:1\r\n"},
     "*2\r\n:1\r\n:0\r\n"},
    {"SCRIPT LOAD x", {"$1\r\ns\r\n", "$1\r\ns\r\n", "$1\r\ns\r\n"}, "$1\r\ns\r\n"},
    {"SCRIPT KILL", {"-NOTBUSY x\r\n", "+OK\r\n", "-NOTBUSY x\r\n"}, "+OK\r\n"},
    {"SCRIPT KILL", {"-NOTBUSY x\r\n", "-NOTBUSY x\r\n", "-NOTBUSY x\r\n"}, "-NOTBUSY x\r\n"},
    {"FUNCTION KILL", {"-NOTBUSY x\r\n", "-BUSY y\r\n", "-NOTBUSY x\r\n"}, "-BUSY y\r\n"},
    {"FUNCTION DELETE x", {"-ERR Library not found\r\n", "+OK\r\n", "+OK\r\n"}, "+OK\r\n"},
    {"SLOWLOG LEN", {":1\r\n", ":2\r\n", ":3\r\n"}, ":6\r\n"},
    {"DBSIZE", {":3\r\n", "+OK\r\n", ":4\r\n"}, "-" + std::string(errors::kBadFragment) + "\r\n"},
};

}  // namespace

TEST_CASE("a command of the whole keyspace is sent to every shard and answered once") {
  Scene scene(3);
  scene.cluster.add_node();  // has no slots: is not asked
  TestClient client = scene.client();
  for (const Row& row : kRows) {
    INFO(row.request);
    client.send(split(row.request));
    for (std::size_t i = 0; i < 3; ++i) {
      serve(scene.node(i), row.request, row.replies[i]);
      scene.barrier();
      if (i < 2) CHECK_FALSE(has_input(client));
    }
    REQUIRE(client.read_raw(row.reply.size()) == row.reply);
  }
  for (std::size_t i = 0; i < 4; ++i) CHECK(scene.node(i).is_quiet());
}

TEST_CASE("what ends a script does not wait behind it") {
  Scene scene(2);
  const std::string a = scene.cluster.key(0);
  TestClient runs = scene.client();
  runs.send({"EVAL", "endless", "1", a});
  const FakeRedis::Request script = scene.node(0).take();
  TestClient client = scene.client();
  for (const char* const command : {"SCRIPT KILL", "FUNCTION KILL", "FUNCTION STATS"}) {
    INFO(command);
    client.send(split(command));
    for (std::size_t i = 0; i < 2; ++i) {
      const FakeRedis::Request request = scene.node(i).take();
      CHECK(words(request) == command);
      CHECK(request.connection != script.connection);
      scene.node(i).send(request, "-NOTBUSY x\r\n");
    }
    CHECK(kit::to_text(client.read()) == "-NOTBUSY x");
  }
  scene.node(0).send(script, ":1\r\n");
  CHECK(kit::to_text(runs.read()) == ":1");
}

TEST_CASE("a random key is asked of every shard together with its size") {
  Scene scene(2);
  TestClient client = scene.client();
  client.send({"RANDOMKEY"});
  serve(scene.node(1), "DBSIZE", ":5\r\n");
  serve(scene.node(1), "RANDOMKEY", bulk("key"));
  serve(scene.node(0), "DBSIZE", ":0\r\n");
  serve(scene.node(0), "RANDOMKEY", "$-1\r\n");
  CHECK(kit::to_text(client.read()) == "\"key\"");
}

TEST_CASE("a command of the whole keyspace keeps its place in a pipeline") {
  Scene scene(2);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  client.send_raw(encode({"SET", a, "1"}) + encode({"DBSIZE"}) + encode({"PING"}) + encode({"GET", a}));
  serve(scene.node(1), "DBSIZE", ":1\r\n");
  serve(scene.node(0), "SET " + a + " 1", "+OK\r\n");
  serve(scene.node(0), "DBSIZE", ":2\r\n");
  serve(scene.node(0), "GET " + a, bulk("1"));
  CHECK(client.read_raw(23) == "+OK\r\n:3\r\n+PONG\r\n$1\r\n1\r\n");
}

TEST_CASE("commands of the whole keyspace before the first map wait for it") {
  kit::FakeCluster cluster(2);
  for (std::size_t i = 0; i < 2; ++i) {
    cluster[i].set_handler([](const FakeRedis::Request& request) {
      const bool scans = request.args[0] == "SCAN";
      return FakeRedis::Reaction{scans ? "*2\r\n$1\r\n0\r\n*1\r\n$1\r\nk\r\n" : ":4\r\n"};
    });
    cluster[i].go_down();
  }
  kit::InProcessProxy proxy(kit::inproc_config(cluster), false);
  TestClient client = proxy.client();
  client.send_raw(encode({"DBSIZE"}) + encode({"SCAN", "0"}) + encode({"PING"}));
  CHECK(proxy.info("slots_covered") == "0");
  CHECK_FALSE(has_input(client));
  for (std::size_t i = 0; i < 2; ++i) cluster[i].restart();
  CHECK(kit::to_text(client.read()) == ":8");
  CHECK_FALSE(client.read().is_error());
  CHECK(kit::to_text(client.read()) == "+PONG");
}

TEST_CASE("the part of a shard that fails over is sent to its new primary") {
  Scene scene(2);
  const std::size_t heir = scene.cluster.add_node();
  TestClient client = scene.client();

  SECTION("the node says that it is a replica now") {
    client.send({"FLUSHALL"});
    serve(scene.node(1), "FLUSHALL", "+OK\r\n");
    const FakeRedis::Request request = scene.node(0).take();
    scene.cluster.move_all(0, heir);
    scene.node(0).send(request, "-READONLY You can't write against a read only replica.\r\n");
    serve(scene.node(heir), "FLUSHALL", "+OK\r\n");
    CHECK(kit::to_text(client.read()) == "+OK");
  }
  SECTION("the node is gone before it was asked, and nothing is sent twice") {
    scene.node(0).go_down();
    client.send({"FLUSHALL"});
    serve(scene.node(1), "FLUSHALL", "+OK\r\n");
    scene.cluster.move_all(0, heir);
    serve(scene.node(heir), "FLUSHALL", "+OK\r\n");
    CHECK(kit::to_text(client.read()) == "+OK");
  }
  SECTION("a read is sent again when the connection is lost") {
    client.send({"DBSIZE"});
    serve(scene.node(1), "DBSIZE", ":1\r\n");
    CHECK(words(scene.node(0).take()) == "DBSIZE");
    scene.cluster.move_all(0, heir);
    scene.node(0).go_down();
    serve(scene.node(heir), "DBSIZE", ":2\r\n");
    CHECK(kit::to_text(client.read()) == ":3");
  }
  SECTION("a write is not, and says so once") {
    client.send({"FLUSHALL"});
    CHECK(words(scene.node(0).take()) == "FLUSHALL");
    serve(scene.node(1), "FLUSHALL", "+OK\r\n");
    scene.node(0).go_down();
    CHECK(kit::to_text(client.read()) ==
          "-" + std::string(errors::kOutcomeUnknown) + std::string(errors::kExecutedInPart));
    CHECK(client.text({"PING"}) == "+PONG");
  }
}

TEST_CASE("a client that leaves does not keep what was sent for it to every shard") {
  Scene scene(2);
  {
    TestClient client = scene.client();
    client.send({"DBSIZE"});
    CHECK(words(scene.node(0).take()) == "DBSIZE");
  }
  const FakeRedis::Request late = scene.node(1).take();
  scene.node(1).send(late, ":1\r\n");
  TestClient client = scene.client();
  scene.node(1).set_handler(always(":5\r\n"));
  const std::string b = scene.cluster.key(1);
  CHECK(client.text({"STRLEN", b}) == ":5");
}

}  // namespace slotway::inproc
