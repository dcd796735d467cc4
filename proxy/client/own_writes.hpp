// What a client has written of late, so that it does not read an older value from a replica
// (upstream.read_your_writes). Owner: a ClientSession, while there is something. Thread: worker. Invariant:
// it errs on the side of the primary: a slot counts as written until the time at which its writes were
// certainly answered.
#pragma once

#include <optional>
#include <vector>

#include "proxy/loop.hpp"
#include "proxy/slab.hpp"
#include "routing/key_slot.hpp"

namespace slotway::proxy {

class OwnWrites {
 public:
  static constexpr std::size_t kMaxSlots = 64;  // more are remembered as all

  // A write is sent; its reply belongs to that reply slot. kAnySlot: it may be of every slot.
  void note(routing::Slot slot, Handle reply_slot);
  // The reply slot of the latest one; the null handle: all are known to be answered.
  Handle latest() const { return latest_; }
  // All have been answered by now.
  void settle(TimePoint now);
  // When the slot's writes had been answered; the epoch: there were none; TimePoint::max(): one may be in
  // flight.
  TimePoint answered(routing::Slot slot) const;

 private:
  struct Write {
    routing::Slot slot;
    TimePoint answered;
  };
  std::vector<Write> writes_;
  Handle latest_;
};

}  // namespace slotway::proxy
