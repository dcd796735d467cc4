// Accepts clients at all addresses, and gives each to the worker that has the fewest, so that 50 connections
// on 4 workers are 12 or 13 each. Owner: the ControlPlane. Thread: control. Invariant: what it gave to a
// worker and what that worker has closed are counted separately, each by one writer, so that balancing needs
// no lock.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "config/config.hpp"
#include "proxy/listening_socket.hpp"
#include "proxy/observe/log_limiter.hpp"
#include "proxy/worker.hpp"

namespace slotway::proxy {

class Listener {
 public:
  // Binds and listens; accepts nothing before start(). Throws std::runtime_error: what failed, where, what to
  // do.
  Listener(boost::asio::io_context& io, const config::Config& config);

  // By number of the listener (config/upstreams.hpp), in the configuration's order, with the ports that the
  // kernel chose for port 0.
  std::vector<std::vector<config::ListenAddress>> addresses() const;
  void start(const std::vector<std::unique_ptr<Worker>>& workers);
  // Clients whose connections stand already are accepted first: they would be reset.
  void stop();
  bool is_listening() const { return listening_; }
  // Those that are more already stay.
  void set_max_clients(std::uint32_t max_clients) { max_clients_ = max_clients; }
  // Clients that were one too many, so far.
  std::uint64_t rejected() const { return rejected_; }
  // Clients that worker i has been given so far.
  std::uint64_t given(std::size_t i) const { return given_[i]; }

 private:
  void wait(ListeningSocket& socket);
  void on_ready(ListeningSocket& socket);
  // Gives the next one that waits to a worker. 0, or why there is none (errno).
  int accept_one(ListeningSocket& socket);
  // Accepting failed for want of something that others may give back.
  void pause(ListeningSocket& socket, int error_number);
  void give(int client, unsigned listener);
  void reject(int socket);

  std::deque<ListeningSocket> sockets_;  // which do not move
  std::uint32_t max_clients_;
  bool listening_ = false;
  std::uint64_t rejected_ = 0;
  LogLimiter accept_errors_;
  LogLimiter rejections_;
  std::vector<Worker*> workers_;
  std::vector<std::uint64_t> given_;  // by worker
};

}  // namespace slotway::proxy
