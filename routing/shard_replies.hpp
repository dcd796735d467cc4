// Makes one reply of what all shards answered to a command of the whole keyspace: arrays joined, numbers
// compared, the first of equals, or one picked by the shards' sizes. Sans-I/O. Owner: a merger. Thread:
// worker. Invariant: after reset() nothing of the previous command is left but the buffers' capacity.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/block_pool.hpp"
#include "protocol/byte_queue.hpp"
#include "protocol/command_table.hpp"

namespace slotway::routing {

class ShardReplies {
 public:
  // `random` picks among the shards of a weighted command.
  void reset(std::uint64_t random);

  // Each takes one whole reply that is no error; false: it has not the shape that is expected.
  bool join(std::string_view reply);  // an array: its elements behind those of the others
  bool keep_first(std::string_view reply);
  // An integer, or an array of integers as long as the others. REQUIRES: `how` is least, most, logical_and or
  // logical_or.
  bool aggregate(protocol::Merge how, std::string_view reply);
  bool keep_running(std::string_view reply);  // what FUNCTION STATS answers; the first that runs something
  // Two fragments a shard: an even one is the shard's DBSIZE, the odd one behind it its RANDOMKEY.
  bool weigh(std::uint32_t fragment, std::string_view reply);

  void write_joined(protocol::BlockPool& pool, protocol::ByteQueue& out) const;
  void write_kept(protocol::BlockPool& pool, protocol::ByteQueue& out) const;
  void write_numbers(protocol::BlockPool& pool, protocol::ByteQueue& out) const;
  // A key of one shard, each shard as likely as it is large; a null if all are empty.
  void write_picked(protocol::BlockPool& pool, protocol::ByteQueue& out) const;

  std::size_t held_bytes() const { return bytes_.size() + numbers_.size() * sizeof(std::int64_t); }
  std::size_t reserved_bytes() const {
    return bytes_.capacity() + shards_.capacity() * sizeof(Shard) +
           numbers_.capacity() * sizeof(std::int64_t);
  }
  void shrink(std::size_t keep_bytes);

 private:
  struct Shard {
    std::uint64_t size = 0;  // keys
    std::size_t offset = 0;  // its key, in bytes_
    std::size_t length = 0;  // 0 = it has none
  };

  std::uint64_t weight_of(const Shard& shard) const;

  std::uint64_t random_ = 0;
  std::uint64_t count_ = 0;  // elements joined
  bool running_ = false;     // the one that is kept runs a function
  std::string bytes_;
  std::string null_;  // as the nodes' protocol has it
  std::vector<Shard> shards_;
  std::vector<std::int64_t> numbers_;
  bool has_numbers_ = false;    // a reply has been taken
  bool numbers_array_ = false;  // they are an array's
};

}  // namespace slotway::routing
