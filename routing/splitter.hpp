// Groups the keys of a cross-slot command by slot: a node refuses a multi-key command over two slots even if
// it serves both. One fragment per slot, in the order in which the slots first occur; within a fragment keys
// keep their order, so that MSET a 1 a 2 ends as on one server. Owner: the planner. Thread: worker.
// Invariant: buffers are reused; no allocation in steady state.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "protocol/request.hpp"
#include "routing/key_slot.hpp"

namespace slotway::routing {

inline constexpr std::uint32_t kNoPosition = 0xFFFFFFFF;

struct Fragment {
  Slot slot;
  std::uint32_t first;  // position of its first key
  std::uint32_t last;
  std::uint32_t count;  // keys
};

// Which keys each fragment has. Positions count keys from 0, in the request's order.
struct FragmentLayout {
  std::vector<Fragment> fragments;
  std::vector<std::uint32_t> next;  // by position: the fragment's next key, or kNoPosition

  std::size_t positions() const { return next.size(); }
};

class Splitter {
 public:
  // `keys`: argument indices. True if they lie in more than one slot; else slot() is the only one.
  bool split(const protocol::RequestView& request, std::span<const std::uint32_t> keys);

  Slot slot() const { return slots_.front(); }
  const FragmentLayout& layout() const { return layout_; }

  // Calls `write` with the pieces of fragment `index` as a request of its own: the command's name, then for
  // each key `step` arguments from its index on, all as they came in.
  template <class Write>
  void write_fragment(const protocol::RequestView& request, std::span<const std::uint32_t> keys,
                      std::size_t index, std::uint32_t step, Write write) const;

 private:
  void group();

  std::vector<Slot> slots_;           // by position
  std::vector<std::uint32_t> table_;  // open addressing: fragment index + 1, 0 = free
  FragmentLayout layout_;
};

// "*N\r\n" as text.
class ArrayHeader {
 public:
  explicit ArrayHeader(std::uint64_t count);
  std::string_view view() const { return {text_, size_}; }

 private:
  char text_[24];
  std::size_t size_;
};

template <class Write>
void Splitter::write_fragment(const protocol::RequestView& request, std::span<const std::uint32_t> keys,
                              std::size_t index, std::uint32_t step, Write write) const {
  const Fragment& fragment = layout_.fragments[index];
  write(ArrayHeader(1 + std::uint64_t{fragment.count} * step).view());
  write(request.raw_arg(0));
  for (std::uint32_t p = fragment.first; p != kNoPosition; p = layout_.next[p]) {
    write(request.raw_args(keys[p], step));
  }
}

}  // namespace slotway::routing
