#include "proxy/client/own_writes.hpp"

#include <algorithm>

namespace slotway::proxy {

void OwnWrites::note(routing::Slot slot, Handle reply_slot) {
  latest_ = reply_slot;
  if (writes_.size() >= kMaxSlots) writes_.assign(1, {routing::kAnySlot, TimePoint::max()});
  const auto write =
      std::find_if(writes_.begin(), writes_.end(), [slot](const Write& w) { return w.slot == slot; });
  if (write == writes_.end()) {
    writes_.push_back({slot, TimePoint::max()});
  } else {
    write->answered = TimePoint::max();
  }
}

void OwnWrites::settle(TimePoint now) {
  latest_ = {};
  for (Write& write : writes_) write.answered = std::min(write.answered, now);
}

TimePoint OwnWrites::answered(routing::Slot slot) const {
  TimePoint last{};
  for (const Write& write : writes_) {
    if (write.slot == slot || write.slot == routing::kAnySlot) last = std::max(last, write.answered);
  }
  return last;
}

}  // namespace slotway::proxy
