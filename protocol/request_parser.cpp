#include "protocol/request_parser.hpp"

#include <algorithm>
#include <climits>
#include <cstring>

#include "protocol/decimal.hpp"
#include "protocol/inline_command.hpp"
#include "protocol/reply_writer.hpp"

namespace slotway::protocol {

namespace {

// What Redis allows a client that has yet to log in.
constexpr std::int64_t kUnauthenticatedArguments = 10;
constexpr std::int64_t kUnauthenticatedBulk = 16384;

struct ShortNumber {
  std::uint32_t value = 0;
  std::uint32_t line_size = 0;  // with its type and line end; 0: it is not one
};

// The line at `position` if it is of this type, has one or two digits and is there whole.
ShortNumber read_short_number(std::string_view bytes, std::size_t position, char type) {
  if (bytes.size() < position + 5) return {};
  const char* at = bytes.data() + position;
  const unsigned first = static_cast<unsigned char>(at[1]) - unsigned{'0'};
  if (at[0] != type || first > 9) return {};
  if (at[2] == '\r') return {first, 4};
  const unsigned second = static_cast<unsigned char>(at[2]) - unsigned{'0'};
  if (second > 9 || first == 0 || at[3] != '\r') return {};
  return {first * 10 + second, 5};
}

}  // namespace

void RequestParser::start() {
  step_ = Step::type;
  inline_ = false;
  remaining_ = 0;
  position_ = scanned_ = 0;
  arguments_.clear();
}

ParseStatus RequestParser::fail(std::string_view text) {
  error_.assign("ERR Protocol error: ").append(text);
  return ParseStatus::error;
}

RequestView RequestParser::request(std::string_view bytes) const {
  if (inline_) return {rewritten_.data(), rewritten_.size(), arguments_};
  return {bytes.data(), position_, arguments_};
}

ParseStatus RequestParser::parse(std::string_view bytes, const ParseLimits& limits, bool authenticated) {
  if (bytes.empty()) return ParseStatus::need_more;
  if (step_ == Step::type) {
    inline_ = bytes[0] != '*';
    step_ = inline_ ? Step::inline_line : Step::count;
  }
  if (step_ == Step::inline_line) return parse_inline(bytes);
  if (step_ == Step::count) {
    const ParseStatus status = parse_count(bytes, limits, authenticated);
    if (status != ParseStatus::request) return status;
  }
  return parse_arguments(bytes, limits, authenticated);
}

// Whole arguments with lengths of one or two digits, without a search: the common case. Stops before the
// first that is anything else, or that the limits may not allow.
void RequestParser::take_short_arguments(std::string_view bytes, const ParseLimits& limits) {
  std::size_t position = position_;
  std::uint32_t remaining = remaining_;
  for (; remaining > 0; --remaining) {
    const ShortNumber length = read_short_number(bytes, position, '$');
    const std::size_t begin = position + length.line_size;
    const std::size_t end = begin + length.value + 2;
    if (length.line_size == 0 || end > bytes.size()) break;
    if (length.value > limits.max_bulk_bytes || end > limits.max_request_bytes) break;
    arguments_.push_back(
        {static_cast<std::uint32_t>(position), static_cast<std::uint32_t>(begin), length.value});
    position = end;
  }
  position_ = position;
  remaining_ = remaining;
}

RequestParser::Number RequestParser::search_number(std::string_view bytes, std::int64_t& value) {
  const std::size_t from = std::max(scanned_, position_);
  const std::size_t line_end = bytes.find('\r', from);
  if (line_end == std::string_view::npos) {
    scanned_ = bytes.size();
    return bytes.size() - position_ > kMaxInlineBytes ? Number::too_long : Number::need_more;
  }
  if (line_end - position_ > kMaxInlineBytes) return Number::too_long;
  scanned_ = line_end;
  if (line_end + 2 > bytes.size()) return Number::need_more;
  const auto number = parse_decimal(bytes.substr(position_ + 1, line_end - position_ - 1));
  if (!number) return Number::invalid;
  value = *number;
  position_ = line_end + 2;
  return Number::ok;
}

// ParseStatus::request means here: go on with the arguments.
ParseStatus RequestParser::parse_count(std::string_view bytes, const ParseLimits& limits,
                                       bool authenticated) {
  std::int64_t count = 0;
  const ShortNumber short_count = read_short_number(bytes, position_, '*');
  count = short_count.value;
  position_ += short_count.line_size;
  switch (short_count.line_size > 0 ? Number::ok : search_number(bytes, count)) {
    case Number::need_more: return ParseStatus::need_more;
    case Number::too_long: return fail("too big mbulk count string");
    case Number::invalid: return fail("invalid multibulk length");
    case Number::ok: break;
  }
  if (count > INT_MAX || count > limits.max_arguments) return fail("invalid multibulk length");
  if (count > kUnauthenticatedArguments && !authenticated) return fail("unauthenticated multibulk length");
  if (count <= 0) return ParseStatus::nothing;
  remaining_ = static_cast<std::uint32_t>(count);
  step_ = Step::argument;
  return ParseStatus::request;
}

ParseStatus RequestParser::parse_arguments(std::string_view bytes, const ParseLimits& limits,
                                           bool authenticated) {
  while (true) {
    if (step_ == Step::payload) {
      if (bytes.size() < position_) return ParseStatus::need_more;
      step_ = Step::argument;
    }
    take_short_arguments(bytes, limits);
    if (remaining_ == 0) return ParseStatus::request;

    // "$len\r\n"
    if (position_ >= bytes.size()) return ParseStatus::need_more;
    const std::size_t header = position_;
    std::int64_t length = 0;
    const Number number = search_number(bytes, length);
    if (number == Number::need_more) return ParseStatus::need_more;
    if (number == Number::too_long) return fail("too big bulk count string");
    if (bytes[header] != '$') return fail(std::string("expected '$', got '") + bytes[header] + "'");
    if (number == Number::invalid || length < 0 ||
        static_cast<std::uint64_t>(length) > limits.max_bulk_bytes) {
      return fail("invalid bulk length");
    }
    if (length > kUnauthenticatedBulk && !authenticated) return fail("unauthenticated bulk length");

    // The payload and its line end are skipped, not looked at, as Redis does.
    const std::size_t size = static_cast<std::size_t>(length);
    if (position_ + size + 2 > limits.max_request_bytes)
      return fail("request is larger than limits.max_request");
    arguments_.push_back({static_cast<std::uint32_t>(header), static_cast<std::uint32_t>(position_),
                          static_cast<std::uint32_t>(size)});
    position_ += size + 2;
    --remaining_;
    step_ = Step::payload;
  }
}

ParseStatus RequestParser::parse_inline(std::string_view bytes) {
  const std::size_t newline = bytes.find('\n', scanned_);
  if (newline == std::string_view::npos) {
    scanned_ = bytes.size();
    return bytes.size() > kMaxInlineBytes ? fail("too big inline request") : ParseStatus::need_more;
  }
  if (newline > kMaxInlineBytes) return fail("too big inline request");
  position_ = newline + 1;
  const std::size_t line_size = newline > 0 && bytes[newline - 1] == '\r' ? newline - 1 : newline;
  arguments_.clear();  // those of an earlier look at the same line
  std::vector<std::string> words;
  if (!split_inline(bytes.substr(0, line_size), words)) return fail("unbalanced quotes in request");
  if (words.empty()) return ParseStatus::nothing;

  // Written as the array that it stands for, so that everything behind the parser knows one form only.
  rewritten_.clear();
  write_array_header(rewritten_, words.size());
  for (const std::string& word : words) {
    const std::size_t header = rewritten_.size();
    write_bulk(rewritten_, word);
    arguments_.push_back({static_cast<std::uint32_t>(header),
                          static_cast<std::uint32_t>(rewritten_.size() - word.size() - 2),
                          static_cast<std::uint32_t>(word.size())});
  }
  return ParseStatus::request;
}

}  // namespace slotway::protocol
