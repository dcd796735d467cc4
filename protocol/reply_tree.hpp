// A whole reply as a tree, for the control path: CLUSTER SHARDS, CLUSTER SLOTS, INFO, COMMAND. hiredis's
// redisReader does the parsing; the data path never builds trees. Owner: whoever asked. Thread: any, one at a
// time. Invariant: memory is bounded by the bytes fed, whatever lengths and counts they announce; a reader
// that has failed stays failed. Source: RESP2 ("Redis serialization protocol specification"); hiredis 0.14
// knows no RESP3 and nests 7 deep.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slotway::protocol {

enum class ReplyType : std::uint8_t { nil, status, error, integer, string, array };

struct ReplyTree {
  ReplyType type = ReplyType::nil;
  std::int64_t integer = 0;           // of an integer
  std::string text{};                 // of a status, an error (without its '-') and a string
  std::vector<ReplyTree> elements{};  // of an array

  bool is_error() const { return type == ReplyType::error; }
  bool is_array() const { return type == ReplyType::array; }
  // A string or a status.
  bool is_text() const { return type == ReplyType::string || type == ReplyType::status; }
};

// In a RESP2 map (an array of names and values in turn) the value that follows `name`; nullptr if there is
// none.
const ReplyTree* find_field(const ReplyTree& map, std::string_view name);

class ReplyReader {
 public:
  static constexpr std::size_t kMaxReplyBytes = 64u << 20;

  // A reply of more than `max_reply_bytes` is an error.
  explicit ReplyReader(std::size_t max_reply_bytes = kMaxReplyBytes);
  ~ReplyReader();
  ReplyReader(ReplyReader&&) noexcept;
  ReplyReader& operator=(ReplyReader&&) noexcept;

  void feed(std::string_view bytes);

  // The next whole reply; nullopt: more bytes are needed, or has_failed().
  std::optional<ReplyTree> next();

  bool has_failed() const { return !error_.empty(); }
  const std::string& error() const { return error_; }  // one line; "" = none

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
  std::size_t max_reply_bytes_;
  std::size_t pending_bytes_ = 0;  // fed since the last whole reply
  std::string error_;
};

}  // namespace slotway::protocol
