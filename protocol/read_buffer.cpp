#include "protocol/read_buffer.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "protocol/byte_queue.hpp"

namespace slotway::protocol {

namespace {

constexpr std::size_t kMinRoom = 4 * 1024;
constexpr std::size_t kGrowth = 8;
constexpr std::size_t kFirstGrowth = 1024 * 1024;
constexpr std::size_t kShrink = 8;

bool is_pooled(const Block& block) { return block.capacity <= BlockPool::kStandard; }

// A pooled block gives way as soon as it is known to be too small, a heap block when it is full.
bool must_grow(const Block& block, std::size_t wanted) {
  if (is_pooled(block)) return block.room() < std::max(kMinRoom, wanted);
  return block.room() < kMinRoom && (wanted == 0 || wanted > block.room());
}

}  // namespace

std::span<char> ReadBuffer::writable(BlockPool& pool, std::span<char> scratch, std::size_t wanted) {
  if (!block_) {
    begin_ = end_ = scratch.data();
    return scratch;
  }
  mark_block();
  if (must_grow(*block_, wanted)) {
    // By half at least, so that all the copying together stays linear in what is received.
    const std::size_t size = block_->size();
    const std::size_t least = std::max(kMinRoom, size / 2);
    move_to(pool, size + std::clamp(wanted, least, std::max(kFirstGrowth, kGrowth * size)));
  }
  return {end_, block_->room()};
}

void ReadBuffer::mark_block() {
  assert(begin_ <= end_ && end_ <= block_->data() + block_->capacity);
  block_->begin = static_cast<std::size_t>(begin_ - block_->data());
  block_->end = static_cast<std::size_t>(end_ - block_->data());
}

void ReadBuffer::keep_rest(BlockPool& pool) {
  const std::string_view rest = bytes();
  if (block_ && !rest.empty()) {
    mark_block();
    if (!is_pooled(*block_) && block_->begin > 0 && rest.size() <= block_->capacity / kShrink) {
      // The tail of a small request does not hold on to the memory of a large one.
      move_to(pool, rest.size());
    }
  } else if (!rest.empty()) {
    block_ = pool.acquire(rest.size());
    begin_ = block_->data();
    end_ = std::copy(rest.begin(), rest.end(), begin_);
  } else {
    clear(pool);
  }
}

void ReadBuffer::move_to(BlockPool& pool, std::size_t capacity) {
  Block* fresh = pool.acquire(capacity);
  std::memcpy(fresh->data(), block_->data() + block_->begin, block_->size());
  fresh->end = block_->size();
  pool.release(std::exchange(block_, fresh));
  begin_ = block_->data();
  end_ = begin_ + block_->end;
}

Block* ReadBuffer::take_block(std::size_t size) {
  if (!block_ || size != bytes().size() || size < ByteQueue::kMoveThreshold) return nullptr;
  mark_block();
  begin_ = end_ = nullptr;
  return std::exchange(block_, nullptr);
}

void ReadBuffer::clear(BlockPool& pool) {
  if (block_) pool.release(std::exchange(block_, nullptr));
  begin_ = end_ = nullptr;
}

}  // namespace slotway::protocol
