// Keeps a client's replies in the order of its requests: a queue of slots, waiting or ready, of which
// the ready prefix moves to the output. Ordering lives here and nowhere else. Owner: a ClientSession; the
// slots live in the worker's slab. Thread: worker. Invariant: every slot in the queue belongs to this
// session; an idle session has none.
//
//   head [ waiting ] -> [ ready "+OK" ] -> [ waiting, 2 parts of 3 ] -> [ ready ":1" ] tail
#pragma once

#include <cstdint>
#include <memory>
#include <new>
#include <string_view>

#include "protocol/byte_queue.hpp"
#include "protocol/command_table.hpp"
#include "protocol/read_buffer.hpp"
#include "proxy/loop.hpp"
#include "proxy/slab.hpp"
#include "routing/merger.hpp"

namespace slotway::proxy {

// A request with a short reply touches one line of cache of it; what others need stands behind.
struct ReplySlot {
  static constexpr std::size_t kInlineBytes = 54;

  enum class State : std::uint8_t { waiting, ready };
  struct Rest {
    protocol::ByteQueue bytes;                // a long reply that waits for its turn
    std::unique_ptr<routing::Merger> merger;  // of a split command, until it is complete
  };

  ReplySlot() {}
  ~ReplySlot() {
    if (has_rest) rest_.~Rest();
  }
  ReplySlot(const ReplySlot&) = delete;
  ReplySlot& operator=(const ReplySlot&) = delete;

  Rest& rest() {
    if (!has_rest) new (&rest_) Rest;
    has_rest = true;
    return rest_;
  }

  Handle session;
  Handle next;
  TimePoint started;
  std::uint32_t request_bytes = 0;
  State state = State::waiting;
  protocol::Family family = protocol::Family::generic;
  bool muted = false;            // CLIENT REPLY OFF or SKIP: its reply is dropped when its turn comes
  std::uint8_t inline_size = 0;  // a short reply that waits for its turn, in inline_bytes
  bool has_rest = false;         // rest() has been called
  bool compared = false;         // with what a mirror answers
  char inline_bytes[kInlineBytes];

 private:
  union {
    Rest rest_;
  };
};

// A place is two lines of cache.
using ReplySlots = Slab<ReplySlot, 64>;

// A reply as it stands in an upstream's read buffer: its block may be taken instead of copied.
struct ReplyBytes {
  std::string_view view;
  protocol::ReadBuffer* source = nullptr;  // nullptr: copy
};

class ReplyQueue {
 public:
  ReplyQueue(Loop& loop, ReplySlots& slots) : loop_(loop), slots_(slots) {}

  // A new slot behind all others.
  Handle open(Handle session, protocol::Family family, std::uint32_t request_bytes);

  // Fills `slot`, which is `handle`'s, then moves the ready prefix to `out`. True if `out` has grown.
  bool fill(Handle handle, ReplySlot& slot, ReplyBytes reply, protocol::ByteQueue& out);
  // The same with the slot's merger, which must be complete; it is handed back.
  bool fill_merged(Handle handle, ReplySlot& slot, protocol::ByteQueue& out,
                   std::unique_ptr<routing::Merger>& merger);

  // Adds to a reply that is ready and waits for its turn.
  void extend(ReplySlot& slot, std::string_view bytes);

  std::size_t size() const { return size_; }
  // The slot that was opened last; it may be gone.
  Handle last() const { return tail_; }
  // Request bytes in flight and reply bytes that wait for their turn.
  std::uint64_t pending_bytes() const { return request_bytes_ + reply_bytes_; }
  // Of those, the replies.
  std::uint64_t reply_bytes() const { return reply_bytes_; }

  // Drops all slots: their replies will find nothing.
  void clear();

 private:
  void store(ReplySlot& slot, ReplyBytes reply);
  void flush_ready(protocol::ByteQueue& out);
  void pop_head(ReplySlot& slot);
  void append(protocol::ByteQueue& out, ReplyBytes reply);

  Loop& loop_;
  ReplySlots& slots_;
  Handle head_;
  Handle tail_;
  std::size_t size_ = 0;
  std::uint64_t request_bytes_ = 0;
  std::uint64_t reply_bytes_ = 0;
};

}  // namespace slotway::proxy
