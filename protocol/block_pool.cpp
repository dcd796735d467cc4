#include "protocol/block_pool.hpp"

#include <new>

namespace slotway::protocol {

namespace {

constexpr int kHeap = 2;

int class_of(std::size_t capacity) {
  if (capacity <= BlockPool::kSmall) return 0;
  return capacity <= BlockPool::kStandard ? 1 : kHeap;
}

std::size_t footprint(const Block* block) { return block->capacity + sizeof(Block); }

}  // namespace

BlockPool::~BlockPool() {
  for (FreeList& list : free_) {
    while (Block* block = list.head) {
      list.head = block->next;
      ::operator delete(block);
    }
  }
}

Block* BlockPool::acquire(std::size_t capacity) {
  const int size_class = class_of(capacity);
  if (size_class != kHeap) {
    capacity = size_class == 0 ? kSmall : kStandard;
    FreeList& list = free_[static_cast<std::size_t>(size_class)];
    if (Block* block = list.head) {
      list.head = block->next;
      free_bytes_ -= footprint(block);
      block->next = nullptr;
      block->begin = block->end = 0;
      return block;
    }
  }
  Block* block = new (::operator new(sizeof(Block) + capacity)) Block{nullptr, capacity, 0, 0};
  bytes_held_ += footprint(block);
  return block;
}

void BlockPool::release(Block* block) {
  const int size_class = class_of(block->capacity);
  if (size_class == kHeap || free_bytes_ + footprint(block) > kMaxFreeBytes) {
    bytes_held_ -= footprint(block);
    ::operator delete(block);
    return;
  }
  FreeList& list = free_[static_cast<std::size_t>(size_class)];
  block->next = list.head;
  list.head = block;
  free_bytes_ += footprint(block);
}

}  // namespace slotway::protocol
