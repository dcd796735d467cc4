// Two connected non-blocking sockets. Owner: a test. Thread: any. Invariant: both are closed at the end,
// unless they were closed or released before.
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace slotway::proxy {

class SocketPair {
 public:
  SocketPair() {
    int sockets[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sockets) != 0) {
      throw std::system_error(errno, std::generic_category(), "socketpair");
    }
    ours_ = sockets[0];
    peer_ = sockets[1];
  }
  ~SocketPair() {
    close_ours();
    close_peer();
  }
  SocketPair(const SocketPair&) = delete;
  SocketPair& operator=(const SocketPair&) = delete;

  int ours() const { return ours_; }
  int peer() const { return peer_; }
  // Somebody else closes it from now on.
  int release_ours() { return std::exchange(ours_, -1); }
  void close_ours() { close(ours_); }
  void close_peer() { close(peer_); }

  // Writes to the peer's end; false if not all of it fitted.
  bool peer_sends(std::string_view bytes) {
    return ::send(peer_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
  }
  // All that has come to the peer's end.
  std::string peer_receives() {
    std::string received;
    char buffer[65536];
    for (ssize_t n = 0; (n = ::recv(peer_, buffer, sizeof buffer, 0)) > 0;) {
      received.append(buffer, static_cast<std::size_t>(n));
    }
    return received;
  }

 private:
  static void close(int& socket) {
    if (socket >= 0) ::close(std::exchange(socket, -1));
  }

  int ours_ = -1;
  int peer_ = -1;
};

}  // namespace slotway::proxy
