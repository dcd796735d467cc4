// A blocking RESP2 client that does only what it is told: no reconnection, no retry, bytes in and out if
// wanted. Owner: a test, one thread at a time. Invariant: while it sends it also reads, so a pipeline of any
// depth never deadlocks against a server that stops reading until its replies are taken. Parser: hiredis's
// redisReader.
#pragma once

#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

struct redisReader;

namespace slotway::kit {

struct Reply {
  enum class Type : std::uint8_t { status, error, integer, nil, bulk, array };
  Type type = Type::nil;
  std::string text;             // status, error and bulk
  long long integer = 0;        // integer
  std::vector<Reply> elements;  // array

  bool is_error() const { return type == Type::error; }
  friend bool operator==(const Reply&, const Reply&) = default;
};

// One line, binary bytes escaped: +OK  -ERR text  :1  nil  "bytes"  [:1, nil]. Long strings are not
// shortened.
std::string to_text(const Reply& reply);

// A command's arguments, any bytes.
using Args = std::vector<std::string>;

// The command as a RESP array.
std::string encode(const Args& arguments);

// The connection failed, was closed, or nothing came in time; what() says which.
struct ClientError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class TestClient {
 public:
  using Timeout = std::chrono::milliseconds;

  // Connects, or throws ClientError. `host`: an IPv4 or IPv6 address. `timeout` bounds the connecting and
  // then each call below.
  explicit TestClient(std::uint16_t port, Timeout timeout = std::chrono::seconds(10),
                      const std::string& host = "127.0.0.1");
  // Likewise, to a unix socket.
  static TestClient on_socket(const std::string& path, Timeout timeout = std::chrono::seconds(10));
  ~TestClient();
  TestClient(TestClient&& other) noexcept;
  TestClient& operator=(TestClient&&) = delete;

  // --- commands ---
  Reply command(const Args& arguments);
  // to_text of the reply: for CHECK(client.text({"GET", "a"}) == "nil").
  std::string text(const Args& arguments) { return to_text(command(arguments)); }
  // All commands in one go, then all replies in order.
  std::vector<Reply> pipeline(const std::vector<Args>& commands);
  void send(const Args& arguments) { send_raw(encode(arguments)); }
  Reply read();

  // --- bytes ---
  void send_raw(std::string_view bytes);
  // Sends without ever reading, until all is sent or the peer has taken nothing for `patience`; returns what
  // was sent.
  std::size_t send_unread(std::string_view bytes, Timeout patience);
  // Bytes that read() has not been given: exactly `size` of them, or ClientError.
  std::string read_raw(std::size_t size);
  // Everything until the peer closes; ClientError if it does not close in time.
  std::string read_until_closed();
  // No more requests: the peer sees the end of the stream.
  void shutdown_send();
  void close();
  // The peer has closed, and all that it sent has been read.
  bool is_closed() const;

  int fd() const { return fd_; }

 private:
  struct ReaderDeleter {
    void operator()(redisReader* reader) const;
  };

  explicit TestClient(Timeout timeout);
  void connect(const sockaddr_storage& address, socklen_t size, const std::string& name);
  // Waits for `events`; false if `timeout` has passed.
  bool poll_for(short events, short& ready, Timeout timeout) const;
  // Appends what has come to received_; false if the peer has closed.
  bool receive();
  // Gives the reader its next chunk of received_.
  void feed();

  int fd_ = -1;
  Timeout timeout_;
  std::string received_;
  std::size_t given_ = 0;  // bytes at the front of received_ that are used up
  std::unique_ptr<redisReader, ReaderDeleter> reader_;
};

}  // namespace slotway::kit
