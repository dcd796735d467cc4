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

}  // namespace

std::span<char> ReadBuffer::writable(BlockPool& pool, std::span<char> scratch, std::size_t wanted) {
  if (!block_) {
    scratch_ = scratch.data();
    scratch_begin_ = scratch_end_ = 0;
    return scratch;
  }
  // A pooled block gives way as soon as it is known to be too small, a heap block when it is full.
  const bool pooled = block_->capacity <= BlockPool::kStandard;
  if (block_->room() < kMinRoom || (pooled && wanted > block_->room())) {
    const std::size_t need = std::clamp(wanted, kMinRoom, std::max(kFirstGrowth, kGrowth * block_->size()));
    Block* larger = pool.acquire(block_->size() + need);
    std::memcpy(larger->data(), block_->data() + block_->begin, block_->size());
    larger->end = block_->size();
    pool.release(std::exchange(block_, larger));
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
    if (rest.empty()) pool.release(std::exchange(block_, nullptr));
  } else if (!rest.empty()) {
    block_ = pool.acquire(rest.size());
    std::memcpy(block_->data(), rest.data(), rest.size());
    block_->end = rest.size();
  }
  scratch_ = nullptr;
  scratch_begin_ = scratch_end_ = 0;
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
