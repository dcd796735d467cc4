// Which clients CLIENT LIST shows and CLIENT KILL closes: parsed from the request, then asked of each client.
// Pure; any thread. Texts and rules as in Redis 7.0 (networking.c, clientCommand).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_set>
#include <variant>
#include <vector>

#include "protocol/request.hpp"
#include "proxy/client/client_description.hpp"

namespace slotway::proxy {

struct ClientFilter {
  std::optional<std::string> address;        // ADDR
  std::optional<std::string> local_address;  // LADDR
  std::optional<std::string> user;           // USER
  std::optional<ClientType> type;
  std::unordered_set<std::int64_t> ids;    // ID: any of these; empty = every id
  std::vector<std::int64_t> ids_in_order;  // of LIST ID: as they were asked for
  std::uint64_t asking = 0;                // the client that asks
  bool skip_asking = false;                // SKIPME
  bool by_address_only = false;            // the old form, CLIENT KILL ADDR, with another reply

  bool matches(const ClientDescription& client) const;
};

// Or an error's text. REQUIRES: the request's arity is right by its row.
std::variant<ClientFilter, std::string> parse_client_list(const protocol::RequestView& request);
std::variant<ClientFilter, std::string> parse_client_kill(const protocol::RequestView& request,
                                                          std::uint64_t asking);

}  // namespace slotway::proxy
