#include "proxy/socket_io.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>

namespace slotway::proxy {

namespace {

constexpr int kMaxVectors = 64;

bool set(int socket, int level, int name, int value) {
  return ::setsockopt(socket, level, name, &value, sizeof value) == 0;
}

}  // namespace

IoResult read_some(int socket, std::span<char> buffer) {
  while (true) {
    const ssize_t n = ::recv(socket, buffer.data(), buffer.size(), 0);
    if (n > 0) {
      const std::size_t bytes = static_cast<std::size_t>(n);
      return {bytes < buffer.size() ? IoStatus::would_block : IoStatus::ok, bytes};
    }
    if (n == 0) return {IoStatus::closed, 0};
    if (errno == EINTR) continue;
    return {errno == EAGAIN || errno == EWOULDBLOCK ? IoStatus::would_block : IoStatus::failed, 0};
  }
}

IoResult write_some(int socket, const protocol::ByteQueue& queue, protocol::ByteQueue::Cursor cursor) {
  iovec vectors[kMaxVectors];
  const int count = queue.gather(cursor, vectors, kMaxVectors);
  std::size_t offered = 0;
  for (int i = 0; i < count; ++i) offered += vectors[i].iov_len;
  while (true) {
    ssize_t n = 0;
    if (count == 1) {
      n = ::send(socket, vectors[0].iov_base, vectors[0].iov_len, MSG_NOSIGNAL);
    } else {
      msghdr message{};
      message.msg_iov = vectors;
      message.msg_iovlen = static_cast<std::size_t>(count);
      n = ::sendmsg(socket, &message, MSG_NOSIGNAL);
    }
    if (n >= 0) {
      const std::size_t bytes = static_cast<std::size_t>(n);
      return {bytes < offered ? IoStatus::would_block : IoStatus::ok, bytes};
    }
    if (errno == EINTR) continue;
    return {errno == EAGAIN || errno == EWOULDBLOCK ? IoStatus::would_block : IoStatus::failed, 0};
  }
}

void tune_socket(int socket, const SocketOptions& options) {
  using std::chrono::duration_cast;
  using std::chrono::seconds;
  if (!set(socket, IPPROTO_TCP, TCP_NODELAY, 1)) return;  // a unix socket has none of them
  if (options.keepalive.count() > 0) {
    const int idle = std::max(1, static_cast<int>(duration_cast<seconds>(options.keepalive).count()));
    set(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(socket, IPPROTO_TCP, TCP_KEEPIDLE, idle);
    set(socket, IPPROTO_TCP, TCP_KEEPINTVL, std::max(1, idle / 3));
    set(socket, IPPROTO_TCP, TCP_KEEPCNT, 3);
  }
  if (options.user_timeout.count() > 0) {
    set(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(options.user_timeout.count()));
  }
}

}  // namespace slotway::proxy
