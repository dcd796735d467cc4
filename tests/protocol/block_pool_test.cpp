#include "protocol/block_pool.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <iterator>
#include <random>
#include <set>
#include <vector>

using namespace slotway::protocol;

TEST_CASE("A block is empty and has at least the capacity that was asked for") {
  struct Row {
    std::size_t asked;
    std::size_t given;
  };
  const Row rows[] = {
      {0, BlockPool::kSmall},
      {1, BlockPool::kSmall},
      {BlockPool::kSmall, BlockPool::kSmall},
      {BlockPool::kSmall + 1, BlockPool::kStandard},
      {BlockPool::kStandard, BlockPool::kStandard},
      {BlockPool::kStandard + 1, BlockPool::kStandard + 1},
      {1'000'000, 1'000'000},
  };
  BlockPool pool;
  for (const Row& row : rows) {
    CAPTURE(row.asked);
    Block* block = pool.acquire(row.asked);
    CHECK(block->capacity == row.given);
    CHECK(block->next == nullptr);
    CHECK(block->size() == 0);
    CHECK(block->room() == row.given);
    std::memset(block->data(), 'x', block->room());
    block->end = block->capacity;
    block->begin = 1;
    block->next = block;
    pool.release(block);
    // as good as new when it comes again
    Block* again = pool.acquire(row.asked);
    CHECK(again->capacity == row.given);
    CHECK(again->next == nullptr);
    CHECK(again->begin == 0);
    CHECK(again->end == 0);
    pool.release(again);
  }
}

TEST_CASE("Blocks of the two sizes are used again, last in first out, larger ones go back to the heap") {
  BlockPool pool;
  for (const std::size_t capacity : {BlockPool::kSmall, BlockPool::kStandard}) {
    Block* first = pool.acquire(capacity);
    Block* second = pool.acquire(capacity);
    const std::size_t held = pool.bytes_held();
    pool.release(first);
    pool.release(second);
    CHECK(pool.acquire(capacity) == second);
    CHECK(pool.acquire(capacity) == first);
    CHECK(pool.bytes_held() == held);
    pool.release(first);
    pool.release(second);
  }
  CHECK(pool.bytes_held() == pool.bytes_free());
  const std::size_t before = pool.bytes_held();
  Block* large = pool.acquire(BlockPool::kStandard + 1);
  CHECK(pool.bytes_held() == before + sizeof(Block) + BlockPool::kStandard + 1);
  pool.release(large);
  CHECK(pool.bytes_held() == before);
}

TEST_CASE("Free blocks are kept up to a bound") {
  BlockPool pool;
  std::vector<Block*> blocks;
  const std::size_t count = BlockPool::kMaxFreeBytes / (BlockPool::kStandard + sizeof(Block)) + 10;
  for (std::size_t i = 0; i < count; ++i) blocks.push_back(pool.acquire(BlockPool::kStandard));
  CHECK(pool.bytes_held() > BlockPool::kMaxFreeBytes);
  CHECK(pool.bytes_free() == 0);
  for (Block* block : blocks) pool.release(block);
  CHECK(pool.bytes_held() == pool.bytes_free());
  CHECK(pool.bytes_free() == BlockPool::kMaxFreeBytes);
}

TEST_CASE("No block is given out twice, and all are free in the end") {
  BlockPool pool;
  std::mt19937 random(1);
  std::set<Block*> used;
  std::size_t in_use = 0;
  for (int i = 0; i < 20'000; ++i) {
    if (used.empty() || random() % 2) {
      Block* block = pool.acquire(random() % (random() % 4 ? 600 : 40'000));
      REQUIRE(used.insert(block).second);
      in_use += block->capacity + sizeof(Block);
    } else {
      auto at = used.begin();
      std::advance(at, static_cast<long>(random() % std::min<std::size_t>(used.size(), 8)));
      in_use -= (*at)->capacity + sizeof(Block);
      pool.release(*at);
      used.erase(at);
    }
    REQUIRE(pool.bytes_held() - pool.bytes_free() == in_use);
  }
  for (Block* block : used) pool.release(block);
  CHECK(pool.bytes_held() == pool.bytes_free());
}
