#include "routing/splitter.hpp"

#include <algorithm>
#include <bit>
#include <charconv>

namespace slotway::routing {

ArrayHeader::ArrayHeader(std::uint64_t count) {
  text_[0] = '*';
  char* end = std::to_chars(text_ + 1, text_ + sizeof text_ - 2, count).ptr;
  *end++ = '\r';
  *end++ = '\n';
  size_ = static_cast<std::size_t>(end - text_);
}

bool Splitter::split(const protocol::RequestView& request, std::span<const std::uint32_t> keys) {
  slots_.clear();
  bool several = false;
  for (const std::uint32_t key : keys) {
    slots_.push_back(slot_of(request.arg(key)));
    several |= slots_.back() != slots_.front();
  }
  if (several) group();
  return several;
}

void Splitter::group() {
  const std::size_t table_size = std::bit_ceil(slots_.size() * 2);
  table_.assign(table_size, 0);
  layout_.fragments.clear();
  layout_.next.assign(slots_.size(), kNoPosition);

  for (std::uint32_t position = 0; position < slots_.size(); ++position) {
    const Slot slot = slots_[position];
    std::size_t at = (slot * 40503u) & (table_size - 1);
    while (table_[at] != 0 && layout_.fragments[table_[at] - 1].slot != slot)
      at = (at + 1) & (table_size - 1);
    if (table_[at] == 0) {
      layout_.fragments.push_back({slot, position, position, 1});
      table_[at] = static_cast<std::uint32_t>(layout_.fragments.size());
    } else {
      Fragment& fragment = layout_.fragments[table_[at] - 1];
      layout_.next[fragment.last] = position;
      fragment.last = position;
      ++fragment.count;
    }
  }
}

}  // namespace slotway::routing
