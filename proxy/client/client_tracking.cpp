#include "proxy/client/client_tracking.hpp"

#include <string_view>

#include "protocol/reply_writer.hpp"

namespace slotway::proxy {

namespace {

std::vector<std::string_view> flags_of(const ClientTracking& tracking) {
  std::vector<std::string_view> flags = {"on"};
  const auto add = [&flags](bool set, std::string_view flag) {
    if (set) flags.push_back(flag);
  };
  add(tracking.bcast, "bcast");
  add(tracking.optin, "optin");
  add(tracking.optin && tracking.caching, "caching-yes");
  add(tracking.optout, "optout");
  add(tracking.optout && tracking.caching, "caching-no");
  add(tracking.noloop, "noloop");
  add(tracking.redirect_broken, "broken_redirect");
  return flags;
}

}  // namespace

void write_tracking_info(std::string& out, bool resp3, const ClientTracking* tracking) {
  const auto flags = tracking ? flags_of(*tracking) : std::vector<std::string_view>{"off"};
  protocol::write_map_header(out, resp3, 3);
  protocol::write_bulk(out, "flags");
  protocol::write_set_header(out, resp3, flags.size());
  for (const std::string_view flag : flags) protocol::write_bulk(out, flag);
  protocol::write_bulk(out, "redirect");
  protocol::write_integer(out, tracking ? static_cast<std::int64_t>(tracking->redirect) : -1);
  protocol::write_bulk(out, "prefixes");
  protocol::write_array_header(out, tracking ? tracking->prefixes.size() : 0);
  if (!tracking) return;
  for (const std::string& prefix : tracking->prefixes) protocol::write_bulk(out, prefix);
}

}  // namespace slotway::proxy
