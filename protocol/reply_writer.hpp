// RESP2 as text: requests and replies that the proxy writes itself. Pure; any thread.
// Source: Redis serialization protocol specification.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/decimal.hpp"

namespace slotway::protocol {

inline constexpr std::string_view kOk = "+OK\r\n";
inline constexpr std::string_view kPong = "+PONG\r\n";
inline constexpr std::string_view kQueued = "+QUEUED\r\n";
inline constexpr std::string_view kEmptyArray = "*0\r\n";
inline constexpr std::string_view kNullArray = "*-1\r\n";
inline constexpr std::string_view kNullBulk = "$-1\r\n";

inline void write_header(std::string& out, char type, std::int64_t number) {
  out += type;
  out += DecimalText(number).view();
  out += "\r\n";
}
inline void write_array_header(std::string& out, std::size_t count) {
  write_header(out, '*', static_cast<std::int64_t>(count));
}
// A map of `pairs` keys and values is a flat array of both.
inline void write_map_header(std::string& out, std::size_t pairs) { write_array_header(out, 2 * pairs); }
inline void write_integer(std::string& out, std::int64_t value) { write_header(out, ':', value); }
inline void write_bulk(std::string& out, std::string_view payload) {
  write_header(out, '$', static_cast<std::int64_t>(payload.size()));
  out += payload;
  out += "\r\n";
}
// Text for people (CLUSTER INFO, CLIENT LIST).
inline void write_verbatim(std::string& out, std::string_view text) { write_bulk(out, text); }
inline void write_simple(std::string& out, std::string_view text) {
  out += '+';
  out += text;
  out += "\r\n";
}
// `text` starts with its code ("ERR ..."); line ends in it become blanks, as in Redis's addReplyError.
inline void write_error(std::string& out, std::string_view text) {
  out += '-';
  for (const char c : text) out += c == '\r' || c == '\n' ? ' ' : c;
  out += "\r\n";
}

}  // namespace slotway::protocol
