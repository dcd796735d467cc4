#include "protocol/byte_queue.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace slotway::protocol {

void ByteQueue::link(Block* block) {
  block->next = nullptr;
  (tail_ ? tail_->next : head_) = block;
  tail_ = block;
}

void ByteQueue::append_growing(BlockPool& pool, std::string_view bytes) {
  size_ += bytes.size();
  while (!bytes.empty()) {
    if (!tail_ || tail_->room() == 0) {
      // A queue starts small; one that overflows goes on in standard blocks.
      link(pool.acquire(tail_ ? BlockPool::kStandard : std::min(bytes.size(), BlockPool::kStandard)));
    }
    const std::size_t n = std::min(bytes.size(), tail_->room());
    std::memcpy(tail_->data() + tail_->end, bytes.data(), n);
    tail_->end += n;
    bytes.remove_prefix(n);
  }
}

void ByteQueue::append_block(Block* block) {
  assert(block->size() > 0);
  size_ += block->size();
  link(block);
}

void ByteQueue::splice(BlockPool& pool, ByteQueue& other) {
  if (other.empty()) return;
  if (tail_ && other.size_ <= tail_->room()) {
    other.copy_prefix(other.size_, pool, *this);
    other.clear(pool);
    return;
  }
  (tail_ ? tail_->next : head_) = other.head_;
  tail_ = other.tail_;
  size_ += other.size_;
  other.head_ = other.tail_ = nullptr;
  other.size_ = 0;
}

void ByteQueue::copy_prefix(std::size_t count, BlockPool& pool, ByteQueue& target) const {
  assert(count <= size_);
  for (const Block* block = head_; count > 0; block = block->next) {
    const std::size_t n = std::min(count, block->size());
    target.append(pool, block->view().substr(0, n));
    count -= n;
  }
}

void ByteQueue::consume_blocks(BlockPool& pool, std::size_t count, Cursor* cursor) {
  while (head_) {
    const std::size_t n = std::min(count, head_->size());
    head_->begin += n;
    count -= n;
    if (head_->size() > 0) break;
    // The last block is kept no longer than its bytes: an empty queue holds no memory.
    Block* done = head_;
    head_ = done->next;
    if (cursor && cursor->block == done) *cursor = Cursor{};
    pool.release(done);
  }
  if (!head_) tail_ = nullptr;
}

void ByteQueue::clear(BlockPool& pool) {
  while (head_) pool.release(std::exchange(head_, head_->next));
  tail_ = nullptr;
  size_ = 0;
}

std::string ByteQueue::text(std::size_t count) const {
  assert(count <= size_);
  std::string text;
  text.reserve(count);
  Cursor cursor;
  iovec piece;
  while (text.size() < count && gather(cursor, &piece, 1) == 1) {
    const std::size_t some = std::min(piece.iov_len, count - text.size());
    text.append(static_cast<const char*>(piece.iov_base), some);
    advance(cursor, some);
  }
  return text;
}

int ByteQueue::gather(Cursor cursor, iovec* vectors, int max) const {
  int count = 0;
  Block* block = cursor.block ? cursor.block : head_;
  std::size_t offset = cursor.block ? cursor.offset : (head_ ? head_->begin : 0);
  for (; block && count < max; block = block->next, offset = block ? block->begin : 0) {
    if (offset == block->end) continue;
    vectors[count++] = iovec{block->data() + offset, block->end - offset};
  }
  return count;
}

void ByteQueue::advance(Cursor& cursor, std::size_t count) const {
  if (!cursor.block && head_) cursor = Cursor{head_, head_->begin};
  while (count > 0) {
    const std::size_t n = std::min(count, cursor.block->end - cursor.offset);
    cursor.offset += n;
    count -= n;
    if (count > 0) cursor = Cursor{cursor.block->next, cursor.block->next->begin};
  }
}

}  // namespace slotway::protocol
