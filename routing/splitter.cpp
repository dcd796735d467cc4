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
  places_.clear();
  bool several = false;
  for (const std::uint32_t key : keys) {
    places_.push_back(slot_of(request.arg(key)));
    several |= places_.back() != places_.front();
  }
  if (several) group();
  return several;
}

void Splitter::group() {
  const std::size_t table_size = std::bit_ceil(places_.size() * 2);
  table_.assign(table_size, 0);
  layout_.fragments.clear();
  layout_.next.assign(places_.size(), kNoPosition);

  for (std::uint32_t position = 0; position < places_.size(); ++position) {
    const std::uint32_t place = places_[position];
    const auto is_place = [place](const Fragment& fragment) {
      return place_of(fragment.upstream, fragment.slot) == place;
    };
    std::size_t at = (place * 40503u) & (table_size - 1);
    while (table_[at] != 0 && !is_place(layout_.fragments[table_[at] - 1])) at = (at + 1) & (table_size - 1);
    if (table_[at] == 0) {
      layout_.fragments.push_back(
          {static_cast<Slot>(place), static_cast<std::uint16_t>(place >> 16), position, position, 1});
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
