// RESP as text: requests and replies that the proxy writes itself. Pure; any thread. `resp3`: the client has
// asked for that protocol. Source: Redis serialization protocol specification; which reply has which type:
// Redis 7.0's networking.c.
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
inline constexpr std::string_view kNull3 = "_\r\n";  // RESP3's only one
inline constexpr std::string_view kNullBulk = "$-1\r\n";

inline void write_header(std::string& out, char type, std::int64_t number) {
  out += type;
  out += DecimalText(number).view();
  out += "\r\n";
}
inline void write_array_header(std::string& out, std::size_t count) {
  write_header(out, '*', static_cast<std::int64_t>(count));
}
// A map of `pairs` keys with their values; in RESP2 the flat list of both.
inline void write_map_header(std::string& out, bool resp3, std::size_t pairs) {
  write_header(out, resp3 ? '%' : '*', static_cast<std::int64_t>(resp3 ? pairs : pairs * 2));
}
inline void write_set_header(std::string& out, bool resp3, std::size_t count) {
  write_header(out, resp3 ? '~' : '*', static_cast<std::int64_t>(count));
}
inline void write_null(std::string& out, bool resp3) { out += resp3 ? kNull3 : kNullBulk; }
inline void write_integer(std::string& out, std::int64_t value) { write_header(out, ':', value); }
inline void write_bulk(std::string& out, std::string_view payload) {
  write_header(out, '$', static_cast<std::int64_t>(payload.size()));
  out += payload;
  out += "\r\n";
}
// The request SELECT.
inline void write_select(std::string& out, std::uint16_t database) {
  write_array_header(out, 2);
  write_bulk(out, "SELECT");
  write_bulk(out, DecimalText(database).view());
}
// Text to be shown as it is: a bulk string of RESP2.
inline void write_verbatim(std::string& out, bool resp3, std::string_view text) {
  if (!resp3) return write_bulk(out, text);
  write_header(out, '=', static_cast<std::int64_t>(text.size() + 4));
  out += "txt:";
  out += text;
  out += "\r\n";
}
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
