#include "config/listen_address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <utility>
#include <variant>

namespace slotway::config {
namespace {

constexpr std::string_view kUnix = "unix:";
constexpr std::size_t kLongestPath = sizeof(sockaddr_un::sun_path) - 1;  // a zero ends it

// "0:0::1" and "::1" are the same address; "::ffff:127.0.0.1" is one of IPv4, and the other family's sockets
// serve none of those.
std::string canonical(const std::string& host) {
  in6_addr address{};
  char text[INET6_ADDRSTRLEN] = {};
  if (::inet_pton(AF_INET6, host.c_str(), &address) != 1) return host;
  if (IN6_IS_ADDR_V4MAPPED(&address)) return ::inet_ntop(AF_INET, address.s6_addr + 12, text, sizeof text);
  return ::inet_ntop(AF_INET6, &address, text, sizeof text);
}

bool is_ipv6(std::string_view host) { return host.find(':') != std::string_view::npos; }

Parsed<ListenAddress> parse_path(std::string_view path) {
  if (!path.starts_with('/') || path.find('\0') != std::string_view::npos)
    return Complaint{quoted(path) + " is not an absolute path", "write unix:/run/slotway/slotway.sock"};
  if (path.size() > kLongestPath) {
    return Complaint{"the path of a unix socket is " + std::to_string(path.size()) + " bytes long",
                     "write one of at most " + std::to_string(kLongestPath)};
  }
  return ListenAddress{.tcp = {}, .path = std::string(path)};
}

}  // namespace

Parsed<ListenAddress> parse_listen_address(std::string_view text) {
  if (text.starts_with(kUnix)) return parse_path(text.substr(kUnix.size()));
  if (text.starts_with('/')) {
    return Complaint{quoted(text) + " is a path, not HOST:PORT",
                     "write " + std::string(kUnix) + " in front of it"};
  }
  auto parsed = parse_host_port(text);
  if (auto* complaint = std::get_if<Complaint>(&parsed)) return std::move(*complaint);
  HostPort& address = std::get<HostPort>(parsed);
  return ListenAddress{.tcp = {canonical(address.host), address.port}, .path = {}};
}

std::string print_listen_address(const ListenAddress& address) {
  return address.is_unix() ? std::string(kUnix) + address.path : print_host_port(address.tcp);
}

bool is_numeric_address(const std::string& host) {
  in6_addr buffer{};
  return ::inet_pton(AF_INET, host.c_str(), &buffer) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), &buffer) == 1;
}

bool is_any_address(std::string_view host) { return host == "0.0.0.0" || host == "::"; }

bool claims_same(const ListenAddress& left, const ListenAddress& right) {
  if (left.is_unix() || right.is_unix()) return left == right;
  if (left.tcp.port != right.tcp.port || left.tcp.port == 0) return false;
  if (is_ipv6(left.tcp.host) != is_ipv6(right.tcp.host)) return false;
  return left.tcp.host == right.tcp.host || is_any_address(left.tcp.host) || is_any_address(right.tcp.host);
}

std::uint16_t first_tcp_port(std::span<const ListenAddress> addresses) {
  for (const ListenAddress& address : addresses) {
    if (!address.is_unix()) return address.tcp.port;
  }
  return 0;
}

HostPort reachable_address(std::span<const ListenAddress> addresses) {
  HostPort loopback{"127.0.0.1", 0};
  for (const ListenAddress& address : addresses) {
    if (address.is_unix()) continue;
    if (!is_any_address(address.tcp.host)) return address.tcp;
    if (loopback.port == 0) loopback = {is_ipv6(address.tcp.host) ? "::1" : "127.0.0.1", address.tcp.port};
  }
  return loopback;
}

}  // namespace slotway::config
