// Cursors of SCAN, and where they lead.
#include "routing/scan_cursor.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <string>
#include <vector>

using namespace slotway::routing;

namespace {

// Shards in ranges of a hundred slots; owners by index. Nodes n0 ... n5; n3 is n0's replica.
Topology topology_of(const std::vector<NodeIndex>& owners) {
  Topology t;
  for (std::uint16_t i = 0; i < 6; ++i)
    t.add_node(
        Node{.id = "n" + std::to_string(i), .endpoint = {"10.0.0.1", static_cast<std::uint16_t>(7000 + i)}});
  for (std::size_t i = 0; i < owners.size(); ++i)
    t.assign(static_cast<Slot>(i * 100), static_cast<Slot>(i * 100 + 99), owners[i]);
  return t;
}

// One call of SCAN that the owner of the shard answers with `node_cursor`.
std::uint64_t call(const Topology& topology, std::uint64_t cursor, std::uint64_t node_cursor) {
  const ScanOrder order(topology);
  const ScanCursor sent = order.resolve(ScanCursor::parse(std::to_string(cursor)).value());
  const ScanOrder::Next next = order.next(sent, topology.primary_of(sent.slot), node_cursor);
  CHECK(next.usable);
  return next.cursor;
}

ScanCursor resolved(const Topology& topology, std::uint64_t cursor) {
  return ScanOrder(topology).resolve(ScanCursor::parse(std::to_string(cursor)).value());
}

}  // namespace

TEST_CASE("A cursor is read and written") {
  const ScanCursor cursors[] = {
      {0, 1, 0}, {1, 254, 16383}, {(1ull << 31) - 1, 255, 16383}, {ScanCursor::kMaxNodeCursor, 255, 16383}};
  for (const ScanCursor& cursor : cursors) CHECK(ScanCursor::parse(std::to_string(cursor.value())) == cursor);
  CHECK(ScanCursor{(1ull << 31) - 1, 255, 16383}.value() == (1ull << 53) - 1);
  CHECK(ScanCursor{ScanCursor::kMaxNodeCursor, 255, 16383}.value() ==
        std::numeric_limits<std::uint64_t>::max());
  CHECK(ScanCursor::parse("0").value().is_start());
  CHECK(ScanCursor::parse("000").value().is_start());
}

TEST_CASE("What is no cursor is refused") {
  for (const std::string text : {"", "x", "1x", " 1", "1 ", "-1", "+1", "0x10", "1.5", "18446744073709551616",
                                 "5",           // a slot alone
                                 "4194304"}) {  // a node's cursor alone
    INFO(text);
    CHECK_FALSE(ScanCursor::parse(text).has_value());
  }
}

TEST_CASE("Shards are scanned in the order of their lowest slots, each once") {
  // n2 has slots before and behind n0's and n1's.
  const Topology t = topology_of({2, 0, 2, 1, 0});
  std::uint64_t cursor = call(t, 0, 7);
  CHECK(resolved(t, cursor).node_cursor == 7);
  CHECK(resolved(t, cursor).slot == 0);
  cursor = call(t, cursor, 0);
  CHECK(resolved(t, cursor).node_cursor == 0);
  CHECK(resolved(t, cursor).slot == 100);
  cursor = call(t, cursor, 3);
  cursor = call(t, cursor, 0);
  CHECK(resolved(t, cursor).slot == 300);
  CHECK(call(t, cursor, 0) == 0);
}

TEST_CASE("A scan of one shard ends with the node's") {
  const Topology t = topology_of({1});
  const std::uint64_t cursor = call(t, 0, 1);
  CHECK(cursor != 0);
  CHECK(call(t, cursor, 0) == 0);
}

TEST_CASE("After a failover the scan of that shard begins again, not the others'") {
  const Topology before = topology_of({0, 1, 2});
  Topology after = topology_of({3, 1, 2});
  after.add_node(Node{.id = "n0", .endpoint = {"10.0.0.1", 7100}, .role = NodeRole::replica, .primary = 3});
  Topology forgotten;
  for (std::uint16_t i = 1; i < 4; ++i)
    forgotten.add_node(
        Node{.id = "n" + std::to_string(i), .endpoint = {"10.0.0.1", static_cast<std::uint16_t>(7000 + i)}});
  forgotten.assign(0, 99, 2);
  forgotten.assign(100, 199, 0);
  forgotten.assign(200, 299, 1);

  const std::uint64_t in_first = call(before, 0, 7);
  const std::uint64_t in_second = call(before, call(before, in_first, 0), 9);
  CHECK(resolved(after, in_first).node_cursor == 0);
  CHECK(resolved(after, in_first).slot == 0);
  CHECK(resolved(forgotten, in_first).node_cursor == 0);
  CHECK(resolved(forgotten, in_first).slot == 0);
  // What had been scanned before, and the place in a shard that was not concerned, remain.
  CHECK(resolved(after, in_second) == resolved(before, in_second));
  CHECK(resolved(after, in_second).node_cursor == 9);
  CHECK(resolved(forgotten, in_second).node_cursor == 9);

  Topology second_failed = topology_of({0, 4, 2});
  second_failed.add_node(
      Node{.id = "n1", .endpoint = {"10.0.0.1", 7100}, .role = NodeRole::replica, .primary = 4});
  CHECK(resolved(second_failed, in_second).slot == 100);
  CHECK(resolved(second_failed, in_second).node_cursor == 0);
}

TEST_CASE("When slots move to or from what has been scanned, the scan begins again") {
  const Topology before = topology_of({0, 1, 2, 2, 1, 2});
  const std::uint64_t in_second = call(before, call(before, 0, 0), 9);
  REQUIRE(resolved(before, in_second).slot == 100);
  struct Case {
    std::vector<NodeIndex> owners;
    bool again;
  };
  const Case cases[] = {
      {{0, 1, 2, 2, 1, 0}, true},   // to a shard that has been scanned
      {{0, 1, 2, 2, 1, 1}, true},   // to the one that is being scanned
      {{0, 1, 2, 2, 0, 2}, true},   // from there to one that has been
      {{5, 1, 2, 2, 1, 2}, false},  // a failover of what has been scanned
      {{4, 5, 2, 2, 5, 2}, true},   // another node, of which nothing is known
      {{0, 1, 2, 4, 1, 2}, false},  // among shards that are still to come
      {{0, 1, 4, 4, 1, 4}, false}, {{1, 0, 2, 2, 1, 2}, true},
  };
  for (const Case& c : cases) {
    const Topology after = topology_of(c.owners);
    const ScanCursor cursor = resolved(after, in_second);
    CHECK(cursor.node_cursor == (c.again ? 0 : 9));
    CHECK(cursor.slot == (c.again ? 0 : 100));
  }
}

TEST_CASE("A reply that is not the one that was expected is not used") {
  const Topology before = topology_of({0, 1});
  const ScanOrder order(before);
  const ScanCursor sent = order.resolve({});
  SECTION("another node has answered") {
    const ScanOrder::Next next = order.next(sent, 1, 5);
    CHECK_FALSE(next.usable);
    CHECK(next.cursor != 0);
    CHECK(resolved(before, next.cursor) == sent);
  }
  SECTION("a node that is not in the map has answered") { CHECK_FALSE(order.next(sent, kNoNode, 0).usable); }
  SECTION("slots have moved meanwhile") {
    const Topology after = topology_of({0, 1, 1});
    CHECK(ScanOrder(after).next(sent, 0, 5).usable);
    const Topology taken = topology_of({0, 1, 0});
    const ScanOrder::Next next = ScanOrder(taken).next(sent, 0, 5);
    CHECK_FALSE(next.usable);
    CHECK(resolved(taken, next.cursor).node_cursor == 0);
  }
  SECTION("no map was known when it was sent") {
    const ScanCursor blind = ScanOrder().resolve({});
    CHECK(blind.slot == 0);
    CHECK(blind.node_cursor == 0);
    const ScanOrder::Next next = order.next(blind, 0, 5);
    CHECK_FALSE(next.usable);
    CHECK(next.cursor != 0);
    CHECK(resolved(before, next.cursor) == sent);
  }
}

TEST_CASE("A node's reply to SCAN is taken apart and written") {
  const auto reply = ScanReply::parse("*2\r\n$2\r\n42\r\n*2\r\n$1\r\na\r\n$0\r\n\r\n");
  REQUIRE(reply.has_value());
  CHECK(reply->node_cursor == 42);
  CHECK(reply->elements == "*2\r\n$1\r\na\r\n$0\r\n\r\n");
  std::string text;
  write_scan_reply(text, 12345, reply->elements);
  CHECK(text == "*2\r\n$5\r\n12345\r\n*2\r\n$1\r\na\r\n$0\r\n\r\n");
  text.clear();
  write_scan_reply(text, std::numeric_limits<std::uint64_t>::max(), {});
  CHECK(text == "*2\r\n$20\r\n18446744073709551615\r\n*0\r\n");
  for (const char* bad : {"+OK\r\n", "*2\r\n", "*2\r\n$1\r\nx\r\n*0\r\n", "*2\r\n$1\r\n1\r\n:1\r\n",
                          "*3\r\n$1\r\n1\r\n*0\r\n", "*2\r\n$13\r\n4398046511104\r\n*0\r\n"}) {
    INFO(bad);
    CHECK_FALSE(ScanReply::parse(bad).has_value());
  }
}
