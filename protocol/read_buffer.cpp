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
    scratch_ = scratch.data();
    scratch_begin_ = scratch_end_ = 0;
    return scratch;
  }
  if (must_grow(*block_, wanted)) {
    // By half at least, so that all the copying together stays linear in what is received.
    const std::size_t size = block_->size();
    const std::size_t least = std::max(kMinRoom, size / 2);
    move_to(pool, size + std::clamp(wanted, least, std::max(kFirstGrowth, kGrowth * size)));
  }
  return {block_->data() + block_->end, block_->room()};
}

void ReadBuffer::commit(std::size_t count) { (block_ ? block_->end : scratch_end_) += count; }

void ReadBuffer::consume(std::size_t count) {
  assert(count <= bytes().size());
  (block_ ? block_->begin : scratch_begin_) += count;
}

void ReadBuffer::keep_rest(BlockPool& pool) {
  const std::string_view rest = bytes();
  if (block_) {
    if (rest.empty()) {
      pool.release(std::exchange(block_, nullptr));
    } else if (!is_pooled(*block_) && block_->begin > 0 && rest.size() <= block_->capacity / kShrink) {
      // The tail of a small request does not hold on to the memory of a large one.
      move_to(pool, rest.size());
    }
  } else if (!rest.empty()) {
    block_ = pool.acquire(rest.size());
    std::memcpy(block_->data(), rest.data(), rest.size());
    block_->end = rest.size();
  }
  scratch_ = nullptr;
  scratch_begin_ = scratch_end_ = 0;
}

void ReadBuffer::move_to(BlockPool& pool, std::size_t capacity) {
  Block* fresh = pool.acquire(capacity);
  std::memcpy(fresh->data(), block_->data() + block_->begin, block_->size());
  fresh->end = block_->size();
  pool.release(std::exchange(block_, fresh));
}

Block* ReadBuffer::take_block(std::size_t size) {
  if (!block_ || size != block_->size() || size < ByteQueue::kMoveThreshold) return nullptr;
  return std::exchange(block_, nullptr);
}

void ReadBuffer::clear(BlockPool& pool) {
  if (block_) pool.release(std::exchange(block_, nullptr));
  scratch_ = nullptr;
  scratch_begin_ = scratch_end_ = 0;
}

}  // namespace slotway::protocol
