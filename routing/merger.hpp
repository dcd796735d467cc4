// Makes one reply of the fragments' replies. Sans-I/O: fed replies in any order, it says when it has them
// all. Owner: a reply slot, from the worker's pool. Thread: worker. Invariant: after reset() nothing of the
// previous command is left but the buffers' capacity. A command that fails in part is answered with one
// error: of the first part in the keys' order, or one that leaves a write's outcome open, with the code that
// it came with; if other parts of a write were executed, it says so at its end (docs/decisions/015).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/byte_queue.hpp"
#include "protocol/command_table.hpp"
#include "routing/node_report.hpp"
#include "routing/shard_replies.hpp"
#include "routing/splitter.hpp"
#include "routing/stream_replies.hpp"
#include "routing/transaction_flush.hpp"

namespace slotway::routing {

class Merger {
 public:
  // `writes`: parts that succeed leave something behind.
  void reset(protocol::Merge merge, const FragmentLayout& layout, bool writes);
  // Merge::streams needs the keys too: its replies name them. After reset().
  void name_streams(const protocol::RequestView& request, std::span<const std::uint32_t> keys);
  // For what is sent whole to every shard: `fragments` replies in all. `random` picks a shard where one is.
  void reset(protocol::Merge merge, std::size_t fragments, bool writes, std::uint64_t random);
  // Of a report, before its replies: what the client has asked for.
  void set_wish(ReportWish wish) { wish_ = std::move(wish); }
  // After reset(): the merged reply is an element of EXEC's.
  void set_flush(TransactionFlush flush) { flush_ = std::move(flush); }
  const std::optional<TransactionFlush>& flush() const { return flush_; }
  protocol::Merge merge() const { return merge_; }
  bool writes() const { return writes_; }

  // `reply` is the whole reply of one fragment; each fragment exactly once.
  void add(std::uint32_t fragment, std::string_view reply);
  // Likewise, of the shard's node; if the merge is a report.
  void add_report(Slot shard, std::string node, std::string_view reply);

  bool complete() const { return missing_ == 0; }
  bool failed() const { return !error_.empty(); }
  // Bytes that are held for replies so far.
  std::size_t held_bytes() const {
    return arena_.size() + shards_.held_bytes() + streams_.held_bytes() + report_bytes_ +
           (flush_ ? flush_->reply.size() : 0);
  }

  // The merged reply. REQUIRES: complete().
  void write(protocol::BlockPool& pool, protocol::ByteQueue& out) const;

  // Gives back buffers that one unusual command made large.
  void shrink();
  // Bytes of all buffers, in use or not.
  std::size_t reserved_bytes() const;

 private:
  struct Piece {
    std::size_t offset;
    std::size_t size;
  };

  void keep_error(std::uint32_t fragment, std::string_view reply);
  void write_merged(protocol::BlockPool& pool, protocol::ByteQueue& out) const;
  void write_failure(protocol::BlockPool& pool, protocol::ByteQueue& out) const;
  bool add_elements(const Fragment& fragment, std::string_view reply);
  bool add_integer(std::string_view reply);
  void add_attempt(std::string_view reply);

  protocol::Merge merge_ = protocol::Merge::none;
  FragmentLayout layout_;
  bool writes_ = false;
  bool executed_ = false;    // a fragment succeeded
  std::size_t missing_ = 0;  // fragments
  std::int64_t sum_ = 0;
  std::vector<Piece> pieces_;         // by position, into arena_
  std::string arena_;                 // elements as they came
  std::string error_;                 // the whole error reply
  std::uint32_t error_fragment_ = 0;  // whose it is
  bool error_in_doubt_ = false;       // it leaves open whether its part was executed
  bool any_ok_ = false;
  bool absent_ = false;  // a shard had nothing to delete
  ShardReplies shards_;
  StreamReplies streams_;
  std::vector<NodeReport> reports_;
  std::size_t report_bytes_ = 0;
  ReportWish wish_;
  std::optional<TransactionFlush> flush_;
};

}  // namespace slotway::routing
