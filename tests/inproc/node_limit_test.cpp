// Nodes that take no more clients: they accept, say so, and close; they have executed nothing.
#include <atomic>

#include "protocol/reply_errors.hpp"
#include "tests/inproc/scene.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::inproc {
namespace {

const std::string kLimit = "-ERR max number of clients reached\r\n";
const std::string kClusterLimit = "-ERR max number of clients + cluster connections reached\r\n";

}  // namespace

TEST_CASE("what a node with too many clients refuses is sent again when it takes us") {
  const std::string line = GENERATE(kLimit, kClusterLimit);
  INFO(line);
  Scene scene(1);
  const std::string a = scene.cluster.key(0);
  std::atomic<int> refusals = 3;
  scene.node(0).set_handler([&](const FakeRedis::Request& request) {
    if (refusals.fetch_sub(1) > 0) return FakeRedis::Reaction{line, true};
    return FakeRedis::Reaction{request.args[0] == "SET" ? "+OK\r\n" : bulk("1")};
  });
  TestClient client = scene.client();
  client.send_raw(encode({"SET", a, "1"}) + encode({"GET", a}));
  CHECK(client.read_raw(12) == "+OK\r\n" + bulk("1"));
  CHECK(scene.proxy.log().find("maxclients") != std::string::npos);
}

TEST_CASE(
    "a node that never takes us is tried with backoff, and the client is told that nothing was executed") {
  Scene scene(1, request_timeout(800ms));
  const std::string a = scene.cluster.key(0);
  scene.node(0).set_handler([](const FakeRedis::Request&) {
    return FakeRedis::Reaction{kClusterLimit, true};
  });
  TestClient client = scene.client();
  CHECK(client.text({"SET", a, "1"}) == "-" + std::string(protocol::errors::kNotSent));
  // 50 ms, doubling up to 0.5 s, each halved at most.
  CHECK(count_lines(scene.node(0).history(), "SET " + a + " 1") < 15);
}

TEST_CASE("a node with too many clients does not answer SUBSCRIBE, and is not asked in a loop") {
  Scene scene(1);
  std::atomic<bool> full = true;
  std::atomic<int> refusals = 0;
  scene.node(0).set_handler([&](const FakeRedis::Request& request) {
    if (full) {
      ++refusals;
      return FakeRedis::Reaction{kLimit, true};
    }
    return FakeRedis::Reaction{"*3\r\n" + bulk("subscribe") + bulk(request.args[1]) + ":1\r\n"};
  });
  TestClient client = scene.client();
  client.send({"SUBSCRIBE", "a"});
  kit::wait_until("the node has refused twice", kit::kPatience, [&] { return refusals >= 2; });
  CHECK_FALSE(has_input(client));
  full = false;
  CHECK(kit::to_text(client.read()) == "[\"subscribe\", \"a\", :1]");
  // 50 ms, doubling.
  CHECK(refusals < 20);
}

TEST_CASE("the same words are a reply when something was answered before, or when a script says them") {
  Scene scene(1);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  client.send({"EVAL", "s", "1", a});
  const auto first = serve(scene.node(0), "EVAL s 1 " + a, kLimit);
  CHECK(client.read_raw(kLimit.size()) == kLimit);
  client.send({"GET", a});
  const auto second = serve(scene.node(0), "GET " + a, kLimit);
  CHECK(client.read_raw(kLimit.size()) == kLimit);
  CHECK(second.connection == first.connection);
}

}  // namespace slotway::inproc
