// What a queue of bytes holds, as text, for tests. Thread: any. The queue is left as it is.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "protocol/byte_queue.hpp"

namespace slotway {

// The bytes behind `cursor`.
inline std::string queue_text(const protocol::ByteQueue& queue, protocol::ByteQueue::Cursor cursor = {}) {
  std::string text;
  std::array<iovec, 16> vectors;
  while (true) {
    const int count = queue.gather(cursor, vectors.data(), static_cast<int>(vectors.size()));
    std::size_t bytes = 0;
    for (int i = 0; i < count; ++i) {
      const iovec& vector = vectors[static_cast<std::size_t>(i)];
      text.append(static_cast<const char*>(vector.iov_base), vector.iov_len);
      bytes += vector.iov_len;
    }
    if (bytes == 0) return text;
    queue.advance(cursor, bytes);
  }
}

inline std::string take_text(protocol::BlockPool& pool, protocol::ByteQueue& queue) {
  std::string text = queue_text(queue);
  queue.clear(pool);
  return text;
}

// Bytes of blocks that somebody holds.
inline std::size_t bytes_in_use(const protocol::BlockPool& pool) {
  return pool.bytes_held() - pool.bytes_free();
}

// `size` bytes that differ from place to place, and from one `seed` to another.
inline std::string patterned(std::size_t size, unsigned seed) {
  std::string text(size, ' ');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('!' + (i * 7 + i / 89 + seed * 31) % 90);
  return text;
}

}  // namespace slotway
