// The hot sockets of a worker: one epoll set, edge-triggered, each socket registered once for its whole life.
// The set's own descriptor is waited for by the worker's io_context, so that a turn of the loop takes in all
// that became ready. Owner: a Worker. Thread: worker. Invariant: events carry tags, not pointers; a tag whose
// object has gone is ignored.
//
// Edge-triggered reading: a read that fills less than it was offered has emptied the socket (epoll(7)), so no
// second read is needed to see EAGAIN; what comes later is a new edge.
#pragma once

#include <sys/epoll.h>

#include <chrono>
#include <cstdint>
#include <span>

#include "proxy/ring.hpp"
#include "proxy/slab.hpp"

namespace slotway::proxy {

// What an event belongs to, in 64 bits.
struct PollTag {
  enum class Kind : std::uint8_t { client, upstream };
  Kind kind;
  Handle handle;

  std::uint64_t pack() const {
    return (std::uint64_t{handle.generation} << 32) | (std::uint64_t{handle.index} << 1) |
           static_cast<std::uint64_t>(kind);
  }
  static PollTag unpack(std::uint64_t bits) {
    return {static_cast<Kind>(bits & 1),
            {static_cast<std::uint32_t>((bits & 0xFFFFFFFF) >> 1), static_cast<std::uint32_t>(bits >> 32)}};
  }
};

class EdgePoller {
 public:
  static constexpr int kBatch = 128;

  EdgePoller();  // throws std::system_error
  ~EdgePoller();
  EdgePoller(const EdgePoller&) = delete;
  EdgePoller& operator=(const EdgePoller&) = delete;

  int fd() const { return fd_; }
  // Readable, writable and peer-closed edges of `socket` until it is closed. False: errno says why.
  bool add(int socket, PollTag tag);
  // As if `tag` had become readable once more: for a socket that was left with bytes in it, so that others
  // get a turn.
  void again(PollTag tag) { again_.push_back(tag); }
  bool has_again() const { return !again_.empty(); }
  // What is ready now, or becomes so within `patience` (below a second; kernels before 5.11 do not wait);
  // valid until the next call. Sockets and tags that wait for another turn share a batch, each in their
  // order, so that neither kind starves.
  std::span<const epoll_event> take_ready(std::chrono::nanoseconds patience);

 private:
  int wait(int most, std::chrono::nanoseconds patience);

  int fd_;
  bool has_fine_wait_ = true;  // epoll_pwait2
  Ring<PollTag> again_;
  epoll_event events_[kBatch];
};

}  // namespace slotway::proxy
