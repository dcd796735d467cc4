#include "protocol/reply_scanner.hpp"

#include <cstring>

#include "protocol/decimal.hpp"
#include "protocol/reply_writer.hpp"

namespace slotway::protocol {

namespace {

// The longest line of a length: its type, a sign, 19 digits and the '\r', with one byte to spare.
constexpr std::size_t kMaxLengthLine = 23;

// Whether an element may start like this: garbage is refused at once, not when its line ends.
bool may_start(std::string_view line) {
  switch (line[0]) {
    case '+':
    case '-':
    case ':':
    case '_':
    case '#':
    case ',':
    case '(': return true;
    case '$':
    case '!':
    case '=':
    case '*':
    case '~':
    case '>':
    case '%':
    case '|': return line.size() <= kMaxLengthLine;
    default: return false;
  }
}

// Bytes of the reply that starts at `text` if it is +OK, a null, or a bulk string whose length has one or two
// digits and whose header is whole; else 0. Most replies are, and need no search for their first line's end.
std::size_t short_reply(std::string_view text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.size() < 5) return 0;
  if (text[0] == '+') return std::memcmp(text.data(), kOk.data(), 5) == 0 ? 5 : 0;
  if (text[0] != '$') return 0;
  if (text[1] == '-') return std::memcmp(text.data(), kNullBulk.data(), 5) == 0 ? 5 : 0;
  if (!is_digit(text[1])) return 0;
  const std::size_t first = static_cast<std::size_t>(text[1] - '0');
  if (text[2] == '\r') return text[3] == '\n' ? 4 + first + 2 : 0;
  if (first == 0 || !is_digit(text[2]) || text[3] != '\r' || text[4] != '\n') return 0;
  return 5 + first * 10 + static_cast<std::size_t>(text[2] - '0') + 2;
}

}  // namespace

ScanStatus ReplyScanner::scan(std::string_view bytes) {
  while (awaited_ > 0 || position_ > bytes.size()) {
    if (position_ >= bytes.size()) return ScanStatus::need_more;
    if (const std::size_t size = short_reply(bytes.substr(position_)); size > 0) {
      position_ += size;
      --awaited_;
      continue;
    }

    // --- the element's first line ---
    const std::size_t from = scanned_ > position_ ? scanned_ : position_ + 1;
    const void* found = std::memchr(bytes.data() + from, '\r', bytes.size() - from);
    const std::size_t line_end =
        found ? static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data()) : bytes.size();
    scanned_ = line_end;
    if (line_end + 1 >= bytes.size()) {
      return may_start(bytes.substr(position_)) ? ScanStatus::need_more : ScanStatus::error;
    }
    if (bytes[line_end + 1] != '\n') return ScanStatus::error;

    // --- what it announces ---
    const char type = bytes[position_];
    const std::string_view line = bytes.substr(position_ + 1, line_end - position_ - 1);
    position_ = line_end + 2;
    if (!take_element(type, line)) return ScanStatus::error;
  }
  return ScanStatus::reply;
}

// Moves on behind the element, or expects its parts. False: no such type, or a length that cannot be.
bool ReplyScanner::take_element(char type, std::string_view line) {
  switch (type) {
    case '+':
    case '-':
    case ':':
    case '_':
    case '#':
    case ',':
    case '(': --awaited_; return true;

    case '$':
    case '!':
    case '=': {
      const auto size = parse_decimal(line);
      if (!size || *size < -1 || *size > kMaxBulkBytes) return false;
      if (*size >= 0) position_ += static_cast<std::size_t>(*size) + 2;
      --awaited_;
      return true;
    }

    case '*':
    case '~':
    case '>':
    case '%':
    case '|': {
      const auto count = parse_decimal(line);
      if (!count || *count < -1 || *count > static_cast<std::int64_t>(kMaxElements)) return false;
      const bool pairs = type == '%' || type == '|';
      // An attribute stands before an element and takes no place of its own.
      if (type != '|') --awaited_;
      if (*count > 0) awaited_ += static_cast<std::uint64_t>(*count) * (pairs ? 2 : 1);
      return awaited_ <= kMaxElements;
    }

    default: return false;
  }
}

}  // namespace slotway::protocol
