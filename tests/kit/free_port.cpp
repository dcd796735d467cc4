#include "tests/kit/free_port.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <mutex>
#include <random>
#include <stdexcept>

namespace slotway::kit {
namespace {

constexpr int kFirst = 11000;
constexpr int kLast = 22000;

// A name in the abstract socket namespace is taken by one process at a time and given back when that process
// ends, however it ends.
bool reserve(int port) {
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const int length =
      std::snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "slotway-test-%d", port);
  const auto size =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + static_cast<std::size_t>(length));
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0) return true;  // held until the exit
  ::close(fd);
  return false;
}

bool can_bind(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  const bool ok =
      ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 && ::listen(fd, 1) == 0;
  ::close(fd);
  return ok;
}

}  // namespace

std::uint16_t free_port() {
  static std::mutex mutex;
  static std::mt19937 random{std::random_device{}()};
  const std::lock_guard lock(mutex);
  std::uniform_int_distribution<int> any(kFirst, kLast - 1);
  for (int attempt = 0; attempt < 1000; ++attempt) {
    const int port = any(random);
    if (can_bind(port) && can_bind(port + kBusOffset) && reserve(port))
      return static_cast<std::uint16_t>(port);
  }
  throw std::runtime_error("no free port between 11000 and 22000");
}

}  // namespace slotway::kit
