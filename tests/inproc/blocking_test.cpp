// Blocking commands and WATCH: on connections of their own, so that nobody else waits, and nothing is taken
// for a client that has gone.
#include "protocol/reply_errors.hpp"
#include "tests/inproc/scene.hpp"

namespace slotway::inproc {
namespace {

namespace errors = protocol::errors;

const std::string kPopped = "*2\r\n$1\r\nq\r\n$1\r\nx\r\n";
const std::string kForced =
    "-UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)\r\n";

}  // namespace

TEST_CASE("a client that blocks keeps nobody waiting, and the connection is used again") {
  Scene scene(1);
  const std::string a = scene.cluster.key(0);
  TestClient blocked = scene.client();
  TestClient busy = scene.client();
  busy.send({"GET", a});
  const auto shared = serve(scene.node(0), "GET " + a, bulk("1"));
  CHECK(busy.read_raw(7) == bulk("1"));

  blocked.send({"BLPOP", a, "0"});
  const auto first = scene.node(0).take();
  CHECK(words(first) == "BLPOP " + a + " 0");
  CHECK(first.connection != shared.connection);
  busy.send({"GET", a});
  CHECK(serve(scene.node(0), "GET " + a, bulk("1")).connection == shared.connection);
  CHECK(busy.read_raw(7) == bulk("1"));
  scene.node(0).send(first, kPopped);
  CHECK(blocked.read_raw(kPopped.size()) == kPopped);

  busy.send({"BRPOP", a, "1.5"});
  CHECK(serve(scene.node(0), "BRPOP " + a + " 1.5", "*-1\r\n").connection == first.connection);
  CHECK(busy.read_raw(5) == "*-1\r\n");
}

TEST_CASE("what a client sends around a blocking command runs in its order") {
  Scene scene(1);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  const std::string line = GENERATE("", "BLPOP inline 0\r\n");
  client.send_raw(encode({"SET", a, "1"}) + (line.empty() ? encode({"BLPOP", "inline", "0"}) : line) +
                  encode({"SET", a, "2"}));
  const auto set = scene.node(0).take();
  scene.barrier();
  CHECK(scene.node(0).is_quiet());
  scene.node(0).send(set, "+OK\r\n");
  const auto pop = scene.node(0).take();
  CHECK(words(pop) == "BLPOP inline 0");
  scene.barrier();
  CHECK(scene.node(0).is_quiet());
  scene.node(0).send(pop, kPopped);
  serve(scene.node(0), "SET " + a + " 2", "+OK\r\n");
  const std::string expected = "+OK\r\n" + kPopped + "+OK\r\n";
  CHECK(client.read_raw(expected.size()) == expected);
}

TEST_CASE("a client that leaves while it blocks takes its connection with it") {
  Scene scene(1);
  const std::string a = scene.cluster.key(0);
  auto client = std::make_unique<TestClient>(scene.client());
  SECTION("closing") {
    client->send({"BLPOP", a, "0"});
    CHECK(words(scene.node(0).take()) == "BLPOP " + a + " 0");
    client.reset();
  }
  SECTION("closing with more commands behind") {
    client->send_raw(encode({"BLPOP", a, "0"}) + encode({"SET", a, "1"}));
    CHECK(words(scene.node(0).take()) == "BLPOP " + a + " 0");
    client.reset();
  }
  SECTION("ending its side") {
    client->send({"BLPOP", a, "0"});
    CHECK(words(scene.node(0).take()) == "BLPOP " + a + " 0");
    client->shutdown_send();
    CHECK(client->read_until_closed() == "");
  }
  scene.node(0).wait_for_open_connections(0);
  CHECK(scene.node(0).is_quiet());
}

TEST_CASE("a blocking command follows its slot") {
  Scene scene(2, never_refresh);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  client.send({"BLPOP", a, "0"});
  SECTION("MOVED") { serve(scene.node(0), "BLPOP " + a + " 0", scene.cluster.redirect("MOVED", a, 1)); }
  SECTION("ASK") {
    serve(scene.node(0), "BLPOP " + a + " 0", scene.cluster.redirect("ASK", a, 1));
    serve(scene.node(1), "ASKING", "+OK\r\n");
  }
  serve(scene.node(1), "BLPOP " + a + " 0", kPopped);
  CHECK(client.read_raw(kPopped.size()) == kPopped);
}

TEST_CASE("a client is not told that its primary has become a replica") {
  Scene scene(1);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  client.send({"BLPOP", a, "100"});
  serve(scene.node(0), "BLPOP " + a + " 100", kForced);
  serve(scene.node(0), "BLPOP " + a + " 100", kPopped);
  CHECK(client.read_raw(kPopped.size()) == kPopped);
}

TEST_CASE("a blocking command has its own time, then the request's") {
  Scene scene(1, request_timeout(300ms));
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  TestClient patient = scene.client();
  patient.send({"BLPOP", a, "0"});
  const auto endless = scene.node(0).take();
  client.send({"BLPOP", a, "0.2"});
  CHECK(words(scene.node(0).take()) == "BLPOP " + a + " 0.2");
  const std::string expected = error(errors::kTimeout);
  CHECK(client.read_raw(expected.size()) == expected);
  scene.node(0).wait_for_open_connections(1);
  CHECK_FALSE(has_input(patient));
  scene.node(0).send(endless, kPopped);
  CHECK(patient.read_raw(kPopped.size()) == kPopped);
}

TEST_CASE("a connection lost under a blocking command") {
  Scene scene(1);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  SECTION("that takes something: nobody knows") {
    client.send({"BLPOP", a, "0"});
    const auto taken = scene.node(0).take();
    scene.node(0).close(taken);
    const std::string expected = error(errors::kOutcomeUnknown);
    CHECK(client.read_raw(expected.size()) == expected);
  }
  SECTION("that only reads: again") {
    client.send({"XREAD", "BLOCK", "0", "STREAMS", a, "$"});
    scene.node(0).close(scene.node(0).take());
    serve(scene.node(0), "XREAD BLOCK 0 STREAMS " + a + " $", "*-1\r\n");
    CHECK(client.read_raw(5) == "*-1\r\n");
  }
  CHECK(client.text({"PING"}) == "+PONG");
}

TEST_CASE("when all connections are set aside, the next one is told") {
  Scene scene(1, pinned_limit(1));
  const std::string a = scene.cluster.key(0);
  TestClient first = scene.client();
  TestClient second = scene.client();
  first.send({"BLPOP", a, "0"});
  const auto taken = scene.node(0).take();
  CHECK(second.text({"BLPOP", a, "0"}) == "-" + std::string(errors::kAllPinned));
  CHECK(second.text({"WATCH", a}) == "-" + std::string(errors::kAllPinned));
  scene.node(0).send(taken, kPopped);
  CHECK(first.read_raw(kPopped.size()) == kPopped);
  second.send({"BLPOP", a, "0"});
  serve(scene.node(0), "BLPOP " + a + " 0", kPopped);
  CHECK(second.read_raw(kPopped.size()) == kPopped);
}

TEST_CASE("WATCH and its transaction share a connection, which then is anyone's") {
  Scene scene(1);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  client.send({"WATCH", a});
  const auto watched = serve(scene.node(0), "WATCH " + a, "+OK\r\n");
  CHECK(client.read_raw(5) == "+OK\r\n");
  client.send({"GET", a});
  CHECK(serve(scene.node(0), "GET " + a, bulk("1")).connection != watched.connection);
  CHECK(client.read_raw(7) == bulk("1"));
  CHECK(client.text({"MULTI"}) == "+OK");
  std::string expected;
  SECTION("EXEC") {
    CHECK(client.text({"SET", a, "2"}) == "+QUEUED");
    client.send({"EXEC"});
    CHECK(serve(scene.node(0), "MULTI", "+OK\r\n").connection == watched.connection);
    serve(scene.node(0), "SET " + a + " 2", "+QUEUED\r\n");
    serve(scene.node(0), "EXEC", "*-1\r\n");
    expected = "*-1\r\n";
  }
  SECTION("EXEC of nothing") {
    client.send({"EXEC"});
    CHECK(serve(scene.node(0), "MULTI", "+OK\r\n").connection == watched.connection);
    serve(scene.node(0), "EXEC", "*0\r\n");
    expected = "*0\r\n";
  }
  SECTION("DISCARD") {
    client.send({"DISCARD"});
    CHECK(serve(scene.node(0), "UNWATCH", "+OK\r\n").connection == watched.connection);
    expected = "+OK\r\n";
  }
  SECTION("EXEC of what was refused") {
    CHECK(client.text({"GET", scene.cluster.key(0, 1)}) == "-" + std::string(errors::kCrossSlot));
    client.send({"EXEC"});
    CHECK(serve(scene.node(0), "UNWATCH", "+OK\r\n").connection == watched.connection);
    expected = error(errors::kExecAbort);
  }
  CHECK(client.read_raw(expected.size()) == expected);
  client.send({"BLPOP", a, "0"});
  CHECK(serve(scene.node(0), "BLPOP " + a + " 0", kPopped).connection == watched.connection);
  CHECK(client.read_raw(kPopped.size()) == kPopped);
}

TEST_CASE("what was watched on a node that is lost, or that gave the slot away, counts as changed") {
  Scene scene(2, never_refresh);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  client.send({"WATCH", a});
  const auto watched = serve(scene.node(0), "WATCH " + a, "+OK\r\n");
  CHECK(client.read_raw(5) == "+OK\r\n");
  CHECK(client.text({"MULTI"}) == "+OK");
  CHECK(client.text({"SET", a, "2"}) == "+QUEUED");
  SECTION("lost") {
    scene.node(0).close(watched);
    scene.node(0).wait_for_open_connections(0);
    scene.barrier();
    CHECK(client.text({"EXEC"}) == "nil");
  }
  SECTION("given away") {
    client.send({"EXEC"});
    serve(scene.node(0), "MULTI", "+OK\r\n");
    serve(scene.node(0), "SET " + a + " 2", scene.cluster.redirect("MOVED", a, 1));
    serve(scene.node(0), "EXEC", error(errors::kExecAbort));
    CHECK(client.read_raw(5) == "*-1\r\n");
  }
  CHECK(scene.node(1).is_quiet());
  // The next attempt is like a first.
  client.send({"WATCH", a});
  serve(scene.node(0), "WATCH " + a, "+OK\r\n");
  CHECK(client.read_raw(5) == "+OK\r\n");
}

TEST_CASE("WATCH out of place is refused as Redis does") {
  Scene scene(1);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  CHECK(client.text({"UNWATCH"}) == "+OK");
  CHECK(client.text({"MULTI"}) == "+OK");
  CHECK(client.text({"WATCH", a}) == "-ERR WATCH inside MULTI is not allowed");
  CHECK(client.text({"EXEC"}) == "[]");
  CHECK(client.text({"WATCH"}) == "-ERR wrong number of arguments for 'watch' command");
  CHECK(scene.node(0).is_quiet());
}

}  // namespace slotway::inproc
