#include "proxy/socket_address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <string>

namespace slotway::proxy {

namespace {

config::HostPort numbers_of(const sockaddr_storage& storage) {
  char text[INET6_ADDRSTRLEN] = {};
  if (storage.ss_family == AF_INET) {
    sockaddr_in address{};
    std::memcpy(&address, &storage, sizeof address);
    ::inet_ntop(AF_INET, &address.sin_addr, text, sizeof text);
    return {text, ntohs(address.sin_port)};
  }
  if (storage.ss_family != AF_INET6) return {"?", 0};
  sockaddr_in6 address{};
  std::memcpy(&address, &storage, sizeof address);
  ::inet_ntop(AF_INET6, &address.sin6_addr, text, sizeof text);
  return {text, ntohs(address.sin6_port)};
}

}  // namespace

config::ListenAddress local_address(int socket) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {{"?", 0}, {}};
  if (storage.ss_family != AF_UNIX) return {numbers_of(storage), {}};
  sockaddr_un address{};
  std::memcpy(&address, &storage, sizeof address);
  if (address.sun_path[0] == '\0') return {{"?", 0}, {}};
  return {{}, std::string(address.sun_path, ::strnlen(address.sun_path, sizeof address.sun_path))};
}

config::HostPort peer_address(int socket) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  const bool is_known = ::getpeername(socket, reinterpret_cast<sockaddr*>(&storage), &size) == 0;
  return is_known ? numbers_of(storage) : config::HostPort{"?", 0};
}

}  // namespace slotway::proxy
