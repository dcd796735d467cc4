#include "protocol/read_buffer.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/byte_queue.hpp"

using namespace slotway::protocol;

namespace {

constexpr std::size_t kScratch = 64 * 1024;

std::size_t in_use(const BlockPool& pool) { return pool.bytes_held() - pool.bytes_free(); }

// One read of at most what there is room for, as from a socket.
std::size_t read(ReadBuffer& buffer, BlockPool& pool, std::span<char> scratch, std::string_view from,
                 std::size_t wanted = 0) {
  const std::span<char> room = buffer.writable(pool, scratch, wanted);
  REQUIRE(room.size() > 0);
  const std::size_t size = std::min(room.size(), from.size());
  std::memcpy(room.data(), from.data(), size);
  buffer.commit(size);
  return size;
}

}  // namespace

TEST_CASE("Bytes come out as they came in, however they are cut") {
  for (unsigned seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    std::vector<char> scratch(kScratch);
    BlockPool pool;
    ReadBuffer buffer;
    std::string model;
    for (int turn = 0; turn < 200; ++turn) {
      const std::size_t most[] = {10, 1'000, 20'000, 150'000};
      std::string coming(random() % most[random() % 4], '\0');
      for (char& c : coming) c = static_cast<char>(random());
      const std::size_t wanted = random() % 2 ? random() % most[random() % 4] : 0;
      model += coming.substr(0, read(buffer, pool, scratch, coming, wanted));
      REQUIRE((buffer.bytes() == model));
      for (int takes = static_cast<int>(random() % 3); takes > 0; --takes) {
        const std::size_t size = random() % 8 ? random() % (model.size() + 1) : model.size();
        if (Block* block = buffer.take_block(size)) {
          REQUIRE((block->view() == model));
          pool.release(block);
        } else {
          buffer.consume(size);
        }
        model.erase(0, size);
        REQUIRE((buffer.bytes() == model));
      }
      buffer.keep_rest(pool);
      // the scratch area is now somebody else's
      std::fill(scratch.begin(), scratch.end(), '!');
      REQUIRE((buffer.bytes() == model));
      if (model.empty()) REQUIRE(in_use(pool) == 0);
    }
    buffer.clear(pool);
    CHECK(buffer.bytes().empty());
    CHECK(in_use(pool) == 0);
  }
}

TEST_CASE("Whole requests never need a block") {
  std::vector<char> scratch(kScratch);
  BlockPool pool;
  ReadBuffer buffer;
  for (int i = 0; i < 3; ++i) {
    CHECK(buffer.writable(pool, scratch, 1'000'000).data() == scratch.data());
    read(buffer, pool, scratch, "requestrequest");
    CHECK(buffer.bytes() == "requestrequest");
    CHECK(buffer.bytes().data() == scratch.data());
    buffer.consume(7);
    CHECK(buffer.bytes() == "request");
    buffer.consume(7);
    buffer.keep_rest(pool);
  }
  CHECK(pool.bytes_held() == 0);
}

TEST_CASE("A short tail takes a small block, and none when it is complete") {
  std::vector<char> scratch(kScratch);
  BlockPool pool;
  ReadBuffer buffer;
  read(buffer, pool, scratch, "request+tail");
  buffer.consume(8);
  buffer.keep_rest(pool);
  CHECK(buffer.bytes() == "tail");
  CHECK(in_use(pool) == BlockPool::kSmall + sizeof(Block));
  read(buffer, pool, scratch, "...");
  CHECK(buffer.bytes() == "tail...");
  buffer.consume(7);
  buffer.keep_rest(pool);
  CHECK(in_use(pool) == 0);
  CHECK(buffer.writable(pool, scratch, 0).data() == scratch.data());
}

TEST_CASE("The block grows for what is lacking, at most eightfold what was received") {
  std::vector<char> scratch(kScratch);
  BlockPool pool;
  ReadBuffer buffer;
  read(buffer, pool, scratch, std::string(10'000, 'x'));
  buffer.keep_rest(pool);
  // a little is lacking: the block has room for it
  CHECK(buffer.writable(pool, scratch, 5'000).size() == BlockPool::kStandard - 10'000);
  // 512 MB are announced: 1 MB is given for 10 KB
  CHECK(buffer.writable(pool, scratch, 512u << 20).size() == 1'048'576);
  std::size_t received = 10'000;
  while (received < (16u << 20)) {
    const std::span<char> room = buffer.writable(pool, scratch, 512u << 20);
    CHECK(room.size() <= std::max<std::size_t>(1'048'576, 8 * received));
    CHECK(in_use(pool) <= 9 * received + 2'000'000);
    buffer.commit(room.size());
    received += room.size();
  }
  CHECK(buffer.bytes().size() == received);
  buffer.clear(pool);
  CHECK(in_use(pool) == 0);
}

TEST_CASE("A value of known size is read to its end without another copy") {
  std::vector<char> scratch(kScratch);
  BlockPool pool;
  ReadBuffer buffer;
  const std::size_t size = 500'000;
  std::size_t received = read(buffer, pool, scratch, std::string(kScratch, 'x'));
  buffer.keep_rest(pool);
  buffer.writable(pool, scratch, size - received);
  const char* place = buffer.bytes().data();
  while (received < size) {
    received += read(buffer, pool, scratch, std::string(std::min<std::size_t>(7'000, size - received), 'x'),
                     size - received);
    REQUIRE(buffer.bytes().data() == place);
  }
  Block* block = buffer.take_block(size);
  REQUIRE(block != nullptr);
  CHECK(block->data() == place);
  CHECK(block->size() == size);
  CHECK(buffer.bytes().empty());
  buffer.keep_rest(pool);
  pool.release(block);
  CHECK(in_use(pool) == 0);
}

// A command of very many short arguments: what is lacking is never known beyond the next one.
TEST_CASE("A long request of unknown size is copied a logarithmic number of times") {
  std::vector<char> scratch(kScratch);
  for (const std::size_t wanted : {0, 50}) {
    BlockPool pool;
    ReadBuffer buffer;
    std::size_t received = 0;
    std::size_t copied = 0;
    const char* place = nullptr;
    while (received < (32u << 20)) {
      received += read(buffer, pool, scratch, std::string(16'000, 'x'), wanted);
      buffer.keep_rest(pool);
      if (buffer.bytes().data() != place) copied += received;
      place = buffer.bytes().data();
    }
    CHECK(copied < 4 * received);
    buffer.clear(pool);
  }
}

TEST_CASE("The tail of a small request does not keep the memory of a large one") {
  std::vector<char> scratch(kScratch);
  BlockPool pool;
  ReadBuffer buffer;
  const std::size_t large = 10'000'000;
  std::size_t received = 0;
  while (received < large) {
    received += read(buffer, pool, scratch, std::string(large - received, 'x'), large - received);
    buffer.keep_rest(pool);
  }
  read(buffer, pool, scratch, "tail");
  CHECK(buffer.take_block(large) == nullptr);
  buffer.consume(large);
  buffer.keep_rest(pool);
  CHECK(buffer.bytes() == "tail");
  CHECK(in_use(pool) == BlockPool::kSmall + sizeof(Block));
  buffer.clear(pool);
}

TEST_CASE("A block is handed over only if it is worth it and holds nothing else") {
  std::vector<char> scratch(kScratch);
  BlockPool pool;
  const auto taken = [&](std::size_t held, std::size_t consumed, std::size_t size, bool kept) {
    ReadBuffer buffer;
    read(buffer, pool, scratch, std::string(held, 'x'));
    if (kept) buffer.keep_rest(pool);
    buffer.consume(consumed);
    Block* block = buffer.take_block(size);
    if (block) {
      CHECK(block->size() == size);
      pool.release(block);
    }
    CHECK(buffer.bytes().size() == (block ? 0 : held - consumed));
    buffer.clear(pool);
    return block != nullptr;
  };
  const std::size_t enough = ByteQueue::kMoveThreshold;
  CHECK(taken(enough, 0, enough, true));
  CHECK(taken(enough + 5, 5, enough, true));
  CHECK_FALSE(taken(enough, 0, enough, false));         // in the scratch area
  CHECK_FALSE(taken(enough - 1, 0, enough - 1, true));  // short
  CHECK_FALSE(taken(enough + 1, 0, enough, true));      // something behind it
  CHECK_FALSE(taken(enough, 0, enough + 1, true));      // not all there
  CHECK(in_use(pool) == 0);
}
