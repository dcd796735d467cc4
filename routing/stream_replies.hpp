// Makes one reply of what the nodes answered to the parts of an XREAD or XREADGROUP: the streams that have
// something, in the order in which the client named them; a null if none has. Sans-I/O. Owner: a merger.
// Thread: worker. Invariant: after reset() nothing of the previous command is left but the buffers' capacity.
// Source of the shapes: Redis 7.0, xreadCommand (t_stream.c): an array of [name, entries] in RESP2, a map of
// name to entries in RESP3, a null array without any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/block_pool.hpp"
#include "protocol/byte_queue.hpp"
#include "routing/splitter.hpp"

namespace slotway::routing {

class StreamReplies {
 public:
  void reset();
  // The next stream's name, in the request's order. All of them, before add().
  void name(std::string_view stream);

  // One fragment's whole reply that is no error; false: it has not the shape that is expected.
  bool add(const FragmentLayout& layout, const Fragment& fragment, std::string_view reply);
  // `reply` says that no stream has anything.
  static bool is_empty(std::string_view reply);

  void write(protocol::BlockPool& pool, protocol::ByteQueue& out) const;

  std::size_t held_bytes() const { return bytes_.size(); }
  std::size_t reserved_bytes() const;
  void shrink(std::size_t keep_bytes);

 private:
  struct Stream {
    std::size_t name_offset;  // its name as a bulk string, in names_
    std::size_t name_length;
    std::size_t offset;  // what is to be said of it, in bytes_
    std::size_t length;  // 0 = nothing
  };

  std::string_view name_of(std::uint32_t position) const;

  std::vector<Stream> streams_;  // by position
  std::string names_;
  std::string bytes_;
  std::uint64_t found_ = 0;  // streams that have something
  bool map_ = false;         // the replies are maps
  std::string_view null_;
};

}  // namespace slotway::routing
