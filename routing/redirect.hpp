// What to do with a node's redirect or "not now": pure; any thread. None of these reaches a client before the
// request's deadline, and all of them mean that the command was not executed. Source: Redis cluster
// specification, "Redirection and resharding"; traps of other proxies in docs/architecture.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "protocol/redirect_error.hpp"

namespace slotway::routing {

enum class RedirectAction : std::uint8_t {
  resend,         // MOVED: at once, to the node it names, which also owns the slot from now on
  resend_asking,  // ASK: at once, to the node it names, behind an ASKING; the map stays
  retry,          // wait `delay`, look the slot up again
};

struct RedirectDecision {
  RedirectAction action;
  bool refresh;  // the map is behind: ask for a new one
  std::chrono::microseconds delay;
  bool awaits_primary = false;  // the shard has none that serves: it may take until a failover is over
};

// Redirects are followed at once this often; then the nodes disagree, and it is better to wait for them.
inline constexpr std::uint32_t kMaxHops = 5;

// `hops`: redirects followed in a row; `attempts`: waits so far; `random`: uniform over all 64-bit values.
// REQUIRES: kind is not count_.
RedirectDecision decide(protocol::RedirectKind kind, std::uint32_t hops, std::uint32_t attempts,
                        std::uint64_t random);

// What the client is told when the deadline passes while the request is still being redirected or retried:
// the error as Redis words it.
std::string_view expired_text(protocol::RedirectKind kind);

}  // namespace slotway::routing
