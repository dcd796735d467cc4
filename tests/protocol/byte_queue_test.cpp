#include "protocol/byte_queue.hpp"

#include <sys/uio.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <utility>

using namespace slotway::protocol;

namespace {

std::string some_bytes(std::mt19937& random, std::size_t size) {
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

// What a write would be given from the cursor on, in steps of `max` vectors.
std::string gathered(const ByteQueue& queue, ByteQueue::Cursor cursor, int max) {
  std::string out;
  while (true) {
    iovec vectors[16];
    const int count = queue.gather(cursor, vectors, max);
    REQUIRE(count <= max);
    if (count == 0) return out;
    std::size_t size = 0;
    for (int i = 0; i < count; ++i) {
      REQUIRE(vectors[i].iov_len > 0);
      out.append(static_cast<const char*>(vectors[i].iov_base), vectors[i].iov_len);
      size += vectors[i].iov_len;
    }
    queue.advance(cursor, size);
  }
}

std::string content(const ByteQueue& queue) { return gathered(queue, {}, 16); }

Block* block_of(BlockPool& pool, std::string_view bytes, std::size_t capacity) {
  Block* block = pool.acquire(std::max(capacity, bytes.size()));
  std::memcpy(block->data(), bytes.data(), bytes.size());
  block->end = bytes.size();
  return block;
}

// A send queue and a string that must stay the same: [ sent, not yet answered | not yet sent ].
class SendQueue {
 public:
  SendQueue(BlockPool& pool, unsigned seed) : pool_(pool), random_(seed) {}
  ~SendQueue() { queue_.clear(pool_); }

  void do_something() {
    switch (random_() % 8) {
      case 0:
      case 1: append(); break;
      case 2: append_block(); break;
      case 3: splice(); break;
      case 4: copy_prefix(); break;
      case 5: send(); break;
      case 6: consume(); break;
      default: consume_all_sent(); break;
    }
  }
  void check() {
    REQUIRE(queue_.size() == model_.size());
    REQUIRE(queue_.empty() == model_.empty());
    REQUIRE((content(queue_) == model_));
    const int max = 1 + static_cast<int>(random_() % 4);
    REQUIRE((gathered(queue_, cursor_, max) == model_.substr(sent_)));
  }

 private:
  std::size_t length() {
    const std::size_t most[] = {20, 600, 5'000, 50'000};
    return random_() % most[random_() % 4];
  }
  void append() {
    const std::string bytes = some_bytes(random_, length());
    queue_.append(pool_, bytes);
    model_ += bytes;
  }
  void append_block() {
    const std::string bytes = some_bytes(random_, 1 + length());
    queue_.append_block(block_of(pool_, bytes, bytes.size() + length()));
    model_ += bytes;
  }
  void splice() {
    ByteQueue other;
    std::string bytes;
    for (int parts = static_cast<int>(random_() % 3); parts > 0; --parts) {
      bytes += some_bytes(random_, length());
      other.append(pool_, std::string_view(bytes).substr(other.size()));
    }
    const std::size_t gone = bytes.empty() ? 0 : random_() % bytes.size();
    other.consume(pool_, gone);
    queue_.splice(pool_, other);
    REQUIRE(other.empty());
    REQUIRE(content(other).empty());
    model_ += bytes.substr(gone);
  }
  void copy_prefix() {
    const std::size_t count = random_() % (model_.size() + 1);
    ByteQueue target;
    target.append(pool_, "before");
    queue_.copy_prefix(count, pool_, target);
    REQUIRE((content(target) == "before" + model_.substr(0, count)));
    target.clear(pool_);
  }
  void send() {
    const std::size_t count = random_() % (model_.size() - sent_ + 1);
    queue_.advance(cursor_, count);
    sent_ += count;
  }
  void consume() { consume_sent(random_() % (sent_ + 1)); }
  void consume_all_sent() { consume_sent(sent_); }
  void consume_sent(std::size_t count) {
    queue_.consume(pool_, count, &cursor_);
    model_.erase(0, count);
    sent_ -= count;
  }

  BlockPool& pool_;
  std::mt19937 random_;
  ByteQueue queue_;
  ByteQueue::Cursor cursor_;
  std::string model_;
  std::size_t sent_ = 0;
};

}  // namespace

TEST_CASE("A send queue keeps what was sent and not answered, whatever is done to it") {
  for (unsigned seed = 0; seed < 40; ++seed) {
    CAPTURE(seed);
    BlockPool pool;
    {
      SendQueue queue(pool, seed);
      for (int i = 0; i < 300; ++i) {
        CAPTURE(i);
        queue.do_something();
        queue.check();
      }
    }
    CHECK(pool.bytes_held() == pool.bytes_free());
  }
}

TEST_CASE("An empty queue holds no memory") {
  BlockPool pool;
  ByteQueue queue;
  queue.append(pool, "");
  CHECK(pool.bytes_held() == 0);
  queue.append(pool, "ab");
  CHECK(pool.bytes_held() > pool.bytes_free());
  queue.consume(pool, 1);
  CHECK(pool.bytes_held() > pool.bytes_free());
  queue.consume(pool, 1);
  CHECK(queue.empty());
  CHECK(pool.bytes_held() == pool.bytes_free());
  queue.clear(pool);
  ByteQueue other;
  queue.splice(pool, other);
  CHECK(pool.bytes_held() == pool.bytes_free());
}

TEST_CASE("A queue starts with a small block and goes on in standard ones") {
  BlockPool pool;
  ByteQueue queue;
  queue.append(pool, "a");
  CHECK(pool.bytes_held() == BlockPool::kSmall + sizeof(Block));
  queue.append(pool, std::string(BlockPool::kSmall - 1, 'b'));
  CHECK(pool.bytes_held() == BlockPool::kSmall + sizeof(Block));
  queue.append(pool, "c");
  CHECK(pool.bytes_held() == BlockPool::kSmall + BlockPool::kStandard + 2 * sizeof(Block));
  queue.clear(pool);
}

TEST_CASE("Short contents are copied by splice, long ones change hands") {
  BlockPool pool;
  ByteQueue queue;
  ByteQueue other;
  queue.append(pool, "one");
  other.append(pool, "two");
  queue.splice(pool, other);
  iovec vectors[4];
  REQUIRE(queue.gather(vectors, 4) == 1);
  CHECK(vectors[0].iov_len == 6);

  const std::string large(100'000, 'x');
  other.append_block(block_of(pool, large, large.size()));
  REQUIRE(other.gather(vectors, 4) == 1);
  const void* place = vectors[0].iov_base;
  queue.splice(pool, other);
  REQUIRE(queue.gather(vectors, 4) == 2);
  CHECK(vectors[1].iov_base == place);
  CHECK((content(queue) == "onetwo" + large));
  queue.clear(pool);
  CHECK(pool.bytes_held() == pool.bytes_free());
}

TEST_CASE("Gather gives no more vectors than there is room for, and goes on from the cursor") {
  BlockPool pool;
  ByteQueue queue;
  for (const std::string_view part : {"ab", "cde", "f", "ghij"}) queue.append_block(block_of(pool, part, 0));
  iovec vectors[8];
  CHECK(queue.gather(vectors, 0) == 0);
  CHECK(queue.gather(vectors, 3) == 3);
  CHECK(queue.gather(vectors, 8) == 4);

  ByteQueue::Cursor cursor;
  queue.advance(cursor, 3);
  REQUIRE(queue.gather(cursor, vectors, 8) == 3);
  CHECK(vectors[0].iov_len == 2);
  // at the end of a block
  queue.advance(cursor, 2);
  REQUIRE(queue.gather(cursor, vectors, 8) == 2);
  CHECK(vectors[0].iov_len == 1);
  // everything sent; what is appended later stands behind the cursor
  queue.advance(cursor, 5);
  CHECK(queue.gather(cursor, vectors, 8) == 0);
  queue.append(pool, "k");
  REQUIRE(queue.gather(cursor, vectors, 8) == 1);
  CHECK(vectors[0].iov_len == 1);
  // the cursor outlives the blocks before it, and its own
  queue.consume(pool, 9, &cursor);
  CHECK(gathered(queue, cursor, 8) == "k");
  queue.advance(cursor, 1);
  queue.consume(pool, 2, &cursor);
  CHECK(queue.empty());
  queue.append(pool, "new");
  CHECK(gathered(queue, cursor, 8) == "new");
  queue.clear(pool);
}

TEST_CASE("Moving a queue moves its bytes") {
  BlockPool pool;
  ByteQueue first;
  first.append(pool, "bytes");
  ByteQueue second(std::move(first));
  CHECK(content(second) == "bytes");
  ByteQueue third;
  third = std::move(second);
  CHECK(content(third) == "bytes");
  CHECK(third.size() == 5);
  third.clear(pool);
  CHECK(pool.bytes_held() == pool.bytes_free());
}
