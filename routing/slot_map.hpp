// Which node serves each of the 16384 slots. Owner: a Topology. Thread: that of its owner. Invariant: a block
// of 64 neighbouring slots that one node serves is said to be that node's; any other is kMixed.
//
// Slots come in long runs, and a look-up by a random key's slot hits the processor's cache only if there is
// little to look at: the blocks are 512 bytes, the slots 32 KB.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "routing/key_slot.hpp"

namespace slotway::routing {

// Its place among the nodes of a Topology.
using NodeIndex = std::uint16_t;
inline constexpr NodeIndex kNoNode = 0xFFFF;
// Indices are below that.
inline constexpr NodeIndex kNodeLimit = 0xFFFE;

class SlotMap {
 public:
  SlotMap() {
    owners_.fill(kNoNode);
    blocks_.fill(kNoNode);
  }

  // kNoNode: nobody serves it.
  NodeIndex operator[](Slot slot) const {
    const NodeIndex owner = blocks_[slot / kBlockSlots];
    return owner != kMixed ? owner : owners_[slot];
  }

  // Both bounds inclusive, below kSlotCount.
  void assign(Slot first, Slot last, NodeIndex node) {
    std::fill(owners_.begin() + first, owners_.begin() + last + 1, node);
    for (std::size_t block = first / kBlockSlots; block <= last / kBlockSlots; ++block) judge(block);
  }
  // All slots of `from` are `to`'s.
  void hand_over(NodeIndex from, NodeIndex to) {
    std::replace(owners_.begin(), owners_.end(), from, to);
    for (std::size_t block = 0; block < kBlocks; ++block) judge(block);
  }

  std::uint32_t covered() const {
    return kSlotCount - static_cast<std::uint32_t>(std::count(owners_.begin(), owners_.end(), kNoNode));
  }

 private:
  static constexpr NodeIndex kMixed = kNodeLimit;
  static constexpr std::size_t kBlockSlots = 64;
  static constexpr std::size_t kBlocks = kSlotCount / kBlockSlots;

  void judge(std::size_t block) {
    const auto begin = owners_.begin() + static_cast<std::ptrdiff_t>(block * kBlockSlots);
    const bool whole =
        std::all_of(begin, begin + kBlockSlots, [&](NodeIndex owner) { return owner == *begin; });
    blocks_[block] = whole ? *begin : kMixed;
  }

  std::array<NodeIndex, kBlocks> blocks_;
  std::array<NodeIndex, kSlotCount> owners_;
};

}  // namespace slotway::routing
