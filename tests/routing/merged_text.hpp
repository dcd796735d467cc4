// What a merger has made of its replies, for tests. Thread: any.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "routing/merger.hpp"
#include "tests/protocol/byte_queue_text.hpp"

namespace slotway::routing {

// REQUIRES: complete.
inline std::string merged_text(const Merger& merger) {
  protocol::BlockPool pool;
  protocol::ByteQueue queue;
  merger.write(pool, queue);
  return take_text(pool, queue);
}

// 0 to count - 1: fragments as they were sent.
inline std::vector<std::uint32_t> in_order(std::size_t count) {
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0u);
  return order;
}

// A layout from the fragment of each position: {0, 1, 0} = keys 0 and 2 in one, key 1 in the other.
inline FragmentLayout layout_of(const std::vector<std::uint32_t>& fragment_of) {
  FragmentLayout layout;
  layout.fragments.resize(1 + *std::max_element(fragment_of.begin(), fragment_of.end()),
                          Fragment{0, 0, kNoPosition, kNoPosition, 0});
  layout.next.assign(fragment_of.size(), kNoPosition);
  for (std::uint32_t position = 0; position < fragment_of.size(); ++position) {
    Fragment& fragment = layout.fragments[fragment_of[position]];
    if (fragment.count++ == 0) {
      fragment.first = position;
    } else {
      layout.next[fragment.last] = position;
    }
    fragment.last = position;
  }
  return layout;
}

// Adds each reply in the order `arrival`, to a merger that was reset for them. False: it was complete too
// early, or is not in the end.
inline bool add_all(Merger& merger, const std::vector<std::string>& replies,
                    const std::vector<std::uint32_t>& arrival) {
  for (const std::uint32_t fragment : arrival) {
    if (merger.complete()) return false;
    merger.add(fragment, replies[fragment]);
  }
  return merger.complete();
}

}  // namespace slotway::routing
