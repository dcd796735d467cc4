#include "routing/sentinel_topology.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace slotway;
using namespace slotway::routing;
using protocol::ReplyTree;
using protocol::ReplyType;

namespace {

ReplyTree text(std::string value) { return {ReplyType::string, 0, std::move(value)}; }

ReplyTree array(std::vector<ReplyTree> elements) { return {ReplyType::array, 0, {}, std::move(elements)}; }

ReplyTree words(const std::vector<std::string>& values) {
  std::vector<ReplyTree> elements;
  for (const std::string& value : values) elements.push_back(text(value));
  return array(std::move(elements));
}

ReplyTree error(std::string value) { return {ReplyType::error, 0, std::move(value)}; }

const Endpoint kAsked{"10.0.0.9", 26379};

std::vector<ReplyTree> usual() {
  return {text("id-1"), words({"10.0.0.1", "6379"}),
          words({"name", "mymaster", "ip", "10.0.0.1", "port", "6379", "config-epoch", "7"}),
          array({words({"ip", "10.0.0.2", "port", "6379", "flags", "slave", "master-link-status", "ok"}),
                 words({"ip", "10.0.0.3", "port", "6379", "flags", "s_down,slave,disconnected"}),
                 words({"ip", "10.0.0.4", "port", "6379", "flags", "slave", "master-link-status", "err"})}),
          array({words({"ip", "10.0.0.8", "port", "26379", "flags", "sentinel"})})};
}

std::string describe(const SentinelView& view) {
  std::string out = view.voter + ": " + view.primary.host + ":" + std::to_string(view.primary.port) +
                    " epoch " + std::to_string(view.epoch) + ";";
  for (const SentinelReplica& replica : view.replicas)
    out += " " + replica.endpoint.host + (replica.healthy ? "" : " (down)");
  out += ";";
  for (const Endpoint& other : view.others) out += " " + other.host;
  return out;
}

// --- views for the judge: "voter says host at epoch", every one knowing r1 and r2 as replicas ---

SentinelView says(std::string voter, std::string host, std::uint64_t epoch) {
  SentinelView view;
  view.voter = std::move(voter);
  view.primary = {std::move(host), 6379};
  view.epoch = epoch;
  for (const char* replica : {"r1", "r2"}) {
    if (view.primary.host != replica) view.replicas.push_back({{replica, 6379}});
  }
  return view;
}

std::string judged(SentinelJudge& judge, const Topology* current, const std::vector<SentinelView>& views,
                   std::size_t known = 3) {
  const auto verdict = judge.judge(current, views, known);
  std::string out;
  for (const SentinelView* view : verdict.believed) out += (out.empty() ? "" : " ") + view->primary.host;
  CHECK(verdict.error.empty() == !out.empty());
  return out.empty() ? verdict.error : out;
}

}  // namespace

TEST_CASE("A sentinel's view is read") {
  const auto parsed = parse_sentinel_view(usual(), kAsked);
  REQUIRE(parsed.view);
  CHECK(describe(*parsed.view) ==
        "id-1: 10.0.0.1:6379 epoch 7; 10.0.0.2 10.0.0.3 (down) 10.0.0.4 (down); 10.0.0.8");
}

TEST_CASE("During a failover the new primary is no replica, and the old one is one that is down") {
  auto replies = usual();
  replies[1] = words({"10.0.0.2", "6379"});
  const auto parsed = parse_sentinel_view(replies, kAsked);
  REQUIRE(parsed.view);
  CHECK(describe(*parsed.view) ==
        "id-1: 10.0.0.2:6379 epoch 7; 10.0.0.3 (down) 10.0.0.4 (down) 10.0.0.1 (down); 10.0.0.8");
}

TEST_CASE("What an older sentinel does not say is done without") {
  auto replies = usual();
  replies[0] = error("ERR Unknown sentinel subcommand 'myid'");
  replies[3] = error("ERR Unknown sentinel subcommand 'replicas'");
  const auto parsed = parse_sentinel_view(replies, kAsked);
  REQUIRE(parsed.view);
  CHECK(describe(*parsed.view) == "10.0.0.9:26379: 10.0.0.1:6379 epoch 7;; 10.0.0.8");
}

TEST_CASE("What is no answer is an error") {
  struct Case {
    std::size_t index;
    ReplyTree reply;
    std::string error;
  };
  const std::vector<Case> cases = {
      {1, ReplyTree{}, "it knows no such master"},
      {1, words({"10.0.0.1"}), "its answer names no address"},
      {1, words({"10.0.0.1", "0"}), "its answer names no address"},
      {1, words({"10.0.0.1", "65536"}), "its answer names no address"},
      {1, words({"10.0.0.1 x", "6379"}), "its answer names no address"},
      {1, words({"", "6379"}), "its answer names no address"},
      {1, error("NOAUTH Authentication required."), "NOAUTH Authentication required."},
      {2, error("ERR No such master with that name"), "ERR No such master with that name"},
  };
  for (const Case& c : cases) {
    auto replies = usual();
    replies[c.index] = c.reply;
    const auto parsed = parse_sentinel_view(replies, kAsked);
    CHECK_FALSE(parsed.view);
    CHECK(parsed.error == c.error);
  }
  CHECK_FALSE(parse_sentinel_view({}, kAsked).view);
}

TEST_CASE("Whom to believe") {
  const auto in_use = sentinel_topology(says("a", "p", 5));
  struct Case {
    std::string what;
    bool has_map;
    std::vector<SentinelView> views;
    std::string believed;
  };
  const std::vector<Case> cases = {
      {"all agree", false, {says("a", "p", 5), says("b", "p", 5), says("c", "p", 5)}, "p"},
      {"one of three answers, and there is no map", false, {says("a", "p", 5)}, "p"},
      {"a failover that one has heard of",
       true,
       {says("a", "r1", 6), says("b", "p", 5), says("c", "p", 5)},
       "r1 p"},
      {"only one answers, and it has heard of a failover", true, {says("a", "r1", 6)}, "r1"},
      {"one is behind", true, {says("a", "r2", 4), says("b", "p", 5), says("c", "p", 5)}, "p"},
      {"only the one that is behind answers",
       true,
       {says("a", "r2", 4)},
       "the sentinels disagree: r2:6379 (epoch 4) say 1 of 3"},
      {"a stranger by one of three", true, {says("a", "evil", 9), says("b", "p", 5), says("c", "p", 5)}, "p"},
      {"a stranger by the only one that answers",
       true,
       {says("a", "evil", 9)},
       "the sentinels disagree: evil:6379 (epoch 9) say 1 of 3"},
      {"a stranger by most", true, {says("a", "new", 9), says("b", "new", 9), says("c", "p", 5)}, "new p"},
      {"all were set up anew", true, {says("a", "r1", 0), says("b", "r1", 0), says("c", "p", 5)}, "p r1"},
      {"two strangers",
       false,
       {says("a", "x", 1), says("b", "y", 1)},
       "the sentinels disagree: x:6379 (epoch 1) say 1 of 3, y:6379 (epoch 1) say 1 of 3"},
      {"nobody answers", true, {}, "no sentinel has an answer"},
  };
  for (const Case& c : cases) {
    INFO(c.what);
    SentinelJudge judge;
    CHECK(judged(judge, c.has_map ? in_use.get() : nullptr, c.views) == c.believed);
  }
}

TEST_CASE("What most that answer say again and again is believed in the end") {
  const auto in_use = sentinel_topology(says("a", "p", 5));
  SentinelJudge judge;
  const std::vector<SentinelView> views = {says("a", "new", 1)};
  for (std::uint32_t look = 1; look < SentinelJudge::kPatience; ++look)
    CHECK(judged(judge, in_use.get(), views) == "the sentinels disagree: new:6379 (epoch 1) say 1 of 3");
  SECTION("without a break") { CHECK(judged(judge, in_use.get(), views) == "new"); }
  SECTION("not if somebody else was named meanwhile") {
    CHECK(judged(judge, in_use.get(), {says("a", "other", 1)}) ==
          "the sentinels disagree: other:6379 (epoch 1) say 1 of 3");
    CHECK(judged(judge, in_use.get(), views) == "the sentinels disagree: new:6379 (epoch 1) say 1 of 3");
  }
}

TEST_CASE("The map has the primary with all slots, and its replicas") {
  const auto map = sentinel_topology(*parse_sentinel_view(usual(), kAsked).view);
  CHECK(map->covered_slots() == kSlotCount);
  CHECK(map->epoch() == 7);
  CHECK(map->nodes().size() == 4);
  CHECK(sentinel_primary(*map) == Endpoint{"10.0.0.1", 6379});
  CHECK(map->primary_of(16383) == 0);
  CHECK(map->node(1).role == NodeRole::replica);
  CHECK(map->node(1).primary == 0);
  CHECK(map->node(1).healthy);
  CHECK_FALSE(map->node(2).healthy);
}
