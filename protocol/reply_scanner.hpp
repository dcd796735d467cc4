// Finds where a reply ends without building it: RESP2 and RESP3, incrementally, no byte looked at twice.
// Owner: an upstream pipeline. Thread: the owner's only. Invariant: positions are relative to the reply's
// first byte. Nesting needs no stack: an array of n elements replaces one awaited element by n, and the reply
// ends when none is awaited; depth is bounded by nothing but the size of the reply. Source: Redis
// serialization protocol specification (RESP2) and RESP3 specification (types % ~ > | _ # , ( ! =).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace slotway::protocol {

enum class ScanStatus : std::uint8_t { need_more, reply, error };

class ReplyScanner {
 public:
  // Elements awaited at once; a node that announces more is not believed.
  static constexpr std::uint64_t kMaxElements = 1ull << 32;
  // One string: Redis's proto-max-bulk-len may be raised far above its default.
  static constexpr std::int64_t kMaxBulkBytes = 1ll << 40;

  void start() { *this = ReplyScanner{}; }

  // `bytes` begins with the reply's first byte; after need_more, the same bytes and more behind them.
  ScanStatus scan(std::string_view bytes);

  // Bytes of the reply; after ScanStatus::reply.
  std::size_t size() const { return position_; }
  // Bytes known to be lacking; 0 = unknown.
  std::size_t wanted(std::size_t available) const {
    return position_ > available ? position_ - available : 0;
  }

 private:
  bool take_element(char type, std::string_view line);

  std::size_t position_ = 0;   // the next element's first byte; behind the payload while one is awaited
  std::size_t scanned_ = 0;    // no line end before it
  std::uint64_t awaited_ = 1;  // elements
};

}  // namespace slotway::protocol
