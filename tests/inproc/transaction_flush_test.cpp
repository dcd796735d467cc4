// FLUSHALL and FLUSHDB between MULTI and EXEC: the other shards are emptied when the transaction's own has
// answered, and only if it was executed.
#include <map>
#include <memory>

#include "protocol/reply_errors.hpp"
#include "tests/inproc/scene.hpp"

namespace slotway::inproc {
namespace {

namespace errors = protocol::errors;

const std::string kBegun = "+OK\r\n+QUEUED\r\n+QUEUED\r\n";
const std::string kDone = "*2\r\n+OK\r\n+OK\r\n";

// EXEC's reply when another shard has said `why` to the flush.
std::string done_in_part(std::string_view why) {
  return "*2\r\n+OK\r\n" + error(std::string(why) + std::string(errors::kExecutedInPart));
}

std::string doubtful(std::string_view why) { return error(errors::flush_failed(why)); }

// MULTI, SET key 1, FLUSHALL, EXEC; `more` comes in the same write.
void begin(TestClient& client, const std::string& key, const std::string& more = {}) {
  client.send_raw(encode({"MULTI"}) + encode({"SET", key, "1"}) + encode({"FLUSHALL"}) + encode({"EXEC"}) +
                  more);
}

// What begin() makes a node see; the last is EXEC, not yet answered.
FakeRedis::Request take_exec(FakeRedis& node, const std::string& key) {
  serve(node, "MULTI", "+OK\r\n");
  serve(node, "SET " + key + " 1", "+QUEUED\r\n");
  serve(node, "FLUSHALL", "+QUEUED\r\n");
  const FakeRedis::Request exec = node.take();
  CHECK(words(exec) == "EXEC");
  return exec;
}

void serve_transaction(FakeRedis& node, const std::string& key, std::string_view reply) {
  node.send(take_exec(node, key), reply);
}

void expect(TestClient& client, const std::string& bytes) { CHECK(client.read_raw(bytes.size()) == bytes); }

// As a server does that has nothing but flushes to execute.
FakeRedis::Handler flushing_server() {
  // The handler is copied for each request.
  return [queued = std::make_shared<std::map<std::uint64_t, int>>()](const FakeRedis::Request& request) {
    const auto open = queued->find(request.connection);
    if (request.args[0] == "MULTI") {
      queued->emplace(request.connection, 0);
    } else if (request.args[0] == "EXEC") {
      std::string reply = "*" + std::to_string(open->second) + "\r\n";
      for (int i = 0; i < open->second; ++i) reply += "+OK\r\n";
      queued->erase(open);
      return FakeRedis::Reaction{reply};
    } else if (open != queued->end()) {
      ++open->second;
      return FakeRedis::Reaction{"+QUEUED\r\n"};
    }
    return FakeRedis::Reaction{"+OK\r\n"};
  };
}

// All nodes have seen so many.
std::size_t flushes(Scene& scene) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < scene.cluster.size(); ++i)
    count += count_lines(scene.node(i).history(), "FLUSHALL");
  return count;
}

}  // namespace

TEST_CASE("EXEC empties the other shards when its own node has answered, and then answers") {
  Scene scene(3);
  scene.cluster.add_node();  // has no slots: is not asked
  const std::string a = scene.cluster.key(0);
  const std::string b = scene.cluster.key(1);
  TestClient client = scene.client();
  begin(client, a, encode({"SET", b, "2"}));
  const auto exec = take_exec(scene.node(0), a);
  expect(client, kBegun);
  scene.barrier();
  CHECK(scene.node(1).is_quiet());
  CHECK(scene.node(2).is_quiet());
  scene.node(0).send(exec, kDone);
  serve(scene.node(2), "FLUSHALL", "+OK\r\n");
  const auto last = scene.node(1).take();
  CHECK(words(last) == "FLUSHALL");
  scene.barrier();
  CHECK_FALSE(has_input(client));
  // What the client asks next must not be flushed with the rest.
  CHECK(scene.node(1).is_quiet());
  scene.node(1).send(last, "+OK\r\n");
  serve(scene.node(1), "SET " + b + " 2", "+OK\r\n");
  expect(client, kDone + "+OK\r\n");
  for (std::size_t i = 0; i < 4; ++i) CHECK(scene.node(i).is_quiet());
  CHECK(scene.proxy.info("requests_in_flight") == "0");
}

TEST_CASE("a transaction of flushes alone empties every shard once more") {
  const std::size_t nodes = GENERATE(1, 3);
  Scene scene(nodes);
  for (std::size_t i = 0; i < nodes; ++i) scene.node(i).set_handler(flushing_server());
  TestClient client = scene.client();
  client.send_raw(encode({"MULTI"}) + encode({"FLUSHALL"}) + encode({"FLUSHDB", "ASYNC"}) + encode({"EXEC"}) +
                  encode({"PING"}));
  expect(client, kBegun + kDone + "+PONG\r\n");
  std::size_t executed = 0;
  for (std::size_t i = 0; i < nodes; ++i) {
    const std::string history = scene.node(i).history();
    const bool here = history == "MULTI\nFLUSHALL\nFLUSHDB ASYNC\nEXEC\n";
    executed += here ? 1 : 0;
    if (!here) CHECK(history == "FLUSHDB ASYNC\n");
  }
  CHECK(executed == 1);
}

TEST_CASE("what is not executed empties no shard") {
  Scene scene(3);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  SECTION("an error of its node's, or a flush that fails") {
    const std::string reply =
        GENERATE("-EXECABORT Transaction discarded because of previous errors.\r\n",
                 "*2\r\n+OK\r\n-ERR syntax error\r\n", "*2\r\n+OK\r\n-NOPERM no\r\n", "*-1\r\n");
    begin(client, a);
    serve_transaction(scene.node(0), a, reply);
    expect(client, kBegun + reply);
  }
  SECTION("a command that was refused while queueing") {
    client.send_raw(encode({"MULTI"}) + encode({"FLUSHALL"}) + encode({"NOSUCH"}) + encode({"EXEC"}));
    expect(client, "+OK\r\n+QUEUED\r\n-ERR unknown command 'NOSUCH', with args beginning with: \r\n" +
                       error(errors::kExecAbort));
  }
  SECTION("DISCARD") {
    client.send_raw(encode({"MULTI"}) + encode({"FLUSHALL"}) + encode({"DISCARD"}));
    expect(client, "+OK\r\n+QUEUED\r\n+OK\r\n");
  }
  CHECK(client.text({"PING"}) == "+PONG");
  for (std::size_t i = 0; i < 3; ++i) CHECK(scene.node(i).is_quiet());
  CHECK(scene.proxy.info("requests_in_flight") == "0");
}

TEST_CASE("a shard that fails to flush is said in the flush's place") {
  const std::size_t failing = GENERATE(1, 2);
  const std::string how = GENERATE("refuses", "is lost", "is silent", "is down");
  INFO(failing << " " << how);
  const bool waits = how == "is silent" || how == "is down";
  Scene scene(3, request_timeout(waits ? 500ms : 15s));
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  begin(client, a);
  const auto exec = take_exec(scene.node(0), a);
  if (how == "is down") scene.node(failing).go_down();
  scene.node(0).send(exec, kDone);
  serve(scene.node(3 - failing), "FLUSHALL", "+OK\r\n");
  if (how == "is down") {
    expect(client, kBegun + done_in_part(errors::kNotSent));
  } else {
    const auto flush = scene.node(failing).take();
    CHECK(words(flush) == "FLUSHALL");
    if (how == "refuses") scene.node(failing).send(flush, "-BUSY x\r\n");
    if (how == "is lost") scene.node(failing).close(flush);
    expect(client, kBegun + done_in_part(how == "refuses"   ? "BUSY x"
                                         : how == "is lost" ? errors::kOutcomeUnknown
                                                            : errors::kTimeout));
  }
  CHECK(client.text({"PING"}) == "+PONG");
  CHECK(scene.node(0).is_quiet());
}

TEST_CASE("a transaction whose outcome is unknown empties no other shard, and says so") {
  const bool is_lost = GENERATE(true, false);
  Scene scene(3, request_timeout(is_lost ? 15s : 300ms));
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  begin(client, a);
  const auto exec = take_exec(scene.node(0), a);
  if (is_lost) scene.node(0).close(exec);
  expect(client, kBegun + doubtful(is_lost ? errors::kOutcomeUnknown : errors::kTimeout));
  // It comes too late.
  if (!is_lost) scene.node(0).send(exec, kDone);
  client.send({"GET", a});
  serve(scene.node(0), "GET " + a, "$-1\r\n");
  expect(client, "$-1\r\n");
  CHECK(scene.node(1).is_quiet());
  CHECK(scene.node(2).is_quiet());
}

TEST_CASE("the shards of others are those of the node that the transaction ran on in the end") {
  Scene scene(3, never_refresh);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  begin(client, a);
  SECTION("MOVED and ASK") {
    const std::string kind = GENERATE("MOVED", "ASK");
    INFO(kind);
    serve_transaction(scene.node(0), a, scene.cluster.redirect(kind, a, 1));
    if (kind == "ASK") serve(scene.node(1), "ASKING", "+OK\r\n");
    serve_transaction(scene.node(1), a, kDone);
    serve(scene.node(0), "FLUSHALL", "+OK\r\n");
    serve(scene.node(2), "FLUSHALL", "+OK\r\n");
  }
  SECTION("ASK to a node that has no slots yet") {
    const std::size_t added = scene.cluster.add_node();
    serve_transaction(scene.node(0), a, scene.cluster.redirect("ASK", a, added));
    serve(scene.node(added), "ASKING", "+OK\r\n");
    serve_transaction(scene.node(added), a, kDone);
    for (std::size_t i = 0; i < 3; ++i) serve(scene.node(i), "FLUSHALL", "+OK\r\n");
    CHECK(scene.node(added).is_quiet());
  }
  SECTION("TRYAGAIN") {
    serve_transaction(scene.node(0), a, error("TRYAGAIN Multiple keys request during rehashing of slot"));
    serve_transaction(scene.node(0), a, kDone);
    serve(scene.node(1), "FLUSHALL", "+OK\r\n");
    serve(scene.node(2), "FLUSHALL", "+OK\r\n");
  }
  expect(client, kBegun + kDone);
  for (std::size_t i = 0; i < 3; ++i) CHECK(scene.node(i).is_quiet());
}

TEST_CASE("a shard that fails over before it is emptied is emptied at its new primary") {
  Scene scene(3);
  const std::size_t heir = scene.cluster.add_node();
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  begin(client, a);
  serve_transaction(scene.node(0), a, kDone);
  serve(scene.node(2), "FLUSHALL", "+OK\r\n");
  const auto flush = scene.node(1).take();
  SECTION("another node") {
    scene.cluster.move_all(1, heir);
    scene.node(1).send(flush, "-READONLY You can't write against a read only replica.\r\n");
    serve(scene.node(heir), "FLUSHALL", "+OK\r\n");
    expect(client, kBegun + kDone);
  }
  SECTION("the transaction's node, which is not emptied after it") {
    scene.cluster.move_all(1, 0);
    scene.node(1).send(flush, "-READONLY You can't write against a read only replica.\r\n");
    expect(client, kBegun + done_in_part(errors::kShardMoved));
  }
  CHECK(client.text({"PING"}) == "+PONG");
  CHECK(scene.node(0).is_quiet());
}

TEST_CASE("a client that watches empties the others only if nothing has changed") {
  Scene scene(3);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  const bool changed = GENERATE(false, true);
  const bool resp3 = GENERATE(false, true);
  INFO(changed << resp3);
  const auto greet = [&](std::size_t node) {
    if (resp3) serve(scene.node(node), "HELLO 3", "%1\r\n$5\r\nproto\r\n:3\r\n");
  };
  if (resp3) {
    client.send_raw(encode({"HELLO", "3"}) + encode({"PING"}));
    std::string received;
    while (!received.ends_with("+PONG\r\n")) received += client.read_raw(1);
  }
  client.send({"WATCH", a});
  greet(0);
  const auto watch = serve(scene.node(0), "WATCH " + a, "+OK\r\n");
  expect(client, "+OK\r\n");
  begin(client, a);
  const auto exec = take_exec(scene.node(0), a);
  CHECK(exec.connection == watch.connection);
  const std::string reply = !changed ? kDone : resp3 ? "_\r\n" : "*-1\r\n";
  scene.node(0).send(exec, reply);
  for (const std::size_t i : {1u, 2u}) {
    if (changed) break;
    greet(i);
    serve(scene.node(i), "FLUSHALL", "+OK\r\n");
  }
  expect(client, kBegun + reply);
  for (std::size_t i = 0; i < 3; ++i) CHECK(scene.node(i).is_quiet());
  CHECK(scene.proxy.info("requests_in_flight") == "0");
}

TEST_CASE("what a client has asked for is done when it has been killed") {
  Scene scene(3);
  const std::string a = scene.cluster.key(0);
  for (std::size_t i : {1u, 2u}) {
    // The connections that are needed are there.
    scene.other.send({"GET", scene.cluster.key(i)});
    serve(scene.node(i), "GET " + scene.cluster.key(i), "$-1\r\n");
    expect(scene.other, "$-1\r\n");
  }
  TestClient client = scene.client();
  const std::string id = client.text({"CLIENT", "ID"}).substr(1);
  begin(client, a);
  const auto exec = take_exec(scene.node(0), a);
  expect(client, kBegun);
  CHECK(scene.other.text({"CLIENT", "KILL", "ID", id}) == ":1");
  scene.proxy.wait_for_info("clients", "2");
  scene.node(0).send(exec, kDone);
  serve(scene.node(1), "FLUSHALL", "+OK\r\n");
  serve(scene.node(2), "FLUSHALL", "+OK\r\n");
  scene.proxy.wait_for_info("requests_in_flight", "0");
}

TEST_CASE("a pause of writes holds back a transaction that flushes") {
  Scene scene(2);
  for (std::size_t i = 0; i < 2; ++i) scene.node(i).set_handler(flushing_server());
  TestClient client = scene.known_client();
  REQUIRE(client.text({"MULTI"}) == "+OK");
  REQUIRE(client.text({"FLUSHALL"}) == "+QUEUED");
  REQUIRE(scene.other.text({"CLIENT", "PAUSE", "1000000", "WRITE"}) == "+OK");
  client.send({"EXEC"});
  scene.proxy.wait_for_info("clients_blocked", "1");
  CHECK(flushes(scene) == 0);
  CHECK(scene.other.text({"CLIENT", "UNPAUSE"}) == "+OK");
  CHECK(kit::to_text(client.read()) == "[+OK]");
  CHECK(flushes(scene) == 2);
}

TEST_CASE("a reply that nobody reads ends with its flush") {
  Scene scene(3);
  for (std::size_t i = 0; i < 3; ++i) scene.node(i).set_handler(flushing_server());
  TestClient client = scene.client();
  client.send_raw(encode({"CLIENT", "REPLY", "OFF"}) + encode({"MULTI"}) + encode({"FLUSHALL"}) +
                  encode({"EXEC"}) + encode({"CLIENT", "REPLY", "ON"}));
  expect(client, "+OK\r\n");
  CHECK(flushes(scene) == 3);
  CHECK(scene.proxy.info("requests_in_flight") == "0");
}

}  // namespace slotway::inproc
