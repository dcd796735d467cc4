// Commands over several slots: how they are split, and what becomes of one reply from many.
#include "protocol/reply_errors.hpp"
#include "tests/inproc/scene.hpp"

namespace slotway::inproc {
namespace {

namespace errors = protocol::errors;

struct Step {
  std::size_t node;
  std::string request;
  std::string reply;
};
struct Row {
  std::string request;
  std::vector<Step> steps;
  std::string reply;
};

std::string in_part(std::string_view why) {
  return error(std::string(why) + std::string(errors::kExecutedInPart));
}

// a and A are node 0's, in two slots; b is node 1's.
std::vector<Row> rows() {
  return {
      {"MGET a b A a",
       {{0, "MGET a a", "*2\r\n$1\r\n1\r\n$1\r\n4\r\n"},
        {0, "MGET A", "*1\r\n$-1\r\n"},
        {1, "MGET b", "*1\r\n$0\r\n\r\n"}},
       "*4\r\n$1\r\n1\r\n$0\r\n\r\n$-1\r\n$1\r\n4\r\n"},
      {"MSET a 1 b 2 a 3", {{0, "MSET a 1 a 3", "+OK\r\n"}, {1, "MSET b 2", "+OK\r\n"}}, "+OK\r\n"},
      {"DEL a A b a", {{0, "DEL a a", ":1\r\n"}, {0, "DEL A", ":0\r\n"}, {1, "DEL b", ":1\r\n"}}, ":2\r\n"},
      {"UNLINK a b", {{0, "UNLINK a", ":1\r\n"}, {1, "UNLINK b", ":1\r\n"}}, ":2\r\n"},
      {"EXISTS a b a", {{0, "EXISTS a a", ":2\r\n"}, {1, "EXISTS b", ":0\r\n"}}, ":2\r\n"},
      {"TOUCH a b", {{0, "TOUCH a", ":0\r\n"}, {1, "TOUCH b", ":0\r\n"}}, ":0\r\n"},
      // one fragment fails: one error, whatever the others say
      {"MGET a b", {{0, "MGET a", "-ERR no\r\n"}, {1, "MGET b", "*1\r\n$-1\r\n"}}, "-ERR no\r\n"},
      {"MSET a 1 b 2", {{0, "MSET a 1", "+OK\r\n"}, {1, "MSET b 2", "-OOM full\r\n"}}, in_part("OOM full")},
      {"DEL a b", {{0, "DEL a", "-ERR first\r\n"}, {1, "DEL b", ":1\r\n"}}, in_part("ERR first")},
      {"DEL a b", {{0, "DEL a", "-ERR first\r\n"}, {1, "DEL b", "-ERR second\r\n"}}, "-ERR first\r\n"},
      {"EXISTS a b", {{0, "EXISTS a", "-ERR no\r\n"}, {1, "EXISTS b", ":1\r\n"}}, "-ERR no\r\n"},
      {"DEL b a", {{0, "DEL a", "-ERR first\r\n"}, {1, "DEL b", "-ERR second\r\n"}}, "-ERR second\r\n"},
      // replies of the wrong shape
      {"MGET a b",
       {{0, "MGET a", "*2\r\n:1\r\n:2\r\n"}, {1, "MGET b", "*1\r\n$-1\r\n"}},
       error(errors::kBadFragment)},
      {"DEL a b", {{0, "DEL a", "+OK\r\n"}, {1, "DEL b", ":1\r\n"}}, in_part(errors::kBadFragment)},
      // one slot: sent as it came
      {"MGET a a", {{0, "MGET a a", "*2\r\n:1\r\n:2\r\n"}}, "*2\r\n:1\r\n:2\r\n"},
      // never split
      {"MSETNX a 1 b 2", {}, error(errors::kCrossSlot)},
      {"RENAME a b", {}, error(errors::kCrossSlot)},
      {"SUNIONSTORE a a b", {}, error(errors::kCrossSlot)},
  };
}

// The table's letters are keys of the scene's.
Args with_keys(const Scene& scene, const std::string& line) {
  Args args;
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t end = std::min(line.find(' ', at), line.size());
    std::string word = line.substr(at, end - at);
    if (word == "a") word = scene.cluster.key(0);
    if (word == "A") word = scene.cluster.key(0, 1);
    if (word == "b") word = scene.cluster.key(1);
    args.push_back(std::move(word));
    at = end + 1;
  }
  return args;
}

}  // namespace

TEST_CASE("cross-slot commands are split by slot and merged") {
  Scene scene(2);
  TestClient client = scene.client();
  for (const Row& row : rows()) {
    INFO(row.request);
    client.send(with_keys(scene, row.request));
    for (const Step& step : row.steps) {
      const FakeRedis::Request request = scene.node(step.node).take();
      CHECK(request.args == with_keys(scene, step.request));
      scene.node(step.node).send(request, step.reply);
    }
    REQUIRE(client.read_raw(row.reply.size()) == row.reply);
  }
  CHECK(scene.node(0).is_quiet());
  CHECK(scene.node(1).is_quiet());
}

TEST_CASE("fragments for one node leave in one write") {
  Scene scene(1);
  const std::string a = scene.cluster.key(0);
  const std::string b = scene.cluster.key(0, 1);
  TestClient client = scene.client();
  scene.node(0).set_handler(always(":1\r\n"));
  CHECK(client.text({"DEL", a}) == ":1");  // the connection is made
  scene.node(0).set_handler({});
  client.send({"DEL", a, b});
  const auto first = scene.node(0).take();
  const auto second = scene.node(0).take();
  CHECK(first.chunk == second.chunk);
  scene.node(0).send(first, ":1\r\n:1\r\n");
  CHECK(client.read_raw(4) == ":2\r\n");
}

TEST_CASE("each fragment is redirected by itself") {
  Scene scene(3, never_refresh);
  const std::string a = scene.cluster.key(0);
  const std::string b = scene.cluster.key(1);
  TestClient client = scene.client();

  SECTION("MOVED") {
    client.send({"MGET", a, b});
    serve(scene.node(0), "MGET " + a, scene.cluster.redirect("MOVED", a, 2));
    serve(scene.node(1), "MGET " + b, "*1\r\n$1\r\n2\r\n");
    serve(scene.node(2), "MGET " + a, "*1\r\n$1\r\n1\r\n");
  }
  SECTION("ASK") {
    client.send({"MGET", a, b});
    serve(scene.node(1), "MGET " + b, scene.cluster.redirect("ASK", b, 2));
    serve(scene.node(0), "MGET " + a, "*1\r\n$1\r\n1\r\n");
    serve(scene.node(2), "ASKING", "+OK\r\n");
    serve(scene.node(2), "MGET " + b, "*1\r\n$1\r\n2\r\n");
  }
  SECTION("TRYAGAIN") {
    client.send({"MGET", a, b});
    serve(scene.node(0), "MGET " + a, "-TRYAGAIN Multiple keys request during rehashing of slot\r\n");
    serve(scene.node(1), "MGET " + b, "*1\r\n$1\r\n2\r\n");
    serve(scene.node(0), "MGET " + a, "*1\r\n$1\r\n1\r\n");
  }
  CHECK(client.read_raw(18) == "*2\r\n$1\r\n1\r\n$1\r\n2\r\n");
}

TEST_CASE("a split write of which a part cannot be sent says that the others were executed") {
  Scene scene(2, request_timeout(300ms));
  scene.node(0).set_handler(always("+OK\r\n"));
  scene.node(1).go_down();
  TestClient client = scene.client();
  const std::string reply = in_part(errors::kNotSent);
  client.send({"MSET", scene.cluster.key(0), "1", scene.cluster.key(1), "2"});
  CHECK(client.read_raw(reply.size()) == reply);
}

TEST_CASE("XREAD over several slots is split, and its streams come back in their order") {
  Scene scene(2);
  const std::string a = scene.cluster.key(0);
  const std::string b = scene.cluster.key(1);
  const auto stream = [](const std::string& key) { return bulk(key) + "*1\r\n*2\r\n$3\r\n1-1\r\n*-1\r\n"; };
  TestClient client = scene.client();

  client.send({"XREAD", "COUNT", "2", "STREAMS", b, a, "0", "7"});
  serve(scene.node(0), "XREAD COUNT 2 STREAMS " + a + " 7", "*1\r\n*2\r\n" + stream(a));
  serve(scene.node(1), "XREAD COUNT 2 STREAMS " + b + " 0", "*1\r\n*2\r\n" + stream(b));
  const std::string both = "*2\r\n*2\r\n" + stream(b) + "*2\r\n" + stream(a);
  CHECK(client.read_raw(both.size()) == both);

  client.send({"XREADGROUP", "GROUP", "g", "c", "NOACK", "STREAMS", a, b, ">", ">"});
  serve(scene.node(0), "XREADGROUP GROUP g c NOACK STREAMS " + a + " >",
        scene.cluster.redirect("MOVED", a, 1));
  serve(scene.node(1), "XREADGROUP GROUP g c NOACK STREAMS " + b + " >", "*-1\r\n");
  serve(scene.node(1), "XREADGROUP GROUP g c NOACK STREAMS " + a + " >", "*-1\r\n");
  CHECK(client.read_raw(5) == "*-1\r\n");

  const std::string unbalanced = error(errors::kUnbalancedStreams);
  client.send({"XREAD", "STREAMS", a, b, a, "0", "0"});
  CHECK(client.read_raw(unbalanced.size()) == unbalanced);
  const std::string cross_slot = error(errors::kCrossSlot);
  client.send({"XREAD", "BLOCK", "0", "STREAMS", a, b, "0", "0"});
  CHECK(client.read_raw(cross_slot.size()) == cross_slot);
  CHECK(scene.node(0).is_quiet());
  CHECK(scene.node(1).is_quiet());
}

TEST_CASE("MSET over several slots is refused if the configuration says so") {
  Scene scene(2, [](config::Config& config) { config.multikey.mset = config::CrossSlotWrites::reject; });
  TestClient client = scene.client();
  CHECK(client.text({"MSET", scene.cluster.key(0), "1", scene.cluster.key(1), "2"}) ==
        "-" + std::string(errors::kCrossSlot));
  CHECK(scene.node(0).history().empty());
}

}  // namespace slotway::inproc
