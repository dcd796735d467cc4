#include "proxy/client/client_filter.hpp"

#include <algorithm>
#include <utility>

#include "protocol/ascii_case.hpp"
#include "protocol/decimal.hpp"
#include "protocol/reply_errors.hpp"

namespace slotway::proxy {

namespace {

namespace errors = protocol::errors;
using protocol::equal_ignore_case;
using MaybeError = std::optional<std::string>;

MaybeError add_kill_option(std::string_view option, std::string_view value, ClientFilter& filter) {
  if (equal_ignore_case(option, "id")) {
    const auto id = protocol::parse_decimal(value);
    if (!id || *id < 1) return std::string(errors::kBadClientIdToKill);
    filter.ids = {*id};
  } else if (equal_ignore_case(option, "type")) {
    filter.type = parse_client_type(value);
    if (!filter.type) return errors::unknown_client_type(value);
  } else if (equal_ignore_case(option, "addr")) {
    filter.address = value;
  } else if (equal_ignore_case(option, "laddr")) {
    filter.local_address = value;
  } else if (equal_ignore_case(option, "user")) {
    filter.user = value;
  } else if (equal_ignore_case(option, "skipme")) {
    if (!equal_ignore_case(value, "yes") && !equal_ignore_case(value, "no"))
      return std::string(errors::kSyntax);
    filter.skip_asking = equal_ignore_case(value, "yes");
  } else {
    return std::string(errors::kSyntax);
  }
  return std::nullopt;
}

}  // namespace

bool ClientFilter::matches(const ClientDescription& client) const {
  if (address && *address != client.address) return false;
  if (local_address && *local_address != client.local_address) return false;
  if (user && *user != client.user) return false;
  if (type && *type != client.type) return false;
  if (!ids.empty() && !ids.contains(static_cast<std::int64_t>(client.id))) return false;
  return !(skip_asking && client.id == asking);
}

std::variant<ClientFilter, std::string> parse_client_list(const protocol::RequestView& request) {
  ClientFilter filter;
  if (request.argc() == 2) return filter;
  if (request.argc() == 4 && equal_ignore_case(request.arg(2), "type")) {
    filter.type = parse_client_type(request.arg(3));
    if (!filter.type) return errors::unknown_client_type(request.arg(3));
    return filter;
  }
  if (request.argc() == 3 || !equal_ignore_case(request.arg(2), "id")) return std::string(errors::kSyntax);
  for (std::size_t i = 3; i < request.argc(); ++i) {
    const auto id = protocol::parse_decimal(request.arg(i));
    if (!id) return std::string(errors::kBadClientId);
    filter.ids.insert(*id);
    filter.ids_in_order.push_back(*id);
  }
  return filter;
}

std::variant<ClientFilter, std::string> parse_client_kill(const protocol::RequestView& request,
                                                          std::uint64_t asking) {
  ClientFilter filter;
  filter.asking = asking;
  if (request.argc() == 3) {
    filter.address = request.arg(2);
    filter.by_address_only = true;
    return filter;
  }
  filter.skip_asking = true;
  // From the left: the first mistake is named, and a word without a value is one.
  for (std::size_t i = 2; i < request.argc(); i += 2) {
    if (i + 1 == request.argc()) return std::string(errors::kSyntax);
    if (MaybeError error = add_kill_option(request.arg(i), request.arg(i + 1), filter)) return *error;
  }
  return filter;
}

}  // namespace slotway::proxy
