// Bytes that were read and not yet taken. Reads go to a scratch area that all connections of a worker share;
// only an incomplete tail is copied into a block of this connection's own, and later reads go behind it.
// Owner: a client session or an upstream connection. Thread: the owner's only. Invariant: between two turns
// of the loop an idle connection (nothing incomplete) holds no block.
//
//   writable()  ->  read  ->  commit(n)  ->  { bytes(), consume(n) }*  ->  keep_rest()
#pragma once

#include <cassert>
#include <cstddef>
#include <span>
#include <string_view>

#include "protocol/block_pool.hpp"

namespace slotway::protocol {

class ReadBuffer {
 public:
  ReadBuffer() = default;
  ReadBuffer(const ReadBuffer&) = delete;
  ReadBuffer& operator=(const ReadBuffer&) = delete;

  // Where to read to: the scratch area, or behind the kept tail. `wanted`: bytes that the message at hand is
  // known to lack (0 = unknown); the tail's block then grows at once, though at most eightfold what has
  // really been received.
  std::span<char> writable(BlockPool& pool, std::span<char> scratch, std::size_t wanted);
  void commit(std::size_t count) { end_ += count; }

  // Unconsumed bytes; valid until keep_rest(), writable() or take_block().
  std::string_view bytes() const { return {begin_, static_cast<std::size_t>(end_ - begin_)}; }
  void consume(std::size_t count) {
    assert(count <= bytes().size());
    begin_ += count;
  }

  // Ends the use of the scratch area: an unconsumed rest is copied into a block of our own.
  void keep_rest(BlockPool& pool);

  // If the unconsumed bytes are exactly the first `size` ones, are worth it and have a block of their own:
  // hands over that block. Else nullptr: copy.
  Block* take_block(std::size_t size);

  void clear(BlockPool& pool);

  // What the kept tail's block takes.
  std::size_t reserved_bytes() const { return block_ ? block_->capacity : 0; }

 private:
  // The unconsumed bytes go to a block of at least `capacity`.
  void move_to(BlockPool& pool, std::size_t capacity);
  // The block's own marks follow ours.
  void mark_block();

  Block* block_ = nullptr;  // nullptr: the bytes are in the scratch area
  char* begin_ = nullptr;
  char* end_ = nullptr;
};

}  // namespace slotway::protocol
