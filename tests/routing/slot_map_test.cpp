#include "routing/slot_map.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <random>

using namespace slotway::routing;

namespace {

// All slots one by one, as they were assigned.
void check_owners(const SlotMap& map, const std::map<Slot, NodeIndex>& expected) {
  std::uint32_t covered = 0;
  for (Slot slot = 0; slot < kSlotCount; ++slot) {
    const auto found = expected.find(slot);
    const NodeIndex owner = found == expected.end() ? kNoNode : found->second;
    covered += owner != kNoNode ? 1 : 0;
    if (map[slot] != owner) FAIL_CHECK("slot " << slot << " is " << map[slot] << "'s, not " << owner << "'s");
  }
  CHECK(map.covered() == covered);
}

}  // namespace

TEST_CASE("A new slot map has no owners") {
  const SlotMap map;
  check_owners(map, {});
}

TEST_CASE("A slot's owner is the last one that it was assigned to, whatever its neighbours' are") {
  struct Range {
    Slot first, last;
    NodeIndex node;
  };
  const std::vector<std::vector<Range>> cases = {
      {{0, 16383, 3}},
      {{0, 0, 1}},
      {{16383, 16383, 1}},
      {{63, 64, 1}},
      {{0, 5460, 0}, {5461, 10922, 1}, {10923, 16383, 2}},
      // A block that is mixed, and then is not.
      {{0, 16383, 0}, {100, 100, 1}, {100, 100, 0}},
      {{0, 63, 0}, {0, 31, 1}, {32, 63, 1}},
      {{0, 16383, 0}, {64, 127, kNoNode}},
      {{0, 16383, kNodeLimit - 1}, {5, 5, 0}},
  };
  for (const std::vector<Range>& ranges : cases) {
    SlotMap map;
    std::map<Slot, NodeIndex> expected;
    for (const Range& range : ranges) {
      map.assign(range.first, range.last, range.node);
      for (std::uint32_t slot = range.first; slot <= range.last; ++slot)
        expected[static_cast<Slot>(slot)] = range.node;
    }
    check_owners(map, expected);
  }
}

TEST_CASE("A slot map tells each slot's owner after many random moves") {
  std::mt19937 random(7);
  SlotMap map;
  std::map<Slot, NodeIndex> expected;
  for (int move = 0; move < 300; ++move) {
    const Slot first = static_cast<Slot>(random() % kSlotCount);
    const Slot last = static_cast<Slot>(std::min<std::size_t>(first + random() % 200, kSlotCount - 1));
    const NodeIndex node = static_cast<NodeIndex>(random() % 4);
    map.assign(first, last, node);
    for (Slot slot = first; slot <= last; ++slot) expected[slot] = node;
  }
  check_owners(map, expected);
}

TEST_CASE("All slots of one node may become another one's") {
  SlotMap map;
  map.assign(0, 16383, 0);
  map.assign(10, 20, 1);
  map.assign(1000, 1000, 2);
  map.hand_over(0, 1);
  CHECK(map[0] == 1);
  CHECK(map[15] == 1);
  CHECK(map[1000] == 2);
  CHECK(map[16383] == 1);
  map.hand_over(1, kNoNode);
  CHECK(map[15] == kNoNode);
  CHECK(map.covered() == 1);
}
