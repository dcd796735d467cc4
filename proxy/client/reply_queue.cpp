#include "proxy/client/reply_queue.hpp"

#include <cstring>

namespace slotway::proxy {

Handle ReplyQueue::open(Handle session, protocol::Family family, std::uint32_t request_bytes) {
  const Handle handle = slots_.emplace();
  ReplySlot& slot = slots_.at(handle);
  slot.session = session;
  slot.started = loop_.now;
  slot.family = family;
  slot.request_bytes = request_bytes;
  if (size_++ == 0) {
    head_ = handle;
  } else {
    slots_.at(tail_).next = handle;
  }
  tail_ = handle;
  request_bytes_ += request_bytes;
  return handle;
}

bool ReplyQueue::fill(Handle handle, ReplySlot& slot, ReplyBytes reply, protocol::ByteQueue& out) {
  if (handle != head_) {
    store(slot, reply);
    return false;
  }
  slots_.prefetch(slot.next);
  if (!slot.muted) append(out, reply);
  pop_head(slot);
  flush_ready(out);
  return true;
}

bool ReplyQueue::fill_merged(Handle handle, ReplySlot& slot, protocol::ByteQueue& out,
                             std::unique_ptr<routing::Merger>& merger) {
  ReplySlot::Rest& rest = slot.rest();
  merger = std::move(rest.merger);
  merger->write(loop_.blocks, handle == head_ && !slot.muted ? out : rest.bytes);
  if (slot.muted) rest.bytes.clear(loop_.blocks);
  if (handle != head_) {
    slot.state = ReplySlot::State::ready;
    reply_bytes_ += rest.bytes.size();
    return false;
  }
  pop_head(slot);
  flush_ready(out);
  return true;
}

void ReplyQueue::append(protocol::ByteQueue& out, ReplyBytes reply) {
  protocol::Block* block = reply.source ? reply.source->take_block(reply.view.size()) : nullptr;
  if (block) {
    out.append_block(block);
  } else {
    out.append(loop_.blocks, reply.view);
  }
}

void ReplyQueue::store(ReplySlot& slot, ReplyBytes reply) {
  slot.state = ReplySlot::State::ready;
  if (slot.muted) return;
  reply_bytes_ += reply.view.size();
  if (reply.view.size() > ReplySlot::kInlineBytes) return append(slot.rest().bytes, reply);
  std::memcpy(slot.inline_bytes, reply.view.data(), reply.view.size());
  slot.inline_size = static_cast<std::uint8_t>(reply.view.size());
}

void ReplyQueue::extend(ReplySlot& slot, std::string_view bytes) {
  protocol::ByteQueue& held = slot.rest().bytes;
  if (slot.inline_size > 0) held.append(loop_.blocks, {slot.inline_bytes, slot.inline_size});
  slot.inline_size = 0;
  held.append(loop_.blocks, bytes);
  reply_bytes_ += bytes.size();
}

void ReplyQueue::flush_ready(protocol::ByteQueue& out) {
  while (size_ > 0) {
    ReplySlot& slot = slots_.at(head_);
    if (slot.state != ReplySlot::State::ready) return;
    slots_.prefetch(slot.next);
    if (slot.inline_size > 0) {
      reply_bytes_ -= slot.inline_size;
      out.append(loop_.blocks, {slot.inline_bytes, slot.inline_size});
    } else if (slot.has_rest) {
      reply_bytes_ -= slot.rest().bytes.size();
      out.splice(loop_.blocks, slot.rest().bytes);
    }
    pop_head(slot);
  }
}

void ReplyQueue::pop_head(ReplySlot& slot) {
  loop_.counters.total_latency[index_of(slot.family)].observe_us(
      Loop::microseconds(loop_.now - slot.started));
  request_bytes_ -= slot.request_bytes;
  const Handle next = slot.next;
  slots_.erase(head_);
  head_ = next;
  --size_;
}

void ReplyQueue::clear() {
  while (size_ > 0) {
    ReplySlot& slot = slots_.at(head_);
    if (slot.has_rest) slot.rest().bytes.clear(loop_.blocks);
    const Handle next = slot.next;
    slots_.erase(head_);
    head_ = next;
    --size_;
  }
  reply_bytes_ = 0;
  request_bytes_ = 0;
}

}  // namespace slotway::proxy
