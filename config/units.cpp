#include "config/units.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

namespace slotway::config {
namespace {

using std::chrono::milliseconds;

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array kSizeUnits{
    Unit{"", 1},
    Unit{"b", 1},
    Unit{"k", 1000},
    Unit{"kb", 1ull << 10},
    Unit{"m", 1000ull * 1000},
    Unit{"mb", 1ull << 20},
    Unit{"g", 1000ull * 1000 * 1000},
    Unit{"gb", 1ull << 30},
};

constexpr std::array kDurationUnits{
    Unit{"ms", 1},
    Unit{"s", 1000},
    Unit{"m", 60ull * 1000},
    Unit{"h", 3600ull * 1000},
};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Digits and nothing else, in the range of T.
template <class T>
std::optional<T> digits(std::string_view text) {
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size() && is_digit(text.front());
  return whole ? std::optional<T>(value) : std::nullopt;
}

// "12kb" with its units -> 12 * 1024; nothing for an unknown unit or too large a value.
template <std::size_t N>
std::optional<std::uint64_t> scaled(std::string_view text, const std::array<Unit, N>& units,
                                    std::uint64_t largest) {
  const auto split =
      static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin());
  const auto number = digits<std::uint64_t>(text.substr(0, split));
  const std::string name = lower(text.substr(split));
  const auto unit = std::find_if(units.begin(), units.end(), [&](const Unit& u) { return u.name == name; });
  if (!number || unit == units.end() || *number > largest / unit->factor) return std::nullopt;
  return *number * unit->factor;
}

Complaint not_an_address(std::string_view text) {
  return {quoted_address(text) + " is not HOST:PORT",
          "write a host and a port, such as 127.0.0.1:6379 or [::1]:6379"};
}

bool is_host_char(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == '_';
}

bool is_ipv6_char(char c) { return is_host_char(c) || c == ':' || c == '%'; }

}  // namespace

Parsed<std::uint64_t> parse_count(std::string_view text) {
  if (const auto value = digits<std::uint64_t>(text)) return *value;
  return Complaint{quoted(text) + " is not a number", "write a whole number in digits, such as 1000"};
}

Parsed<std::uint64_t> parse_size(std::string_view text) {
  if (const auto value = scaled(text, kSizeUnits, std::numeric_limits<std::uint64_t>::max())) return *value;
  return Complaint{quoted(text) + " is not a size",
                   "write bytes, or a whole number with k, kb, m, mb, g or gb, such as 64kb"};
}

std::string print_size(std::uint64_t bytes) {
  for (const std::string_view name : {"gb", "mb", "kb"}) {
    const auto unit =
        std::find_if(kSizeUnits.begin(), kSizeUnits.end(), [&](const Unit& u) { return u.name == name; });
    if (bytes != 0 && bytes % unit->factor == 0)
      return std::to_string(bytes / unit->factor) + std::string(name);
  }
  return std::to_string(bytes);
}

Parsed<milliseconds> parse_duration(std::string_view text) {
  if (text == "0") return milliseconds(0);
  constexpr auto kLargest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (const auto value = scaled(text, kDurationUnits, kLargest)) {
    return milliseconds(static_cast<std::int64_t>(*value));
  }
  if (digits<std::uint64_t>(text)) {
    return Complaint{quoted(text) + " has no unit",
                     "write " + std::string(text) + "ms or " + std::string(text) + "s"};
  }
  return Complaint{quoted(text) + " is not a duration",
                   "write a whole number with ms, s, m or h, such as 250ms or 10s"};
}

std::string print_duration(milliseconds duration) {
  const std::int64_t count = duration.count();
  if (count == 0) return "0";
  for (auto unit = kDurationUnits.rbegin(); unit != kDurationUnits.rend(); ++unit) {
    const auto factor = static_cast<std::int64_t>(unit->factor);
    if (count % factor == 0) return std::to_string(count / factor) + std::string(unit->name);
  }
  return std::to_string(count) + "ms";
}

Parsed<HostPort> parse_host_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return not_an_address(text);
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto allowed = bracketed ? is_ipv6_char : is_host_char;
  if (!bracketed && host.find(':') != std::string_view::npos &&
      std::all_of(host.begin(), host.end(), is_ipv6_char)) {
    return Complaint{quoted(text) + " is an IPv6 address without brackets", "write it as [ADDRESS]:PORT"};
  }
  if (host.empty() || !std::all_of(host.begin(), host.end(), allowed)) return not_an_address(text);
  const auto port = digits<std::uint16_t>(text.substr(colon + 1));
  if (!port) {
    return Complaint{quoted_address(text.substr(colon + 1)) + " is not a port",
                     "write a number from 1 to 65535 after the host"};
  }
  return HostPort{std::string(host), *port};
}

std::string print_host_port(std::string_view host, std::uint16_t port) {
  const bool is_ipv6 = host.find(':') != std::string_view::npos;
  return (is_ipv6 ? "[" : "") + std::string(host) + (is_ipv6 ? "]:" : ":") + std::to_string(port);
}

std::string print_host_port(const HostPort& address) { return print_host_port(address.host, address.port); }

Parsed<std::uint32_t> parse_mode(std::string_view text) {
  constexpr std::uint32_t kAll = 0777;
  std::uint32_t mode = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  if (error == std::errc() && end == text.data() + text.size() && mode <= kAll) return mode;
  return Complaint{quoted(text) + " is not a mode", "write octal digits from 0 to 0777, such as 0660"};
}

std::string print_mode(std::uint32_t mode) {
  if (mode == 0) return "0";
  std::string text;
  for (const int shift : {9, 6, 3, 0}) text += static_cast<char>('0' + (mode >> shift & 7));
  return text;
}

std::string quoted_address(std::string_view text) {
  const bool may_hold_password =
      text.find('@') != std::string_view::npos || text.find("://") != std::string_view::npos;
  return may_hold_password ? "what is written (not shown: it may hold a password)" : quoted(text);
}

}  // namespace slotway::config
