#include "routing/topology.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace slotway::routing;

namespace {

Node primary(std::string id, std::uint16_t port) {
  return Node{.id = std::move(id), .endpoint = {"10.0.0.1", port}};
}

Node replica_of(NodeIndex master, std::string id, std::uint16_t port) {
  return Node{
      .id = std::move(id), .endpoint = {"10.0.0.1", port}, .role = NodeRole::replica, .primary = master};
}

Topology two_shards() {
  Topology t;
  const NodeIndex a = t.add_node(primary("a", 7001));
  const NodeIndex b = t.add_node(primary("b", 7002));
  t.add_node(replica_of(a, "c", 7003));
  t.assign(0, 8191, a);
  t.assign(8192, kSlotCount - 1, b);
  return t;
}

// The same cluster as another node lists it: other order, other indices.
Topology two_shards_in_other_order() {
  Topology t;
  const NodeIndex b = t.add_node(primary("b", 7002));
  t.add_node(Node{.id = "c", .endpoint = {"10.0.0.1", 7003}, .role = NodeRole::replica, .primary = 2});
  const NodeIndex a = t.add_node(primary("a", 7001));
  t.assign(8192, kSlotCount - 1, b);
  t.assign(0, 8191, a);
  return t;
}

}  // namespace

TEST_CASE("A new topology covers nothing and knows nobody") {
  const Topology t;
  CHECK(t.covered_slots() == 0);
  CHECK(t.primary_of(0) == kNoNode);
  CHECK(t.primary_of(kSlotCount - 1) == kNoNode);
  CHECK(t.find("10.0.0.1", 7001) == kNoNode);
  CHECK(t.epoch() == 0);
  CHECK(t.server_version().empty());
}

TEST_CASE("Slot ranges include both of their bounds") {
  Topology t;
  const NodeIndex a = t.add_node(primary("a", 7001));
  t.assign(10, 12, a);
  CHECK(t.primary_of(9) == kNoNode);
  CHECK(t.primary_of(10) == a);
  CHECK(t.primary_of(12) == a);
  CHECK(t.primary_of(13) == kNoNode);
  CHECK(t.covered_slots() == 3);
  t.assign(0, kSlotCount - 1, a);
  CHECK(t.covered_slots() == kSlotCount);
}

TEST_CASE("A node is found by host and port together") {
  const Topology t = two_shards();
  CHECK(t.find("10.0.0.1", 7002) == 1);
  CHECK(t.find("10.0.0.2", 7002) == kNoNode);
  CHECK(t.find("10.0.0.1", 7009) == kNoNode);
}

TEST_CASE("The order in which nodes are listed does not make another topology") {
  CHECK(two_shards().same_as(two_shards_in_other_order()));
  CHECK(two_shards_in_other_order().same_as(two_shards()));
}

TEST_CASE("A server's version is compared by its first two numbers") {
  struct Case {
    const char* version;
    bool is_at_least_7_2;
  };
  const Case cases[] = {{"7.2.4", true},  {"7.2", true},        {"7.10.0", true}, {"8.0.1", true},
                        {"10.0.0", true}, {"7.1.9", false},     {"6.9.9", false}, {"", false},
                        {"7", false},     {"seven.two", false}, {".2", false},    {"7.", false}};
  for (const Case& c : cases) {
    Topology t;
    t.set_server_version(c.version);
    INFO(c.version);
    CHECK(t.server_is_at_least(7, 2) == c.is_at_least_7_2);
  }
}

TEST_CASE("Epoch and version alone do not make another topology") {
  Topology t = two_shards();
  t.set_epoch(9);
  t.set_server_version("7.0.15");
  CHECK(t.same_as(two_shards()));
}

TEST_CASE("A change of a node or of a slot makes another topology") {
  const Topology base = two_shards();
  Topology t;
  SECTION("a slot moved") {
    t = two_shards();
    t.assign(0, 0, 1);
  }
  SECTION("a slot is not served any more") {
    t.add_node(primary("a", 7001));
    t.add_node(primary("b", 7002));
    t.add_node(replica_of(0, "c", 7003));
    t.assign(0, 8191, 0);
    t.assign(8192, kSlotCount - 2, 1);
  }
  SECTION("one node more") {
    t = two_shards();
    t.add_node(replica_of(1, "d", 7004));
  }
  SECTION("another address, id, role, primary or health") {
    Node a = primary("a", 7001);
    Node c = replica_of(0, "c", 7003);
    SECTION("address") { a.endpoint.host = "10.0.0.9"; }
    SECTION("id") { a.id = "z"; }
    SECTION("role") { c = primary("c", 7003); }
    SECTION("primary") { c.primary = 1; }
    SECTION("health") { c.healthy = false; }
    t.add_node(a);
    t.add_node(primary("b", 7002));
    t.add_node(c);
    t.assign(0, 8191, 0);
    t.assign(8192, kSlotCount - 1, 1);
  }
  CHECK_FALSE(t.same_as(base));
  CHECK_FALSE(base.same_as(t));
}

TEST_CASE("Owners are the same if every slot is served at the same endpoint") {
  const Topology base = two_shards();
  CHECK(base.has_same_owners(base));

  Topology renumbered;
  renumbered.add_node(replica_of(1, "x", 7009));
  renumbered.add_node(primary("other id", 7002));
  renumbered.add_node(primary("a", 7001));
  renumbered.assign(0, 8191, 2);
  renumbered.assign(8192, kSlotCount - 1, 1);
  CHECK(base.has_same_owners(renumbered));
  CHECK(renumbered.has_same_owners(base));

  Topology other = two_shards();
  SECTION("one slot is another node's") {
    const Slot slot = GENERATE(as<Slot>{}, 0, 8191, 8192, kSlotCount - 1);
    other.assign(slot, slot, slot < 8192 ? 1 : 0);
  }
  SECTION("a node has another address") {
    other = Topology();
    other.add_node(primary("a", 7001));
    other.add_node(primary("b", 7003));
    other.assign(0, 8191, 0);
    other.assign(8192, kSlotCount - 1, 1);
  }
  SECTION("a slot has lost its node") {
    other = Topology();
    other.add_node(primary("a", 7001));
    other.add_node(primary("b", 7002));
    other.assign(0, 8191, 0);
    other.assign(8192, kSlotCount - 2, 1);
    CHECK(other.owner_of(kSlotCount - 1) == nullptr);
    CHECK(*other.owner_of(0) == Endpoint{"10.0.0.1", 7001});
  }
  CHECK_FALSE(base.has_same_owners(other));
  CHECK_FALSE(other.has_same_owners(base));
}

TEST_CASE("A MOVED patches one slot in a copy") {
  const Topology base = two_shards();
  SECTION("to a node of the map") {
    const auto patched = base.with_slot(5, {"10.0.0.1", 7002});
    CHECK(patched->primary_of(5) == 1);
    CHECK(patched->primary_of(4) == 0);
    CHECK(patched->primary_of(6) == 0);
    CHECK(patched->nodes().size() == 3);
  }
  SECTION("to a node that is not in the map") {
    const auto patched = base.with_slot(5, {"10.0.0.9", 7009});
    const NodeIndex added = patched->primary_of(5);
    REQUIRE(added == 3);
    CHECK(patched->node(added).endpoint == Endpoint{"10.0.0.9", 7009});
    CHECK(patched->node(added).role == NodeRole::primary);
    CHECK(patched->node(added).id.empty());
  }
  SECTION("to a replica, which has been promoted then") {
    const auto patched = base.with_slot(5, {"10.0.0.1", 7003});
    CHECK(patched->primary_of(5) == 2);
    CHECK(patched->node(2).role == NodeRole::primary);
    CHECK(patched->node(2).primary == kNoNode);
    CHECK(patched->primary_of(0) == 2);
    CHECK(patched->primary_of(8191) == 2);
    CHECK(patched->primary_of(8192) == 1);
    CHECK(patched->node(0).role == NodeRole::replica);
    CHECK(patched->node(0).primary == 2);
  }
  SECTION("to a replica of another primary: nothing is known of its other slots") {
    const auto patched = base.with_slot(8192, {"10.0.0.1", 7003});
    CHECK(patched->primary_of(8192) == 2);
    CHECK(patched->primary_of(8193) == 1);
    CHECK(patched->primary_of(0) == 0);
    CHECK(patched->node(0).role == NodeRole::primary);
  }
  CHECK(base.same_as(two_shards()));
}

TEST_CASE("A full map takes no further node and stays as it is") {
  Topology t;
  for (std::uint32_t i = 0; i < kNodeLimit; ++i) t.add_node(Node{});
  CHECK(t.add_node(Node{}) == kNoNode);
  CHECK(t.nodes().size() == kNodeLimit);
  const auto patched = t.with_slot(5, {"10.0.0.9", 7009});
  CHECK(patched->nodes().size() == kNodeLimit);
  CHECK(patched->primary_of(5) == kNoNode);
}

TEST_CASE("A shard is named by the lowest of its slots") {
  struct Range {
    Slot first, last;
    NodeIndex node;
  };
  struct Case {
    std::vector<Range> ranges;
    std::vector<Slot> slots;
  };
  const std::vector<Case> cases = {
      {{}, {}},
      {{{0, kSlotCount - 1, 0}}, {0}},
      {{{0, 99, 0}, {100, 199, 1}, {200, kSlotCount - 1, 2}}, {0, 100, 200}},
      {{{0, 99, 2}, {100, 199, 0}, {200, 299, 2}, {300, 399, 1}}, {0, 100, 300}},
      {{{7, 7, 1}, {9, 9, 1}, {kSlotCount - 1, kSlotCount - 1, 0}}, {7, kSlotCount - 1}},
  };
  for (const Case& c : cases) {
    Topology t;
    for (std::uint16_t port = 7001; port <= 7003; ++port) t.add_node(primary(std::to_string(port), port));
    t.add_node(replica_of(0, "r", 7009));
    for (const Range& range : c.ranges) t.assign(range.first, range.last, range.node);
    CHECK(t.shard_slots() == c.slots);
  }
}

TEST_CASE("The shards of others are those to which a node does not belong") {
  struct Case {
    std::uint16_t port;
    std::vector<Slot> others;
  };
  const std::vector<Case> cases = {
      {7001, {8192}},    {7002, {0}}, {7003, {8192}},  // a replica of the first
      {7004, {0, 8192}},                               // without slots
      {7005, {0, 8192}},                               // not in the map
  };
  Topology t = two_shards();
  t.add_node(primary("d", 7004));
  for (const Case& c : cases) {
    INFO(c.port);
    CHECK(t.other_shard_slots({"10.0.0.1", c.port}) == c.others);
  }
  CHECK(t.is_of_shard({"10.0.0.1", 7003}, 8191));
  CHECK_FALSE(t.is_of_shard({"10.0.0.1", 7003}, 8192));
  CHECK_FALSE(Topology{}.is_of_shard({"10.0.0.1", 7001}, 0));
}
