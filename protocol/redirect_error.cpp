#include "protocol/redirect_error.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <iterator>
#include <limits>
#include <optional>

namespace slotway::protocol {
namespace {

constexpr std::size_t kKinds = static_cast<std::size_t>(RedirectKind::count_);
constexpr std::uint16_t kLastSlot = 16383;

constexpr std::array<std::string_view, kKinds> kCodes = {"MOVED",   "ASK",        "TRYAGAIN", "CLUSTERDOWN",
                                                         "LOADING", "MASTERDOWN", "READONLY"};
constexpr std::array<std::string_view, kKinds> kNames = {"moved",   "ask",        "tryagain", "clusterdown",
                                                         "loading", "masterdown", "readonly"};

constexpr std::string_view kStaleScript =
    "MASTERDOWN Link with MASTER is down, replica-serve-stale-data is set to 'no' and 'allow-stale' flag is "
    "not set on the script.";

// Redis 7.0: cluster.c (clusterRedirectClient), server.c (createSharedObjects), script.c
// (scriptPrepareForRun); the second LOADING is Valkey 8's.
constexpr std::string_view kRefusals[] = {
    "TRYAGAIN Multiple keys request during rehashing of slot",
    "CLUSTERDOWN The cluster is down",
    "CLUSTERDOWN The cluster is down and only accepts read commands",
    "CLUSTERDOWN Hash slot not served",
    "LOADING Redis is loading the dataset in memory",
    "LOADING Valkey is loading the dataset in memory",
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    kStaleScript,
    "READONLY You can't write against a read only replica.",
    "READONLY Can not run script with write flag on readonly replica",
};

// The text between '-' and the line end; empty if it is no error reply.
std::string_view error_line(std::string_view reply) {
  if (!reply.starts_with('-') || !reply.ends_with("\r\n") || reply.size() < 3) return {};
  return reply.substr(1, reply.size() - 3);
}

RedirectKind kind_of(std::string_view code) {
  for (std::size_t i = 0; i < kKinds; ++i) {
    if (kCodes[i] == code) return static_cast<RedirectKind>(i);
  }
  return RedirectKind::count_;
}

std::optional<std::uint16_t> parse_u16(std::string_view text, std::uint16_t max) {
  std::uint16_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end || value > max) return std::nullopt;
  return value;
}

// "SLOT HOST:PORT"; the host may be empty, and may itself contain colons (IPv6).
bool parse_target(std::string_view text, RedirectError& out) {
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return false;
  const std::string_view target = text.substr(space + 1);
  const std::size_t colon = target.rfind(':');
  if (colon == std::string_view::npos || target.find(' ') != std::string_view::npos) return false;
  const auto slot = parse_u16(text.substr(0, space), kLastSlot);
  const auto port = parse_u16(target.substr(colon + 1), std::numeric_limits<std::uint16_t>::max());
  if (!slot || !port || *port == 0) return false;
  out.slot = *slot;
  out.host = target.substr(0, colon);
  out.port = *port;
  return true;
}

}  // namespace

std::string_view redirect_name(RedirectKind kind) {
  const auto i = static_cast<std::size_t>(kind);
  return i < kKinds ? kNames[i] : std::string_view{"none"};
}

RedirectError parse_redirect(std::string_view reply) {
  const std::string_view line = error_line(reply);
  const std::size_t space = line.find(' ');
  RedirectError result;
  result.kind = kind_of(line.substr(0, space));
  if (result.kind != RedirectKind::moved && result.kind != RedirectKind::ask) return result;
  if (space == std::string_view::npos || !parse_target(line.substr(space + 1), result)) return {};
  return result;
}

bool is_refusal(std::string_view reply) {
  return std::find(std::begin(kRefusals), std::end(kRefusals), error_line(reply)) != std::end(kRefusals);
}

bool is_client_limit(std::string_view bytes) { return bytes.starts_with("-ERR max number of clients "); }

}  // namespace slotway::protocol
