// Non-blocking reads and writes of the hot sockets, without exceptions and without Asio's second look at the
// socket. Thread: any; state is the caller's.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

#include "protocol/byte_queue.hpp"

namespace slotway::proxy {

enum class IoStatus : std::uint8_t {
  ok,           // `bytes` were moved, and there may be more
  would_block,  // `bytes` were moved (perhaps 0); wait for the next edge
  closed,       // end of stream
  failed,       // errno says why
};

struct IoResult {
  IoStatus status;
  std::size_t bytes;
};

IoResult read_some(int socket, std::span<char> buffer);
// Writes what stands behind `cursor`, as much as the socket takes in one call.
IoResult write_some(int socket, const protocol::ByteQueue& queue, protocol::ByteQueue::Cursor cursor);

struct SocketOptions {
  std::chrono::milliseconds keepalive;     // 0 = off
  std::chrono::milliseconds user_timeout;  // 0 = the kernel's default
};

// TCP_NODELAY, keepalive, TCP_USER_TIMEOUT; what the kernel refuses is left as it is, and all of a unix
// socket.
void tune_socket(int socket, const SocketOptions& options);

}  // namespace slotway::proxy
