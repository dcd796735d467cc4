#include "routing/replica_facts.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace slotway::routing;
using namespace std::chrono_literals;

namespace {

const char* const kInfo =
    "# Replication\r\nrole:master\r\nconnected_slaves:3\r\n"
    "slave0:ip=10.0.0.2,port=6379,state=online,offset=90,lag=1\r\n"
    "slave1:ip=10.0.0.3,port=6379,state=wait_bgsave,offset=0,lag=0\r\n"
    "slave2:ip=10.0.0.9,port=6380,state=online,offset=100,lag=0\r\n"
    "master_failover_state:no-failover\r\nmaster_repl_offset:100\r\n";

// Primary p with replicas b, c, d; d announces another address to its primary than the map has.
Topology map_of_four() {
  Topology map;
  const NodeIndex primary = map.add_node({.id = {}, .endpoint = {"10.0.0.1", 6379}});
  map.assign(0, kSlotCount - 1, primary);
  for (const Endpoint& at :
       {Endpoint{"10.0.0.2", 6379}, Endpoint{"10.0.0.3", 6379}, Endpoint{"replica-d", 6380}})
    map.add_node({.id = {}, .endpoint = at, .role = NodeRole::replica, .primary = primary});
  return map;
}

ReplicationReport report(std::uint64_t offset, std::uint64_t replica_offset) {
  return {true, offset, {{{"10.0.0.2", 6379}, true, replica_offset, 0s}}};
}

constexpr FactTime kStart{1000s};

}  // namespace

TEST_CASE("What a primary says of its replicas is read") {
  const auto report = parse_replication(kInfo);
  REQUIRE(report);
  CHECK(report->is_primary);
  CHECK(report->offset == 100);
  REQUIRE(report->replicas.size() == 3);
  CHECK(report->replicas[0].endpoint == Endpoint{"10.0.0.2", 6379});
  CHECK(report->replicas[0].online);
  CHECK(report->replicas[0].offset == 90);
  CHECK(report->replicas[0].silence == 1s);
  CHECK_FALSE(report->replicas[1].online);
}

TEST_CASE("What is no such report, or a broken one, names no replicas") {
  CHECK_FALSE(parse_replication(""));
  CHECK_FALSE(parse_replication("# Server\r\nredis_version:7.0.15\r\n"));
  for (const char* broken : {"role:slave\r\n", "role:master\r\nconnected_slaves:5\r\n",
                             "role:master\r\nconnected_slaves:1\r\nslave0:ip=a,port=0,state=online\r\n",
                             "role:master\r\nconnected_slaves:1\r\nslave0:garbage\r\n",
                             "role:master\r\nconnected_slaves:x\r\nslave0:ip=a,port=1\r\n"}) {
    INFO(broken);
    const auto report = parse_replication(broken);
    REQUIRE(report);
    CHECK(report->replicas.empty());
  }
}

TEST_CASE("A node's zone is what it announces, if it does") {
  CHECK(announced_zone("# Server\r\nredis_version:7.2.4\r\navailability_zone:eu-1a\r\nos:Linux\r\n") ==
        "eu-1a");
  for (const char* none : {"", "# Server\r\navailability_zone:\r\n", "# Server\r\nos:Linux\r\n"}) {
    INFO(none);
    CHECK(announced_zone(none).empty());
  }
  const ReplicaFacts facts{{}, {}, {{{"10.0.0.1", 6379}, "a"}, {{"10.0.0.2", 6379}, "b"}}};
  CHECK(facts.zone_of({"10.0.0.2", 6379}) == "b");
  CHECK(facts.zone_of({"10.0.0.2", 6380}).empty());
}

TEST_CASE("Replicas are found by address, or by a port that only one has") {
  const Topology map = map_of_four();
  ReplicaTracker tracker;
  std::vector<ReplicaFact> facts;
  tracker.observe(map, 0, *parse_replication(kInfo), kStart, kStart + 1ms, facts);
  REQUIRE(facts.size() == 3);
  CHECK(facts[0].endpoint == Endpoint{"10.0.0.2", 6379});
  CHECK(facts[0].lag_bytes == 10);
  CHECK(facts[0].heard == kStart + 1ms - 1s);
  CHECK_FALSE(facts[1].online);
  CHECK(facts[2].endpoint == Endpoint{"replica-d", 6380});
  CHECK(facts[2].lag_bytes == 0);
  CHECK(facts[2].fresh == kStart);
}

TEST_CASE("A replica is as fresh as the last time at which its primary had no more than it has") {
  const Topology map = map_of_four();
  ReplicaTracker tracker;
  const auto fresh = [&](const ReplicationReport& said, FactTime asked) {
    std::vector<ReplicaFact> facts;
    tracker.observe(map, 0, said, asked, asked + 1ms, facts);
    return facts.empty() ? FactTime{} : facts[0].fresh;
  };
  CHECK(fresh(report(100, 0), kStart) == FactTime{});
  CHECK(fresh(report(200, 100), kStart + 1s) == kStart);
  CHECK(fresh(report(300, 150), kStart + 2s) == kStart);
  CHECK(fresh(report(300, 300), kStart + 3s) == kStart + 3s);
  SECTION("offsets that go back are another history") {
    CHECK(fresh(report(50, 40), kStart + 4s) == FactTime{});
    CHECK(fresh(report(50, 50), kStart + 5s) == kStart + 5s);
  }
  SECTION("a server that is no primary says nothing of replicas") {
    ReplicationReport other = report(300, 300);
    other.is_primary = false;
    CHECK(fresh(other, kStart + 4s) == FactTime{});
  }
}
