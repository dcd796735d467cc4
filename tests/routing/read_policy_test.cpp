#include "routing/read_policy.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

using namespace slotway;
using namespace slotway::routing;
using namespace std::chrono_literals;
using config::ReadFrom;

namespace {

constexpr FactTime kNow{1000s};

// Node 0 is the primary.
std::string chosen(ReadFrom policy, const std::vector<Reader>& usable) {
  std::vector<Reader> out;
  choose_readers(policy, usable, out);
  std::string text;
  for (const Reader& reader : out) text += std::to_string(reader.node);
  return text;
}

Reader reader(NodeIndex node, std::uint32_t latency_us = 0, bool is_near = false) {
  return {.node = node, .is_primary = node == 0, .is_near = is_near, .latency_us = latency_us};
}

}  // namespace

TEST_CASE("Who serves reads, by policy") {
  const std::vector<Reader> all = {reader(0), reader(1), reader(2)};
  const std::vector<Reader> alone = {reader(0)};
  CHECK(chosen(ReadFrom::primary, all) == "0");
  CHECK(chosen(ReadFrom::prefer_replica, all) == "12");
  CHECK(chosen(ReadFrom::prefer_replica, alone) == "0");
  CHECK(chosen(ReadFrom::replica, all) == "12");
  CHECK(chosen(ReadFrom::replica, alone) == "");
  CHECK(chosen(ReadFrom::any, all) == "012");
  CHECK(chosen(ReadFrom::any, alone) == "0");
  CHECK(chosen(ReadFrom::any, {}) == "");
}

TEST_CASE("Nearest are those in the zone, else those that answer fastest") {
  CHECK(chosen(ReadFrom::nearest, {reader(0, 100), reader(1, 900, true), reader(2, 100)}) == "1");
  CHECK(chosen(ReadFrom::nearest, {reader(0, 100, true), reader(1, 900, true), reader(2, 1)}) == "01");
  CHECK(chosen(ReadFrom::nearest, {reader(0, 1000), reader(1, 5000), reader(2, 1200)}) == "02");
  CHECK(chosen(ReadFrom::nearest, {reader(0, 100), reader(1, 190), reader(2, 5000)}) == "01");
  // Who was not measured is tried.
  CHECK(chosen(ReadFrom::nearest, {reader(0, 5000), reader(1, 0)}) == "1");
  CHECK(chosen(ReadFrom::nearest, {reader(0, 4000000000)}) == "0");
}

TEST_CASE("Which replicas are usable") {
  Topology map;
  map.add_node({.id = {}, .endpoint = {"p", 1}});
  const Endpoint at{"r", 1};
  const ReplicaFact good{at, true, 5000, kNow - 2s, {}};
  struct Case {
    std::string what;
    std::function<void(Node&, config::UpstreamConfig&, ReplicaFact&)> change;
    bool usable;
  };
  const std::vector<Case> cases = {
      {"nothing said against it", [](auto&, auto&, auto&) {}, true},
      {"the map calls it unhealthy", [](auto& node, auto&, auto&) { node.healthy = false; }, false},
      {"it belongs to nobody", [](auto& node, auto&, auto&) { node.primary = kNoNode; }, false},
      {"it is still being filled", [](auto&, auto&, auto& fact) { fact.online = false; }, false},
      {"within the lag", [](auto&, auto& config, auto&) { config.max_replica_lag = 2s; }, true},
      {"silent for too long", [](auto&, auto& config, auto&) { config.max_replica_lag = 1s; }, false},
      {"within the bytes", [](auto&, auto& config, auto&) { config.max_replica_lag_bytes = 5000; }, true},
      {"lacks too many bytes", [](auto&, auto& config, auto&) { config.max_replica_lag_bytes = 4999; },
       false},
  };
  for (const Case& c : cases) {
    INFO(c.what);
    Node node{.id = {}, .endpoint = at, .role = NodeRole::replica, .primary = 0};
    config::UpstreamConfig config;
    ReplicaFacts facts{{good}, {}};
    c.change(node, config, facts.replicas[0]);
    CHECK(is_usable(node, map, &facts, config, kNow) == c.usable);
  }
}

TEST_CASE("What is not known of a replica counts against it only where its lag is bounded") {
  Topology map;
  map.add_node({.id = {}, .endpoint = {"p", 1}});
  const Node node{.id = {}, .endpoint = {"r", 1}, .role = NodeRole::replica, .primary = 0};
  config::UpstreamConfig bounded;
  bounded.max_replica_lag = 10s;
  const ReplicaFacts primary_silent{{}, {{"p", 1}}};
  const ReplicaFacts not_named{};
  CHECK(is_usable(node, map, nullptr, {}, kNow));
  CHECK_FALSE(is_usable(node, map, nullptr, bounded, kNow));
  CHECK(is_usable(node, map, &primary_silent, {}, kNow));
  CHECK_FALSE(is_usable(node, map, &primary_silent, bounded, kNow));
  // Its primary answers, and has lost it.
  CHECK_FALSE(is_usable(node, map, &not_named, {}, kNow));
}

TEST_CASE("Zones go by networks, addresses and names, the first that fits") {
  const std::vector<config::ZoneRule> rules = {{"10.0.1.0/24", "a"}, {"10.0.0.0/8", "b"},
                                               {"node-1", "c"},      {"fd00:1::/32", "d"},
                                               {"192.168.0.7", "e"}, {"0.0.0.0/0", "f"}};
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"10.0.1.7", "a"},  {"10.0.2.7", "b"}, {"10.0.1.255", "a"},  {"node-1", "c"},      {"node-2", ""},
      {"fd00:1::9", "d"}, {"fd00:2::9", ""}, {"192.168.0.7", "e"}, {"192.168.0.8", "f"}, {"", ""},
  };
  for (const auto& [host, zone] : cases) {
    INFO(host);
    CHECK(zone_of(rules, host) == zone);
  }
}
