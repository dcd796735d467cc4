// A node under the test's control: it listens on a free port, of 127.0.0.1 at first, takes requests apart,
// and does with each what the test says: answer, answer later, close, keep silent. Owner: a test. Thread:
// any; it serves on a thread of its own, where handlers run. Invariants: requests are handed out in the order
// in which they came, bytes as they came; no wait of the test's lasts longer than kPatience.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/kit/test_client.hpp"

namespace slotway::kit {

inline constexpr std::chrono::seconds kPatience{20};

class FakeRedis {
 public:
  struct Request {
    std::uint64_t connection = 0;  // 1 = the node's first
    std::uint64_t chunk = 0;       // which of the node's reads brought its last byte
    Args args;
  };
  struct Reaction {
    std::string bytes;    // sent at once
    bool closes = false;  // and then the connection is closed
  };
  // nullopt: not its business.
  using Handler = std::function<std::optional<Reaction>(const Request&)>;

  FakeRedis();
  ~FakeRedis();
  FakeRedis(const FakeRedis&) = delete;
  FakeRedis& operator=(const FakeRedis&) = delete;

  std::uint16_t port() const { return port_; }
  std::string address();

  // --- answers by rule: `control` is asked first, then `handler`; what neither takes waits for take() ---
  void set_control(Handler control);
  void set_handler(Handler handler);

  // --- answers by hand ---
  // The next request that waits. Throws std::runtime_error if none comes.
  Request take();
  // No request waits. True says nothing of what is still under way.
  bool is_quiet();
  void send(const Request& to, std::string_view bytes) { send(to.connection, bytes); }
  void send(std::uint64_t connection, std::string_view bytes);
  void close(const Request& of);

  // --- what happened ---
  // All requests so far that control did not take, one per line: "SET a 1".
  std::string history();
  // Everything that came on a connection, byte for byte.
  std::string bytes_of(std::uint64_t connection);
  // Connections on which such requests came and that are open.
  std::size_t open_connections();
  void wait_for_open_connections(std::size_t count);
  // Connections so far, all of them.
  std::uint64_t accepted();

  // --- faults ---
  void close_connections();
  // Open connections are closed and new ones refused, until restart(). The port remains ours.
  void go_down();
  void restart();
  // Likewise, and back at once on another address of this machine, at the same port.
  void move(const std::string& address);
  // Bytes stay in the sockets; the control connections go on.
  void stop_reading();
  void read_again();

 private:
  struct Connection {
    std::uint64_t id = 0;
    int fd = -1;
    bool has_data = false;  // a request came that was not control's
    bool closing = false;   // when `out` is written
    std::string in;
    std::string out;
    std::string all;
  };

  void listen();
  void run();
  bool turn();
  void accept();
  void read(Connection& connection);
  void take_requests(Connection& connection, std::unique_lock<std::mutex>& lock);
  void write(Connection& connection);
  void drop(Connection& connection);
  void wake() const;
  template <class Predicate>
  void wait(const char* what, Predicate is_done);

  std::string address_ = "127.0.0.1";  // guarded by mutex_
  std::uint16_t port_ = 0;
  int reserved_ = -1;  // holds the port while nobody listens
  int wake_ = -1;
  std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  int listener_ = -1;
  bool stopping_ = false;
  bool reading_ = true;
  std::uint64_t chunks_ = 0;
  Handler control_;
  Handler handler_;
  std::map<std::uint64_t, Connection> connections_;
  std::map<std::uint64_t, std::string> bytes_of_closed_;
  std::uint64_t accepted_ = 0;
  std::deque<Request> waiting_;
  std::string history_;
  std::thread thread_;
};

// The first request in `bytes`, taken out of them; nullopt if it is not whole yet.
std::optional<Args> take_request(std::string& bytes);

}  // namespace slotway::kit
