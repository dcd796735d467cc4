// CLIENT UNBLOCK: the node that blocks the client decides, so that no element is lost.
#include "protocol/reply_errors.hpp"
#include "tests/inproc/scene.hpp"

namespace slotway::inproc {
namespace {

namespace errors = protocol::errors;

const std::string kPopped = "*2\r\n$1\r\nq\r\n$1\r\nx\r\n";

std::string id_of(TestClient& client) { return std::to_string(client.command({"CLIENT", "ID"}).integer); }

// What the node is told about the connection on which `request` came.
std::string order_for(const FakeRedis::Request& request, const std::string& how) {
  return "CLIENT UNBLOCK " + std::to_string(request.connection) + " " + how;
}

}  // namespace

TEST_CASE("CLIENT UNBLOCK tells the node, and answers what the node answers") {
  Scene scene(1, [](config::Config& config) { config.workers = 4; });
  const std::string a = scene.cluster.key(0);
  // On the same worker, and on others.
  for (int i = 0; i < 6; ++i) {
    TestClient blocked = scene.known_client();
    TestClient asking = scene.known_client();
    const std::string id = id_of(blocked);
    blocked.send({"BLPOP", a, "0"});
    const auto first = scene.node(0).take();
    REQUIRE(words(first) == "BLPOP " + a + " 0");

    // Nothing has come for the client.
    asking.send({"CLIENT", "UNBLOCK", id});
    auto order = scene.node(0).take();
    CHECK(words(order) == order_for(first, "TIMEOUT"));
    CHECK(order.connection != first.connection);
    scene.node(0).send(first, "*-1\r\n");
    scene.node(0).send(order, ":1\r\n");
    CHECK(blocked.read_raw(5) == "*-1\r\n");
    CHECK(asking.read_raw(4) == ":1\r\n");

    // An element is on its way already. The connection is not the same one: nobody may get what the node is
    // told of another.
    blocked.send({"BLPOP", a, "0"});
    const auto second = scene.node(0).take();
    CHECK(second.connection != first.connection);
    asking.send({"client", "unblock", id, "error"});
    order = scene.node(0).take();
    CHECK(words(order) == order_for(second, "ERROR"));
    scene.node(0).send(second, kPopped);
    scene.node(0).send(order, ":0\r\n");
    CHECK(blocked.read_raw(kPopped.size()) == kPopped);
    CHECK(asking.read_raw(4) == ":0\r\n");
    CHECK(blocked.text({"PING"}) == "+PONG");
  }
}

TEST_CASE("CLIENT UNBLOCK of a client that does not block asks no node") {
  Scene scene(1);
  const std::string a = scene.cluster.key(0);
  TestClient busy = scene.known_client();
  const std::string id = id_of(busy);
  CHECK(scene.other.text({"CLIENT", "UNBLOCK", id}) == ":0");
  CHECK(scene.other.text({"CLIENT", "UNBLOCK", "999999"}) == ":0");
  CHECK(scene.other.text({"CLIENT", "UNBLOCK", "-1"}) == ":0");
  busy.send({"WATCH", a});
  const auto watch = scene.node(0).take();
  CHECK(scene.other.text({"CLIENT", "UNBLOCK", id}) == ":0");
  scene.node(0).send(watch, "+OK\r\n");
  CHECK(kit::to_text(busy.read()) == "+OK");
  CHECK(scene.node(0).is_quiet());
  CHECK(scene.other.text({"CLIENT", "UNBLOCK", id, "LATER"}) == "-" + std::string(errors::kBadUnblockReason));
  CHECK(scene.other.text({"CLIENT", "UNBLOCK", "x"}) == "-" + std::string(errors::kNotInteger));
  CHECK(scene.other.text({"CLIENT", "UNBLOCK", id, "ERROR", "x"}) ==
        "-ERR unknown subcommand or wrong number of arguments for 'UNBLOCK'. Try CLIENT HELP.");
}

TEST_CASE("a blocking command that no node has got yet is ended by CLIENT UNBLOCK at once") {
  Scene scene(1);
  const std::string a = scene.cluster.key(0);
  TestClient blocked = scene.known_client();
  const std::string id = id_of(blocked);
  scene.node(0).go_down();
  for (const bool with_error : {false, true}) {
    blocked.send({"BLPOP", a, "0"});
    scene.barrier();
    CHECK(scene.other.text({"CLIENT", "UNBLOCK", id, with_error ? "ERROR" : "TIMEOUT"}) == ":1");
    CHECK(kit::to_text(blocked.read()) == (with_error ? "-" + std::string(errors::kUnblocked) : "nil"));
  }
  scene.node(0).restart();
  blocked.send({"GET", a});
  serve(scene.node(0), "GET " + a, bulk("1"));
  CHECK(kit::to_text(blocked.read()) == "\"1\"");
  CHECK(scene.node(0).history() == "GET " + a + "\n");
  scene.proxy.wait_for_info("requests_in_flight", "0");
}

TEST_CASE("CLIENT UNBLOCK says so if the node does not answer") {
  Scene scene(1);
  const std::string a = scene.cluster.key(0);
  TestClient blocked = scene.known_client();
  const std::string id = id_of(blocked);
  blocked.send({"BLPOP", a, "0"});
  const auto pop = scene.node(0).take();
  scene.other.send({"CLIENT", "UNBLOCK", id});
  const auto order = scene.node(0).take();
  scene.node(0).close(order);
  CHECK(kit::to_text(scene.other.read()) == "-" + std::string(errors::kOutcomeUnknown));
  scene.node(0).send(pop, kPopped);
  CHECK(blocked.read_raw(kPopped.size()) == kPopped);
  CHECK(scene.node(0).is_quiet());
}

}  // namespace slotway::inproc
