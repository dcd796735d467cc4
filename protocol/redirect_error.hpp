// The node errors that the proxy handles itself instead of passing them on, taken apart.
// Pure; any thread. Views point into the reply. Source: Redis cluster specification, "Redirection and
// resharding"; error codes as in Redis 7.0's server.c (shared.*err) and cluster.c (clusterRedirectClient).
#pragma once

#include <cstdint>
#include <string_view>

namespace slotway::protocol {

enum class RedirectKind : std::uint8_t {
  moved,
  ask,
  tryagain,
  clusterdown,
  loading,
  masterdown,
  readonly,
  count_
};

std::string_view redirect_name(RedirectKind kind);

struct RedirectError {
  RedirectKind kind = RedirectKind::count_;  // count_ = not one of them: an error for the client
  std::uint16_t slot = 0;                    // MOVED and ASK
  std::string_view host;                     // MOVED and ASK; empty = the host that was asked; "?" = unknown
  std::uint16_t port = 0;
};

// `reply` is a whole error reply, "-...\r\n". A malformed MOVED or ASK is count_: it goes to the client as it
// is.
RedirectError parse_redirect(std::string_view reply);

// True if `reply`, a whole error reply, is word for word one by which a server refuses a command before it
// runs: the command has not been executed. A script may end with an error that only begins like one.
bool is_refusal(std::string_view reply);

// True if these first bytes of a connection say that the server has as many clients as it takes: it reads no
// request, and closes. Source: networking.c, acceptCommonHandler; with "+ cluster connections" in cluster
// mode.
bool is_client_limit(std::string_view bytes);

}  // namespace slotway::protocol
