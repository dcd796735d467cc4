#include "tests/chaos/raw_socket.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace slotway::chaos {
namespace {

sockaddr_in address_of(const std::string& address, std::uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(port);
  ::inet_pton(AF_INET, address.c_str(), &out.sin_addr);
  return out;
}

bool must_wait() { return errno == EAGAIN || errno == EINPROGRESS || errno == ENOTCONN; }

}  // namespace

RawSocket::RawSocket(RawSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

RawSocket& RawSocket::operator=(RawSocket&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

bool RawSocket::connect(std::uint16_t port, const std::string& from) {
  close();
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return false;
  if (!from.empty()) {
    // The port is chosen when the other end is known, so that each address has all ports.
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
    const sockaddr_in source = address_of(from, 0);
    if (::bind(fd_, reinterpret_cast<const sockaddr*>(&source), sizeof(source)) != 0) close();
  }
  const sockaddr_in target = address_of("127.0.0.1", port);
  if (is_open() && ::connect(fd_, reinterpret_cast<const sockaddr*>(&target), sizeof(target)) != 0 &&
      !must_wait()) {
    close();
  }
  return is_open();
}

std::size_t RawSocket::send(std::string_view bytes) {
  const ssize_t taken = is_open() ? ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) : 0;
  if (taken < 0 && !must_wait()) close();
  return taken > 0 ? static_cast<std::size_t>(taken) : 0;
}

std::string RawSocket::receive(std::size_t limit) {
  std::string bytes(limit, '\0');
  const ssize_t got = is_open() ? ::recv(fd_, bytes.data(), bytes.size(), 0) : 0;
  if (got == 0 || (got < 0 && !must_wait())) close();
  bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return bytes;
}

void RawSocket::close() {
  if (is_open()) ::close(std::exchange(fd_, -1));
}

void RawSocket::abort() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  if (is_open()) ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  close();
}

}  // namespace slotway::chaos
