// What a node says to a subscriber, taken apart: messages, and the acknowledgements of (P|S)SUBSCRIBE and
// their opposites. Pure; any thread. Views point into the frame. Source: Redis documentation, "Pub/Sub",
// "Format of pushed messages"; RESP3 differs in the first byte only ('>' for '*').
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace slotway::protocol {

// What is subscribed to. The names of a shard channel are routed like keys.
enum class ChannelKind : std::uint8_t { channel, pattern, shard };

struct PushFrame {
  enum class Type : std::uint8_t { message, subscribed, unsubscribed, pong };
  Type type = Type::pong;
  ChannelKind kind = ChannelKind::channel;
  std::string_view name{};     // what was subscribed to: of a pmessage its pattern
  std::string_view channel{};  // of a message: where it was published
};

// `frame` is one whole reply. nullopt: not a frame of pub/sub.
std::optional<PushFrame> parse_push_frame(std::string_view frame);

// --- frames and commands that the proxy writes ---
// "subscribe", "punsubscribe" and so on.
std::string_view subscription_word(ChannelKind kind, bool subscribes);
// The acknowledgement to a client; `count`: what it is subscribed to from now on.
void write_acknowledgement(std::string& out, bool resp3, ChannelKind kind, bool subscribes,
                           std::string_view name, std::size_t count);
// That of an unsubscription from nothing: Redis names a null channel.
void write_empty_acknowledgement(std::string& out, bool resp3, ChannelKind kind, std::size_t count);
// The command to a node, for one name.
void write_subscription(std::string& out, ChannelKind kind, bool subscribes, std::string_view name);

}  // namespace slotway::protocol
