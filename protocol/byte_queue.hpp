// A queue of bytes in blocks: appended at the tail, consumed at the head, gathered for one write without
// moving. Owner: a session (its output), a reply slot, an upstream pipeline (its send queue). Thread: the
// owner's only. Invariant: no empty block is held; an empty queue holds no memory. The pool is an argument,
// not a member, so that a queue is three words; whoever owns a queue must clear() it before the pool goes.
#pragma once

#include <sys/uio.h>

#include <cassert>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "protocol/block_pool.hpp"

namespace slotway::protocol {

class ByteQueue {
 public:
  // Blocks from this size on change hands instead of being copied.
  static constexpr std::size_t kMoveThreshold = 32 * 1024;

  // A place in the queue behind its head: what has been sent, though not consumed. Invalid after clear().
  struct Cursor {
    Block* block = nullptr;  // nullptr = at the head
    std::size_t offset = 0;
  };

  ByteQueue() = default;
  ByteQueue(ByteQueue&& other) noexcept { swap(other); }
  ByteQueue& operator=(ByteQueue&& other) noexcept {
    swap(other);
    return *this;
  }
  ByteQueue(const ByteQueue&) = delete;
  ByteQueue& operator=(const ByteQueue&) = delete;

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  void append(BlockPool& pool, std::string_view bytes) {
    if (tail_ && tail_->room() >= bytes.size()) {
      std::memcpy(tail_->data() + tail_->end, bytes.data(), bytes.size());
      tail_->end += bytes.size();
      size_ += bytes.size();
    } else {
      append_growing(pool, bytes);
    }
  }
  // Takes the block with its bytes; it must not be empty.
  void append_block(Block* block);
  // Moves all of `other` behind what is here: short contents are copied, long ones are linked.
  void splice(BlockPool& pool, ByteQueue& other);
  // Copies the first `count` bytes of this queue behind what `target` holds. REQUIRES: count <= size().
  void copy_prefix(std::size_t count, BlockPool& pool, ByteQueue& target) const;

  // A copy of the first `count` bytes. REQUIRES: count <= size().
  std::string text(std::size_t count) const;

  // REQUIRES: count <= size(). A cursor that is kept must be passed, so that it never points into a released
  // block.
  void consume(BlockPool& pool, std::size_t count, Cursor* cursor = nullptr) {
    assert(count <= size_);
    size_ -= count;
    if (head_ && count < head_->size()) {
      head_->begin += count;
    } else {
      consume_blocks(pool, count, cursor);
    }
  }
  void clear(BlockPool& pool);

  // Fills up to `max` vectors with the bytes from the cursor on; returns how many.
  int gather(Cursor cursor, iovec* vectors, int max) const;
  int gather(iovec* vectors, int max) const { return gather(Cursor{}, vectors, max); }
  // REQUIRES: count bytes stand behind the cursor.
  void advance(Cursor& cursor, std::size_t count) const;

 private:
  void swap(ByteQueue& other) noexcept {
    std::swap(head_, other.head_);
    std::swap(tail_, other.tail_);
    std::swap(size_, other.size_);
  }
  void link(Block* block);
  void append_growing(BlockPool& pool, std::string_view bytes);
  void consume_blocks(BlockPool& pool, std::size_t count, Cursor* cursor);

  Block* head_ = nullptr;
  Block* tail_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace slotway::protocol
