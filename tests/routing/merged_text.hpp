// What a merger has made of its replies, for tests. Thread: any.
#pragma once

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
