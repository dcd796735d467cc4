// A TCP connection to the proxy without any protocol, which never waits. Owner: a fault that has many.
// Thread: one. Invariant: nothing is thrown; what failed is closed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace slotway::chaos {

class RawSocket {
 public:
  RawSocket() = default;
  ~RawSocket() { close(); }
  RawSocket(RawSocket&& other) noexcept;
  RawSocket& operator=(RawSocket&& other) noexcept;

  // Begins to connect to a port of 127.0.0.1; from this address of the machine, unless it is empty.
  bool connect(std::uint16_t port, const std::string& from = {});
  bool is_open() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  // Returns how many bytes the kernel takes now; closed if the peer is gone.
  std::size_t send(std::string_view bytes);
  // What has come, at most `limit` bytes; closed if the peer is.
  std::string receive(std::size_t limit);
  void close();
  // With a reset, as of a process that dies with unread data.
  void abort();

 private:
  int fd_ = -1;
};

}  // namespace slotway::chaos
