// A shard without a reachable primary: its requests wait for the new one, within bounds, and nobody else
// does.
#include <atomic>
#include "protocol/reply_errors.hpp"

#include "tests/inproc/scene.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::inproc {
namespace {

const std::string kNotSent = "-" + std::string(protocol::errors::kNotSent);
const std::string kTooManyHeld = "-" + std::string(protocol::errors::kTooManyHeld);
const std::string kUnknown = "-" + std::string(protocol::errors::kOutcomeUnknown);
const std::string kTimedOut = "-" + std::string(protocol::errors::kTimeout);

// The request time-out is over long before the hold is.
Scene::Adjust hold(std::chrono::milliseconds hold_time, std::chrono::milliseconds request = 200ms) {
  return [=](config::Config& config) {
    config.timeouts.request = request;
    config.failover.hold = hold_time;
  };
}

// Writes fail until Slotway knows that the node has gone: those that were sent may have been executed.
void wait_until_held(Scene& scene, const char* count = "1") {
  scene.proxy.wait_for_info("requests_held", count);
}

// While requests are held the map is asked for once a tick, which is 100 ms.
void pass_ticks(Scene& scene, std::size_t ticks) {
  const std::size_t before = scene.cluster.refreshes();
  kit::wait_until("refreshes", kit::kPatience, [&] { return scene.cluster.refreshes() >= before + ticks; });
}

}  // namespace

TEST_CASE("requests for a shard whose primary has gone wait for the new one, beyond their own time") {
  Scene scene(2, hold(60s));
  const std::string a = scene.cluster.key(0);
  scene.node(0).go_down();
  TestClient client = scene.client();
  client.send_raw(encode({"SET", a, "1"}) + encode({"GET", a}));
  wait_until_held(scene, "2");
  pass_ticks(scene, 6);  // more than timeouts.request
  CHECK_FALSE(has_input(client));
  scene.cluster.move_all(0, 1);
  serve(scene.node(1), "SET " + a + " 1", "+OK\r\n");
  serve(scene.node(1), "GET " + a, bulk("1"));
  CHECK(client.read_raw(12) == "+OK\r\n$1\r\n1\r\n");
}

TEST_CASE("the survivors are asked until the map changes, though nobody sends anything") {
  Scene scene(2, hold(60s));
  const std::string a = scene.cluster.key(0);
  scene.node(0).go_down();
  TestClient client = scene.client();
  client.send({"SET", a, "1"});
  wait_until_held(scene);
  pass_ticks(scene, 5);
}

TEST_CASE("requests for other shards do not wait") {
  Scene scene(2, hold(60s));
  const std::string a = scene.cluster.key(0);
  const std::string b = scene.cluster.key(1);
  scene.node(0).go_down();
  scene.node(1).set_handler(always("+1\r\n"));
  TestClient waiting = scene.client();
  TestClient client = scene.client();
  waiting.send({"GET", a});
  wait_until_held(scene);
  CHECK(client.text({"GET", b}) == "+1");
}

TEST_CASE("what a shard that elects says is waited out as well") {
  const std::string refusal =
      GENERATE("-CLUSTERDOWN The cluster is down\r\n", "-LOADING Redis is loading\r\n",
               "-MASTERDOWN Link with MASTER is down\r\n",
               "-READONLY You can't write against a read only replica.\r\n");
  Scene scene(1, hold(60s));
  const std::string a = scene.cluster.key(0);
  std::atomic<bool> refuses = true;
  scene.node(0).set_handler([&](const FakeRedis::Request&) {
    return FakeRedis::Reaction{refuses ? refusal : std::string("+OK\r\n")};
  });
  TestClient client = scene.client();
  client.send({"SET", a, "1"});
  wait_until_held(scene);
  pass_ticks(scene, 6);  // more than timeouts.request
  CHECK_FALSE(has_input(client));
  refuses = false;
  CHECK(kit::to_text(client.read()) == "+OK");
}

TEST_CASE("the hold is bounded, and the error says that nothing was executed") {
  Scene scene(1, hold(300ms));
  const std::string a = scene.cluster.key(0);
  scene.node(0).go_down();
  TestClient client = scene.client();
  CHECK(client.text({"SET", a, "1"}) == kNotSent);
  CHECK(client.text({"PING"}) == "+PONG");
}

TEST_CASE("what was held has no more time at the node than others") {
  Scene scene(2, hold(60s));
  const std::string a = scene.cluster.key(0);
  scene.node(0).go_down();
  TestClient client = scene.client();
  client.send({"SET", a, "1"});
  wait_until_held(scene);
  scene.cluster.move_all(0, 1);
  scene.node(1).take();  // and says nothing
  CHECK(kit::to_text(client.read()) == kTimedOut);
}

TEST_CASE("a blocking command that was held has its own time at the node all the same") {
  Scene scene(2, hold(60s));
  const std::string a = scene.cluster.key(0);
  scene.node(0).go_down();
  TestClient client = scene.client();
  client.send({"BLPOP", a, "30"});
  wait_until_held(scene);
  scene.cluster.move_all(0, 1);
  const FakeRedis::Request popping = scene.node(1).take();
  CHECK(words(popping) == "BLPOP " + a + " 30");
  // As long as another one's request is allowed to take.
  TestClient other = scene.client();
  other.send({"GET", a});
  scene.node(1).take();
  CHECK(kit::to_text(other.read()) == kTimedOut);
  scene.node(1).send(popping, "*2\r\n" + bulk(a) + bulk("x"));
  CHECK(kit::to_text(client.read()) == "[\"" + a + "\", \"x\"]");
}

TEST_CASE("a WATCH that was held has no more time at the node than others") {
  Scene scene(2, hold(60s));
  const std::string a = scene.cluster.key(0);
  scene.node(0).go_down();
  TestClient client = scene.client();
  client.send({"WATCH", a});
  wait_until_held(scene);
  scene.cluster.move_all(0, 1);
  scene.node(1).take();
  CHECK(kit::to_text(client.read()) == kTimedOut);
}

TEST_CASE("as many requests wait as the limits allow, the next ones fail at once") {
  const bool by_bytes = GENERATE(false, true);
  Scene scene(1, [&](config::Config& config) {
    hold(60s)(config);
    if (by_bytes) {
      config.failover.max_held_bytes_per_worker = 100;
    } else {
      config.failover.max_held_per_worker = 1;
    }
  });
  const std::string a = scene.cluster.key(0);
  const std::string value(60, 'v');
  scene.node(0).go_down();
  TestClient first = scene.client();
  TestClient second = scene.client();
  first.send({"SET", a, value});
  wait_until_held(scene);
  CHECK(second.text({"SET", a, value}) == kTooManyHeld);
  CHECK(second.text({"PING"}) == "+PONG");
  scene.node(0).set_handler(always("+OK\r\n"));
  scene.node(0).restart();
  CHECK(kit::to_text(first.read()) == "+OK");
  CHECK(second.text({"SET", a, value}) == "+OK");
}

TEST_CASE("writes of the families that may be executed twice are sent again, the others are not") {
  const bool allowed = GENERATE(false, true);
  Scene scene(1, [&](config::Config& config) {
    // string and set, of which the first is bit 0.
    if (allowed) config.failover.retry_unknown_writes = 1u | 1u << 3;
  });
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  client.send({"SET", a, "1"});
  scene.node(0).close(scene.node(0).take());
  if (allowed) serve(scene.node(0), "SET " + a + " 1", "+OK\r\n");
  CHECK(kit::to_text(client.read()) == (allowed ? "+OK" : kUnknown));
  client.send({"HSET", a, "f", "1"});
  scene.node(0).close(scene.node(0).take());
  CHECK(kit::to_text(client.read()) == kUnknown);
}

}  // namespace slotway::inproc
