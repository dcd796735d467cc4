#include "protocol/monitor_line.hpp"

#include <algorithm>

#include "protocol/ascii_case.hpp"

namespace slotway::protocol {
namespace {

constexpr std::uint64_t kMicroseconds = 1'000'000;
constexpr std::string_view kRedacted = "\"(redacted)\"";

void write_quoted(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  constexpr std::string_view kEscaped = "\n\r\t\a\b\\\"";
  constexpr std::string_view kNames = "nrtab\\\"";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (const std::size_t at = kEscaped.find(c); at != std::string_view::npos) {
      out += '\\';
      out += kNames[at];
    } else if (byte >= 0x20 && byte < 0x7f) {
      out += c;
    } else {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 0xf];
    }
  }
  out += '"';
}

// How many arguments behind `word` are secret.
std::size_t secrets_behind(const CommandRow& row, std::string_view word) {
  if (row.name != "hello" && row.name != "migrate") return 0;
  if (equal_ignore_case(word, "auth2")) return 2;
  if (equal_ignore_case(word, "auth")) return row.name == "hello" ? 2 : 1;
  return 0;
}

}  // namespace

bool is_monitored(const CommandRow& row) { return !row.has(kAdmin) && row.local != LocalCommand::quit; }

void write_monitor_line(std::string& out, std::uint64_t unix_us, std::uint16_t database,
                        std::string_view address, const CommandRow& row, const RequestView& request) {
  const std::string micros = std::to_string(unix_us % kMicroseconds);
  out.append("+").append(std::to_string(unix_us / kMicroseconds)).append(".");
  out.append(6 - micros.size(), '0').append(micros);
  out.append(" [").append(std::to_string(database)).append(" ").append(address).append("]");
  std::size_t secret = row.local == LocalCommand::auth ? request.argc() : 0;
  for (std::size_t i = 0; i < request.argc(); ++i) {
    out += ' ';
    const bool is_secret = i > 0 && secret > 0;
    if (is_secret) {
      out += kRedacted;
    } else {
      write_quoted(out, request.arg(i));
    }
    // Too much is hidden rather than too little: the word may be what another option's argument is.
    secret = std::max(secret - (is_secret ? 1 : 0), secrets_behind(row, request.arg(i)));
  }
  out += "\r\n";
}

}  // namespace slotway::protocol
