// TLS for clients: what a listener has for all of its own, and the stream of one client, whose socket is the
// session's. Nothing blocks: what cannot go on says so, and is asked again at the next edge of the socket.
// Owner: an Entrance, and each a session. Thread: worker. Invariant: a stream outlives its context's end (the
// library counts).
#pragma once

#include <memory>
#include <span>
#include <string>

#include "config/config.hpp"
#include "proxy/socket_io.hpp"

struct ssl_st;
struct ssl_ctx_st;

namespace slotway::proxy {

class TlsStream;

class TlsContext {
 public:
  // Of texts that config/tls_files has found to be good. Throws std::runtime_error if they are not.
  explicit TlsContext(const config::TlsConfig& config);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  std::unique_ptr<TlsStream> accept(int socket) const;

 private:
  ssl_ctx_st* context_;
};

class TlsStream {
 public:
  TlsStream(ssl_ctx_st* context, int socket);
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  // As read_some() and write_some(). The handshake is part of the first.
  IoResult read(std::span<char> buffer);
  IoResult write(const protocol::ByteQueue& queue);
  // The handshake, or a read, waits until the socket takes bytes.
  bool wants_write() const { return wants_write_; }
  // Bytes that the socket does not have any more.
  bool has_pending() const;
  // Says that nothing follows, if it can be said at once.
  void close();

 private:
  IoResult result_of(int code);

  ssl_st* stream_;
  bool wants_write_ = false;
  bool is_broken_ = false;
};

}  // namespace slotway::proxy
