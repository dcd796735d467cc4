// Takes RESP2 requests and inline commands out of a byte stream, in place and incrementally: however the
// bytes are cut, none is scanned twice. Owner: a worker lends one to a session while a request is incomplete.
// Thread: the owner's only. Invariant: all positions are relative to the current request's first byte, so
// that the bytes may move between calls. Source: Redis serialization protocol specification; limits and error
// texts as in Redis 7.0's networking.c (processInlineBuffer, processMultibulkBuffer).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/request.hpp"

namespace slotway::protocol {

struct ParseLimits {
  std::uint64_t max_bulk_bytes = 512ull << 20;
  std::uint64_t max_request_bytes = 1ull << 30;  // below 4 GiB: positions are 32 bits
  std::uint32_t max_arguments = 1024 * 1024;
};

// For what has been taken once, and is not refused when it is parsed again.
inline constexpr ParseLimits kNoParseLimits{
    .max_bulk_bytes = 0xFFFFFFFF, .max_request_bytes = 0xFFFFFFFF, .max_arguments = 0xFFFFFFFF};

enum class ParseStatus : std::uint8_t {
  need_more,  // call again with the same bytes and more behind them
  request,    // request() is complete: consume size(), then start() again
  nothing,    // an empty line or an array of no elements: consume size(), then start() again
  error,      // the stream is broken: answer error_text(), close
};

class RequestParser {
 public:
  static constexpr std::size_t kMaxInlineBytes = 64 * 1024;

  // Forgets everything; the next bytes are those of a new request.
  void start();

  // `bytes` begins with the current request's first byte. `authenticated` = false applies Redis's tighter
  // limits for clients that have yet to log in.
  ParseStatus parse(std::string_view bytes, const ParseLimits& limits, bool authenticated);

  // Bytes that the request takes in the stream.
  std::size_t size() const { return position_; }
  // Bytes known to be lacking before the request can be complete; 0 = unknown.
  std::size_t wanted(std::size_t available) const {
    return position_ > available ? position_ - available : 0;
  }
  // Views into `bytes`, which must be what parse() saw, or into this parser (inline commands, which it
  // rewrites as arrays). Valid until the bytes move or start().
  RequestView request(std::string_view bytes) const;
  // What its buffers hold on to.
  std::size_t reserved_bytes() const {
    return arguments_.capacity() * sizeof(Argument) + rewritten_.capacity();
  }
  // Without the leading '-' and the line's end: "ERR Protocol error: ...".
  const std::string& error_text() const { return error_; }

 private:
  enum class Step : std::uint8_t { type, count, argument, payload, inline_line };

  ParseStatus parse_count(std::string_view bytes, const ParseLimits& limits, bool authenticated);
  ParseStatus parse_arguments(std::string_view bytes, const ParseLimits& limits, bool authenticated);
  ParseStatus parse_inline(std::string_view bytes);
  ParseStatus fail(std::string_view text);
  void take_short_arguments(std::string_view bytes, const ParseLimits& limits);
  // The number between position_+1 and the next '\r': sets `value` and moves position_ behind the line.
  enum class Number : std::uint8_t { ok, need_more, invalid, too_long };
  Number search_number(std::string_view bytes, std::int64_t& value);

  Step step_ = Step::type;
  bool inline_ = false;
  std::uint32_t remaining_ = 0;  // arguments
  std::size_t position_ = 0;     // next byte to look at; while a payload is awaited, the first byte behind it
  std::size_t scanned_ = 0;      // no line end before it
  std::vector<Argument> arguments_;
  std::string rewritten_;  // an inline command as an array
  std::string error_;
};

}  // namespace slotway::protocol
