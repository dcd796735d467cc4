// PUBSUB and its subcommands: what the clients of all workers are subscribed to. Each worker answers for its
// own (the client_desk asks them), and the answers are joined. Owner: a ClientQuestion. Thread: worker; only
// values cross. Invariant: a client that other programs have, at a node or another Slotway, is not counted:
// as with a node of a cluster, which tells of its own clients alone (Redis documentation, "PUBSUB").
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "protocol/command_table.hpp"
#include "protocol/push_frame.hpp"
#include "protocol/request.hpp"
#include "routing/subscription_table.hpp"

namespace slotway::proxy {

// Clients by name.
using SubscriptionCounts = std::map<std::string, std::size_t>;

struct SubscriptionQuestion {
  enum class Wanted : std::uint8_t { names, clients_by_name, number_of_names };
  Wanted wanted = Wanted::names;
  protocol::ChannelKind kind = protocol::ChannelKind::channel;
  std::optional<std::string> pattern;  // of names
  std::vector<std::string> names;      // of clients_by_name, in the order asked for

  SubscriptionCounts answer(const routing::SubscriptionTable& table) const;
  std::string reply(const SubscriptionCounts& all) const;
};

// std::nullopt: too many arguments. REQUIRES: `command` is one of PUBSUB's, its arity right by its row.
std::optional<SubscriptionQuestion> parse_subscription_question(protocol::LocalCommand command,
                                                                const protocol::RequestView& request);

}  // namespace slotway::proxy
