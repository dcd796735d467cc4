// What a node says unasked, taken apart: messages, the acknowledgements of (P|S)SUBSCRIBE and their
// opposites, and invalidations of keys. Pure; any thread. Views point into the frame. Source: Redis
// documentation, "Pub/Sub", "Format of pushed messages" (RESP3 differs in the first byte only, '>' for '*'),
// and "Client-side caching in Redis".
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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

// Keys that have changed, of a connection of RESP3; none: all keys.
struct Invalidation {
  std::vector<std::string_view> keys;
};

// nullopt: not one.
std::optional<Invalidation> parse_invalidation(std::string_view frame);

// --- frames and commands that the proxy writes ---
// "subscribe", "punsubscribe" and so on.
std::string_view subscription_word(ChannelKind kind, bool subscribes);
// The acknowledgement to a client; `count`: what it is subscribed to from now on.
void write_acknowledgement(std::string& out, bool resp3, ChannelKind kind, bool subscribes,
                           std::string_view name, std::size_t count);
// That of an unsubscription from nothing: Redis names a null channel.
void write_empty_acknowledgement(std::string& out, bool resp3, ChannelKind kind, std::size_t count);
// To a client of RESP3 as a push, to a subscriber of RESP2 as a message of the channel __redis__:invalidate.
// Without keys: of all.
void write_invalidation(std::string& out, bool resp3, std::span<const std::string_view> keys);
// To a client of RESP3 whose invalidations went to another one that has gone.
void write_broken_redirect(std::string& out, std::uint64_t redirect);
// The command to a node, for one name.
void write_subscription(std::string& out, ChannelKind kind, bool subscribes, std::string_view name);

}  // namespace slotway::protocol
