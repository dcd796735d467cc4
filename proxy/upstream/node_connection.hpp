// What the two kinds of connections to a node, for requests and for subscriptions, have in common. Constants;
// any thread.
#pragma once

#include <chrono>
#include <string_view>

#include "routing/backoff.hpp"

namespace slotway::proxy {

inline constexpr routing::Backoff kReconnect{std::chrono::microseconds{50'000},
                                             std::chrono::microseconds{500'000}};
// Then other connections have their turn.
inline constexpr int kNodeReadsPerTurn = 32;
inline constexpr std::string_view kPing = "*1\r\n$4\r\nPING\r\n";
inline constexpr std::string_view kClientLimit = "it has as many clients as its maxclients allows";

}  // namespace slotway::proxy
