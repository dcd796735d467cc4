#include "protocol/push_frame.hpp"

#include <array>

#include "protocol/decimal.hpp"
#include "protocol/reply_writer.hpp"

namespace slotway::protocol {
namespace {

constexpr std::array<std::string_view, 3> kSubscribe = {"subscribe", "psubscribe", "ssubscribe"};
constexpr std::array<std::string_view, 3> kUnsubscribe = {"unsubscribe", "punsubscribe", "sunsubscribe"};
constexpr std::array<std::string_view, 3> kMessage = {"message", "pmessage", "smessage"};

// The line at the front of `rest`, without its type byte and end; `rest` goes on behind it. nullopt: another
// type, or no line.
std::optional<std::int64_t> take_number(std::string_view& rest, char type) {
  const std::size_t end = rest.find("\r\n");
  if (end == std::string_view::npos || rest.front() != type) return std::nullopt;
  const auto number = parse_decimal(rest.substr(1, end - 1));
  rest.remove_prefix(end + 2);
  return number;
}

std::optional<std::string_view> take_bulk(std::string_view& rest) {
  const auto size = take_number(rest, '$');
  if (!size || *size < 0 || rest.size() < static_cast<std::size_t>(*size) + 2) return std::nullopt;
  const std::string_view text = rest.substr(0, static_cast<std::size_t>(*size));
  rest.remove_prefix(text.size() + 2);
  return text;
}

// The header and the word before the name.
void write_start(std::string& out, bool resp3, ChannelKind kind, bool subscribes) {
  write_header(out, resp3 ? '>' : '*', 3);
  write_bulk(out, subscription_word(kind, subscribes));
}

}  // namespace

std::optional<PushFrame> parse_push_frame(std::string_view frame) {
  if (frame == kPong) return PushFrame{};
  std::string_view rest = frame;
  const auto count = take_number(rest, !frame.empty() && frame.front() == '>' ? '>' : '*');
  if (!count || *count < 2) return std::nullopt;
  const auto word = take_bulk(rest);
  if (!word) return std::nullopt;
  if (*word == "pong") return PushFrame{};
  const auto name = take_bulk(rest);
  if (!name) return std::nullopt;

  for (std::size_t i = 0; i < kMessage.size(); ++i) {
    const ChannelKind kind = static_cast<ChannelKind>(i);
    if (*word == kMessage[i]) {
      if (kind != ChannelKind::pattern) return PushFrame{PushFrame::Type::message, kind, *name, *name};
      const auto channel = take_bulk(rest);
      if (!channel) return std::nullopt;
      return PushFrame{PushFrame::Type::message, kind, *name, *channel};
    }
    if (*word == kSubscribe[i]) return PushFrame{PushFrame::Type::subscribed, kind, *name, {}};
    if (*word == kUnsubscribe[i]) return PushFrame{PushFrame::Type::unsubscribed, kind, *name, {}};
  }
  return std::nullopt;
}

std::optional<Invalidation> parse_invalidation(std::string_view frame) {
  std::string_view rest = frame;
  if (take_number(rest, '>') != 2 || take_bulk(rest) != "invalidate") return std::nullopt;
  Invalidation invalidation;
  if (rest == "_\r\n") return invalidation;
  const auto count = take_number(rest, '*');
  // Without keys it would be taken for one of all.
  if (!count || *count < 1) return std::nullopt;
  for (std::int64_t i = 0; i < *count; ++i) {
    const auto key = take_bulk(rest);
    if (!key) return std::nullopt;
    invalidation.keys.push_back(*key);
  }
  return invalidation;
}

std::string_view subscription_word(ChannelKind kind, bool subscribes) {
  return (subscribes ? kSubscribe : kUnsubscribe)[static_cast<std::size_t>(kind)];
}

void write_acknowledgement(std::string& out, bool resp3, ChannelKind kind, bool subscribes,
                           std::string_view name, std::size_t count) {
  write_start(out, resp3, kind, subscribes);
  write_bulk(out, name);
  write_integer(out, static_cast<std::int64_t>(count));
}

void write_empty_acknowledgement(std::string& out, bool resp3, ChannelKind kind, std::size_t count) {
  write_start(out, resp3, kind, false);
  write_null(out, resp3);
  write_integer(out, static_cast<std::int64_t>(count));
}

void write_invalidation(std::string& out, bool resp3, std::span<const std::string_view> keys) {
  if (resp3) {
    write_header(out, '>', 2);
    write_bulk(out, "invalidate");
  } else {
    write_array_header(out, 3);
    write_bulk(out, "message");
    write_bulk(out, "__redis__:invalidate");
  }
  if (keys.empty()) return write_null(out, resp3);
  write_array_header(out, keys.size());
  for (const std::string_view key : keys) write_bulk(out, key);
}

void write_broken_redirect(std::string& out, std::uint64_t redirect) {
  write_header(out, '>', 2);
  write_bulk(out, "tracking-redir-broken");
  write_integer(out, static_cast<std::int64_t>(redirect));
}

void write_subscription(std::string& out, ChannelKind kind, bool subscribes, std::string_view name) {
  write_array_header(out, 2);
  write_bulk(out, subscription_word(kind, subscribes));
  write_bulk(out, name);
}

}  // namespace slotway::protocol
