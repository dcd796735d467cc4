// Memory for bytes on their way: blocks of two fixed sizes from free lists, larger ones from the heap.
// Owner: one per Worker. Thread: the owner's only. Invariant: in steady state acquire and release touch no
// heap; blocks are reused last-in first-out, so that they are warm.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace slotway::protocol {

// A run of bytes [begin, end) within `capacity`, and a link for whoever holds it.
//
//   data()  [ consumed | bytes begin..end | room end..capacity ]
struct Block {
  Block* next;
  std::size_t capacity;
  std::size_t begin;
  std::size_t end;

  char* data() { return reinterpret_cast<char*>(this + 1); }
  const char* data() const { return reinterpret_cast<const char*>(this + 1); }
  std::size_t size() const { return end - begin; }
  std::size_t room() const { return capacity - end; }
  std::string_view view() const { return {data() + begin, size()}; }
};

class BlockPool {
 public:
  static constexpr std::size_t kSmall = 512 - sizeof(Block);  // a few short replies, a short tail
  static constexpr std::size_t kStandard = 16 * 1024 - sizeof(Block);
  static constexpr std::size_t kMaxFreeBytes = 32ull << 20;  // beyond it, released blocks go to the heap

  BlockPool() = default;
  ~BlockPool();
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;

  // An empty block of at least `capacity` bytes. Throws std::bad_alloc if there is no memory.
  Block* acquire(std::size_t capacity);
  void release(Block* block);

  std::size_t bytes_held() const { return bytes_held_; }  // in use and free
  std::size_t bytes_free() const { return free_bytes_; }

 private:
  struct FreeList {
    Block* head = nullptr;
  };

  std::array<FreeList, 2> free_;
  std::size_t free_bytes_ = 0;
  std::size_t bytes_held_ = 0;
};

}  // namespace slotway::protocol
