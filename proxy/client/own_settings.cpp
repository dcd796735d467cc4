#include "proxy/client/own_settings.hpp"

#include <chrono>
#include <optional>

#include "protocol/ascii_case.hpp"
#include "protocol/decimal.hpp"
#include "protocol/reply_writer.hpp"

namespace slotway::proxy {

namespace {

// The bulk string at the front of `rest`, which is taken out of it.
std::optional<std::string_view> take_bulk(std::string_view& rest) {
  const std::size_t header_end = rest.find('\n');
  if (!rest.starts_with('$') || header_end == std::string_view::npos) return std::nullopt;
  const auto size = protocol::parse_decimal(rest.substr(1, header_end - 2));
  const std::size_t left = rest.size() - header_end - 1;
  if (!size || *size < 0 || static_cast<std::size_t>(*size) + 2 > left) return std::nullopt;
  const std::string_view payload = rest.substr(header_end + 1, static_cast<std::size_t>(*size));
  rest.remove_prefix(header_end + 1 + payload.size() + 2);
  return payload;
}

// nullopt: the node's value stands.
std::optional<std::string> own_value(std::string_view name, const config::Config& config) {
  using protocol::equal_ignore_case;
  if (equal_ignore_case(name, "databases")) return "1";
  if (equal_ignore_case(name, "maxclients")) return std::to_string(config.limits.max_clients);
  if (equal_ignore_case(name, "proto-max-bulk-len")) return std::to_string(config.limits.max_bulk_bytes);
  if (equal_ignore_case(name, "timeout")) {
    using std::chrono::seconds;
    return std::to_string(std::chrono::duration_cast<seconds>(config.timeouts.client_idle).count());
  }
  for (const std::string_view secret :
       {"requirepass", "masterauth", "masteruser", "tls-key-file-pass", "tls-client-key-file-pass"}) {
    if (equal_ignore_case(name, secret)) return "";
  }
  return std::nullopt;
}

}  // namespace

void write_with_own_settings(std::string& out, std::string_view reply, const config::Config& config) {
  const std::size_t before = out.size();
  const std::size_t header_end = reply.find('\n');
  std::string_view rest = reply.substr(header_end == std::string_view::npos ? 0 : header_end + 1);
  out += reply.substr(0, reply.size() - rest.size());
  while (!rest.empty()) {
    const auto name = take_bulk(rest);
    const auto value = take_bulk(rest);
    if (!name || !value) {
      out.resize(before);
      out += reply;
      return;
    }
    const auto own = own_value(*name, config);
    protocol::write_bulk(out, *name);
    protocol::write_bulk(out, own ? std::string_view(*own) : *value);
  }
}

}  // namespace slotway::proxy
