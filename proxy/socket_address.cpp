#include "proxy/socket_address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

namespace slotway::proxy {

namespace {

using GetName = int (*)(int, sockaddr*, socklen_t*);

config::HostPort address_of(int socket, GetName get_name) {
  config::HostPort unknown{"?", 0};
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (get_name(socket, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return unknown;

  char text[INET6_ADDRSTRLEN] = {};
  if (storage.ss_family == AF_INET) {
    sockaddr_in address{};
    std::memcpy(&address, &storage, sizeof address);
    ::inet_ntop(AF_INET, &address.sin_addr, text, sizeof text);
    return {text, ntohs(address.sin_port)};
  }
  if (storage.ss_family != AF_INET6) return unknown;
  sockaddr_in6 address{};
  std::memcpy(&address, &storage, sizeof address);
  if (IN6_IS_ADDR_V4MAPPED(&address.sin6_addr)) {
    ::inet_ntop(AF_INET, address.sin6_addr.s6_addr + 12, text, sizeof text);
  } else {
    ::inet_ntop(AF_INET6, &address.sin6_addr, text, sizeof text);
  }
  return {text, ntohs(address.sin6_port)};
}

}  // namespace

config::HostPort local_address(int socket) { return address_of(socket, &::getsockname); }

config::HostPort peer_address(int socket) { return address_of(socket, &::getpeername); }

}  // namespace slotway::proxy
