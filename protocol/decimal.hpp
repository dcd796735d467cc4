// Decimal integers as Redis reads and writes them. Pure; any thread.
// Source: Redis 7.0's string2ll: no sign but '-', no leading zeros, no spaces, the whole text, 64 bits.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace slotway::protocol {

inline std::optional<std::int64_t> parse_decimal(std::string_view text) {
  // Short positive numbers are nearly all there is.
  if (text.size() == 1 && text[0] >= '0' && text[0] <= '9') return text[0] - '0';
  const std::size_t sign = !text.empty() && text[0] == '-' ? 1 : 0;
  if (text.size() <= sign || text[sign] < '1' || text[sign] > '9') return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Digits of `value` in `buffer`.
struct DecimalText {
  char buffer[24];
  std::size_t size;
  explicit DecimalText(std::int64_t value)
      : size(static_cast<std::size_t>(std::to_chars(buffer, buffer + sizeof buffer, value).ptr - buffer)) {}
  std::string_view view() const { return {buffer, size}; }
};

}  // namespace slotway::protocol
