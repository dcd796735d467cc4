// Which node stands out among the others, second by second.
#include "routing/slow_nodes.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <string>

namespace slotway::routing {
namespace {

// A second of one node, 100 replies of that many milliseconds each.
NodeSecond second(std::uint16_t node, std::uint64_t ms, std::uint64_t replies = 100,
                  std::uint64_t oldest_ms = 0) {
  static std::map<std::uint16_t, Endpoint> endpoints;
  const Endpoint& endpoint = endpoints.try_emplace(node, Endpoint{"n", node}).first->second;
  return {&endpoint, replies, replies * ms * 1000, oldest_ms * 1000};
}

// What it says of them, "1 slow, 2 ok".
std::string said(SlowNodes& slow, const std::vector<NodeSecond>& nodes) {
  std::string text;
  for (const SlowChange& change : slow.observe(nodes))
    text += (text.empty() ? "" : ", ") + std::to_string(change.node.port) + (change.slow ? " slow" : " ok");
  return text;
}

}  // namespace

TEST_CASE("a node is slow after three seconds, and no more after three others") {
  SlowNodes slow;
  const std::vector<NodeSecond> bad = {second(1, 1), second(2, 50), second(3, 2)};
  const std::vector<NodeSecond> good = {second(1, 1), second(2, 2), second(3, 2)};
  CHECK(said(slow, bad) == "");
  CHECK(said(slow, bad) == "");
  CHECK(said(slow, good) == "");  // not in a row
  CHECK(said(slow, bad) == "");
  CHECK(said(slow, bad) == "");
  CHECK_FALSE(slow.is_slow({"n", 2}));
  CHECK(said(slow, bad) == "2 slow");
  CHECK(slow.is_slow({"n", 2}));
  CHECK_FALSE(slow.is_slow({"n", 1}));
  CHECK(said(slow, bad) == "");  // said once
  CHECK(said(slow, good) == "");
  CHECK(said(slow, good) == "");
  CHECK(said(slow, good) == "2 ok");
  CHECK_FALSE(slow.is_slow({"n", 2}));
}

TEST_CASE("what counts as slow") {
  struct Case {
    std::string_view what;
    std::vector<NodeSecond> nodes;
    std::string_view said;
  };
  const Case cases[] = {
      {"five times the others", {second(1, 2), second(2, 10), second(3, 2)}, "2 slow"},
      {"less than five times", {second(1, 3), second(2, 14), second(3, 3)}, ""},
      {"many times, but fast all the same", {second(1, 0), second(2, 9), second(3, 0)}, ""},
      {"alone", {second(1, 500)}, ""},
      {"the others say nothing", {second(1, 500), second(2, 0, 0)}, ""},
      {"all are slow", {second(1, 50), second(2, 60), second(3, 70)}, ""},
      {"one of two", {second(1, 1), second(2, 60)}, "2 slow"},
      {"two of five",
       {second(1, 1), second(2, 60), second(3, 1), second(4, 60), second(5, 1)},
       "2 slow, 4 slow"},
      {"too few replies", {second(1, 1), second(2, 60, 4)}, ""},
      {"no reply at all", {second(1, 1), second(2, 0, 0, 1500)}, "2 slow"},
      {"no reply for a moment", {second(1, 1), second(2, 0, 0, 900)}, ""},
  };
  for (const Case& c : cases) {
    INFO(c.what);
    SlowNodes slow;
    CHECK(said(slow, c.nodes) == "");
    CHECK(said(slow, c.nodes) == "");
    CHECK(said(slow, c.nodes) == c.said);
  }
}

TEST_CASE("a change says how slow, and how the others were") {
  SlowNodes slow;
  const std::vector<NodeSecond> nodes = {second(1, 2), second(2, 40), second(3, 4)};
  slow.observe(nodes);
  slow.observe(nodes);
  const std::vector<SlowChange> changes = slow.observe(nodes);
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].latency == std::chrono::milliseconds(40));
  CHECK(changes[0].others == std::chrono::milliseconds(3));
}

TEST_CASE("a node that has gone is forgotten") {
  SlowNodes slow;
  for (int i = 0; i < 3; ++i) slow.observe({second(1, 1), second(2, 50)});
  CHECK(slow.is_slow({"n", 2}));
  slow.observe({second(1, 1)});
  CHECK_FALSE(slow.is_slow({"n", 2}));
}

}  // namespace slotway::routing
