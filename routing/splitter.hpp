// Groups the keys of a cross-slot command by slot: a node refuses a multi-key command over two slots even if
// it serves both. One fragment per slot, in the order in which the slots first occur; within a fragment keys
// keep their order, so that MSET a 1 a 2 ends as on one server. Owner: the planner. Thread: worker.
// Invariant: buffers are reused; no allocation in steady state.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "protocol/command_table.hpp"
#include "protocol/request.hpp"
#include "routing/key_slot.hpp"

namespace slotway::routing {

inline constexpr std::uint32_t kNoPosition = 0xFFFFFFFF;

struct Fragment {
  Slot slot;
  std::uint16_t upstream;  // its number, if the command is for several
  std::uint32_t first;     // position of its first key
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

  // For keys of several upstreams: the places are by position.
  static constexpr std::uint32_t place_of(std::uint16_t upstream, Slot slot) {
    return (std::uint32_t{upstream} << 16) | slot;
  }
  void split_by(std::span<const std::uint32_t> places) {
    places_.assign(places.begin(), places.end());
    group();
  }

  Slot slot() const { return static_cast<Slot>(places_.front()); }
  const FragmentLayout& layout() const { return layout_; }

  // Calls `write` with the pieces of fragment `index` as a request of its own: what stands before the first
  // key, then for each key what belongs to it, all as they came in. REQUIRES: has_whole_keys().
  template <class Write>
  void write_fragment(const protocol::RequestView& request, std::span<const std::uint32_t> keys,
                      std::size_t index, const protocol::CommandRow& row, Write write) const;

 private:
  void group();

  std::vector<std::uint32_t> places_;  // by position, see place_of()
  std::vector<std::uint32_t> table_;   // open addressing: fragment index + 1, 0 = free
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

// The ids of XREAD stand behind all its keys, in their order.
inline bool has_ids_behind(const protocol::CommandRow& row) { return row.merge == protocol::Merge::streams; }

inline std::size_t arguments_per_key(const protocol::CommandRow& row) {
  return std::size_t{row.split_step} + (has_ids_behind(row) ? 1 : 0);
}

// Every key of a command to be split has the arguments that belong to it, and there are no others behind.
inline bool has_whole_keys(const protocol::RequestView& request, std::span<const std::uint32_t> keys,
                           const protocol::CommandRow& row) {
  return keys.front() + keys.size() * arguments_per_key(row) == request.argc();
}

template <class Write>
void Splitter::write_fragment(const protocol::RequestView& request, std::span<const std::uint32_t> keys,
                              std::size_t index, const protocol::CommandRow& row, Write write) const {
  const Fragment& fragment = layout_.fragments[index];
  write(ArrayHeader(keys.front() + fragment.count * arguments_per_key(row)).view());
  write(request.raw_args(0, keys.front()));
  for (std::uint32_t p = fragment.first; p != kNoPosition; p = layout_.next[p]) {
    write(request.raw_args(keys[p], row.split_step));
  }
  if (!has_ids_behind(row)) return;
  for (std::uint32_t p = fragment.first; p != kNoPosition; p = layout_.next[p]) {
    write(request.raw_arg(keys[p] + keys.size()));
  }
}

}  // namespace slotway::routing
