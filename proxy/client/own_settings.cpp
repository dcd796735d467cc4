#include "proxy/client/own_settings.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

#include "config/listen_address.hpp"
#include "protocol/ascii_case.hpp"
#include "protocol/decimal.hpp"
#include "protocol/reply_errors.hpp"
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

using OwnValue = std::string (*)(const config::Config&);

struct OwnSetting {
  std::string_view name;    // a '*' at its end stands for anything
  OwnValue value;           // nullptr: CONFIG GET does not show it
  std::string_view why;     // CONFIG SET does not change it
  bool of_cluster = false;  // else it is the server's
};

constexpr std::string_view kPassword =
    "Slotway logs in to the nodes with it; change it on the nodes, then in Slotway's configuration";
constexpr std::string_view kAddress =
    "Slotway reaches the nodes at the address that they have; change it on each node";
// In Redis's words first: what a client sees is a server that listens where it is told.
constexpr std::string_view kPort = "Unable to listen on this port: it is set in Slotway's configuration";
constexpr std::string_view kBind =
    "Failed to bind to specified addresses: they are set in Slotway's configuration";
constexpr std::string_view kUnixSocket = "can't set immutable config: it is set in Slotway's configuration";
constexpr std::string_view kCertificates =
    "Slotway's connections to the nodes depend on it; change it on each node";
constexpr std::string_view kOwnConfiguration = "it is Slotway's own: see its configuration";

std::string nothing(const config::Config&) { return ""; }
std::string zero(const config::Config&) { return "0"; }

std::string tcp_port(const config::Config& config) {
  return std::to_string(config::first_tcp_port(config.client.listen));
}

std::string bound_hosts(const config::Config& config) {
  std::string hosts;
  for (const config::ListenAddress& address : config.client.listen) {
    if (!address.is_unix()) hosts += (hosts.empty() ? "" : " ") + address.tcp.host;
  }
  return hosts;
}

// Redis has one.
std::string unix_socket(const config::Config& config) {
  for (const config::ListenAddress& address : config.client.listen) {
    if (address.is_unix()) return address.path;
  }
  return "";
}

std::string unix_socket_mode(const config::Config& config) {
  const std::string text = config::print_mode(config.client.unix_socket_mode);
  return text.substr(std::min(text.find_first_not_of('0'), text.size() - 1));
}

constexpr OwnSetting kOwnSettings[] = {
    {"requirepass", nothing, kPassword},
    {"masterauth", nothing, kPassword},
    {"masteruser", nothing, kPassword},
    {"tls-*", nullptr, kCertificates},
    {"port", tcp_port, kPort},
    {"bind", bound_hosts, kBind},
    {"unixsocket", unix_socket, kUnixSocket},
    {"unixsocketperm", unix_socket_mode, kUnixSocket},
    {"protected-mode", [](const config::Config&) { return std::string("no"); }, kAddress},
    {"cluster-announce-ip", nothing, kAddress},
    {"cluster-announce-hostname", nothing, kAddress},
    {"cluster-announce-port", zero, kAddress},
    {"cluster-announce-tls-port", zero, kAddress},
    {"cluster-announce-bus-port", zero, kAddress},
    {"cluster-preferred-endpoint-type", [](const config::Config&) { return std::string("ip"); }, kAddress},
    {"databases", [](const config::Config&) { return std::string("1"); }, "a cluster has one", true},
    {"maxclients", [](const config::Config& c) { return std::to_string(c.limits.max_clients); },
     "it is Slotway's own (limits.max_clients); that of the nodes must have room for Slotway's connections"},
    {"proto-max-bulk-len", [](const config::Config& c) { return std::to_string(c.limits.max_bulk_bytes); },
     kOwnConfiguration},
    {"timeout",
     [](const config::Config& c) {
       using std::chrono::seconds;
       return std::to_string(std::chrono::duration_cast<seconds>(c.timeouts.client_idle).count());
     },
     kOwnConfiguration},
};

const OwnSetting* find_own(std::string_view name, const config::Config& config) {
  for (const OwnSetting& setting : kOwnSettings) {
    if (setting.of_cluster && config.upstream.is_one_shard()) continue;
    const bool is_prefix = setting.name.ends_with('*');
    const std::string_view head = setting.name.substr(0, setting.name.size() - (is_prefix ? 1 : 0));
    if (protocol::equal_ignore_case(is_prefix ? name.substr(0, head.size()) : name, head)) return &setting;
  }
  return nullptr;
}

}  // namespace

void write_with_own_settings(std::string& out, std::string_view reply, const config::Config& config) {
  const std::size_t header_end = reply.find('\n');
  std::string_view rest = reply.substr(header_end == std::string_view::npos ? 0 : header_end + 1);
  std::size_t settings = 0;
  std::string text;
  while (!rest.empty()) {
    const auto name = take_bulk(rest);
    const auto value = take_bulk(rest);
    if (!name || !value) {
      out += reply;
      return;
    }
    const OwnSetting* own = find_own(*name, config);
    if (own && !own->value) continue;
    protocol::write_bulk(text, *name);
    protocol::write_bulk(text, own ? own->value(config) : std::string(*value));
    ++settings;
  }
  if (settings == 0 && reply.front() != '*' && reply.front() != '%') {
    out += reply;
    return;
  }
  protocol::write_map_header(out, reply.front() == '%', settings);
  out += text;
}

SettingsChange::SettingsChange(const protocol::RequestView& request, const config::Config& config) {
  // Names without values: the nodes word the error.
  if (request.argc() % 2 != 0) {
    node_request_ = request.bytes();
    return;
  }
  std::size_t kept = 2;
  std::string arguments;
  for (std::size_t i = 2; i < request.argc(); i += 2) {
    const OwnSetting* own = find_own(request.arg(i), config);
    if (!own) {
      arguments += request.raw_args(i, 2);
      kept += 2;
    } else if (!own->value || own->value(config) != request.arg(i + 1)) {
      refusal_ = protocol::errors::setting_refused(request.arg(i), own->why);
      return;
    }
  }
  if (kept == 2) return;
  protocol::write_array_header(node_request_, kept);
  node_request_ += request.raw_args(0, 2);
  node_request_ += arguments;
}

}  // namespace slotway::proxy
