// The requests on one upstream connection, in the order of their replies. Sans-I/O: it is told what was
// written and fed what was read. Owner: an UpstreamConnection. Thread: worker. Invariant: the send queue
// holds the bytes of exactly the requests in the FIFO: it is the retransmission queue. What is on the wire is
// never removed, only abandoned: its reply is then swallowed.
//
//   send queue   [ request | request | reque | st | request ]
//                  front              ^ sent (cursor_)      back
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/byte_queue.hpp"
#include "protocol/reply_scanner.hpp"
#include "proxy/dispatch/request.hpp"
#include "proxy/ring.hpp"

namespace slotway::proxy {

class UpstreamPipeline {
 public:
  explicit UpstreamPipeline(protocol::BlockPool& pool) : pool_(pool) {}
  ~UpstreamPipeline() { queue_.clear(pool_); }

  // --- requests ---
  // Append the request's bytes to bytes(), then commit() it; nothing else may come between.
  protocol::ByteQueue& bytes() { return queue_; }
  void commit(const Request& request);

  std::size_t size() const { return fifo_.size(); }
  bool empty() const { return fifo_.empty(); }
  Request& front() { return fifo_.front(); }
  const Request& front() const { return fifo_.front(); }
  Request& operator[](std::size_t i) { return fifo_[i]; }
  std::size_t queued_bytes() const { return queue_.size(); }
  // Deadlines rise along the FIFO: no request in it came here by a redirect or a retry.
  bool is_in_order() const { return resent_ == 0; }

  // --- writing ---
  bool has_unsent() const { return sent_ < queue_.size(); }
  protocol::ByteQueue::Cursor cursor() const { return cursor_; }
  void on_sent(std::size_t count);
  // True if no byte of the front request has been written.
  bool front_is_unsent() const { return sent_ == 0; }
  // The peer has read nothing of what was written.
  void forget_sent() {
    sent_ = 0;
    cursor_ = {};
  }

  // --- reading ---
  enum class Next : std::uint8_t {
    need_more,
    leading,  // the first reply_size() bytes are one of those before the front request's own: pass_leading()
    reply,    // the front request's reply is the first reply_size() bytes
    refused,  // an error reply before the front request was written whole: deliver it, then close
    unsolicited,  // bytes that nobody asked for: the stream cannot be trusted
    broken,       // not RESP
  };
  // `bytes`: all that is unconsumed, beginning with a reply's first byte.
  Next next(std::string_view bytes);
  std::size_t reply_size() const { return scanner_.size(); }
  // Counts a leading reply and keeps the first error among them.
  void pass_leading(std::string_view reply);
  // The first error among the front request's leading replies; empty = none.
  std::string_view leading_error() const { return leading_error_; }
  std::size_t wanted(std::size_t available) const { return scanner_.wanted(available); }

  // Copies the front request's bytes behind `target`'s.
  void copy_front(protocol::ByteQueue& target) const {
    queue_.copy_prefix(fifo_.front().bytes, pool_, target);
  }
  // Likewise those of a request behind `before` bytes of others.
  void copy(std::size_t before, std::size_t count, protocol::ByteQueue& target) const {
    protocol::ByteQueue all;
    queue_.copy_prefix(before + count, pool_, all);
    all.consume(pool_, before);
    target.splice(pool_, all);
  }
  // Likewise, in one piece.
  std::string front_text() const;
  void pop_front();

 private:
  protocol::BlockPool& pool_;
  Ring<Request> fifo_;
  protocol::ByteQueue queue_;
  protocol::ByteQueue::Cursor cursor_;
  std::size_t sent_ = 0;            // bytes of queue_ that were written
  std::size_t committed_ = 0;       // bytes of queue_ that belong to requests
  std::size_t resent_ = 0;          // requests in fifo_ that were sent before
  std::uint32_t leading_seen_ = 0;  // of the front request
  std::string leading_error_;
  protocol::ReplyScanner scanner_;
};

}  // namespace slotway::proxy
