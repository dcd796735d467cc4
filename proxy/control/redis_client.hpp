// A small Redis client for the control path: connects, logs in, sends a pipeline of commands and awaits their
// replies as trees, each step with a timeout. The data path has nothing of it. Owner: a map
// source (one conversation at a time). Thread: control. Invariants: nothing throws but on lack of memory;
// errors are values, one line each, and never contain the password; the client outlives the coroutines it has
// handed out.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/reply_tree.hpp"
#include "proxy/control/task.hpp"
#include "routing/topology.hpp"

namespace slotway::proxy {

struct Credentials {
  std::string username;  // empty = the default user: AUTH with one argument
  std::string password;  // empty = no AUTH is sent
  // What the names of their options begin with.
  std::string_view options = "upstream.";
};

class RedisClient {
 public:
  using Command = std::vector<std::string>;
  using TimePoint = std::chrono::steady_clock::time_point;

  struct Answer {
    std::vector<protocol::ReplyTree> replies;  // as many as there were commands, unless there is an error
    std::string error;                         // "" = none; an error reply is a reply, not an error
  };

  explicit RedisClient(boost::asio::io_context& io) : io_(io), socket_(io) {}

  // Resolves, tries all addresses (each gets its share of the time) and logs in. Each `turn` begins with
  // another address: one that takes connections and is of no use must not hide the others. Returns the error;
  // "" = connected.
  Task<std::string> connect(routing::Endpoint endpoint, Credentials credentials,
                            std::chrono::milliseconds timeout, std::uint64_t turn);
  // If a name has this address, it is tried first from now on.
  void prefer(routing::Endpoint address) { preferred_ = std::move(address); }

  // REQUIRES: connected. After an error the connection is closed.
  Task<Answer> ask(std::vector<Command> commands, std::chrono::milliseconds timeout);

  // --- a connection that is subscribed: REQUIRES: connected; after an error it is closed ---
  // Sends without waiting for replies. Returns the error.
  Task<std::string> tell(std::vector<Command> commands, std::chrono::milliseconds timeout);
  // The next message or reply; neither a reply nor an error: nothing has come in time.
  Task<Answer> hear(std::chrono::milliseconds timeout);

  // The address of the connected node; what a name was resolved to.
  const routing::Endpoint& address() const { return address_; }

  // Ends what is under way with an error; connect() may be called again.
  void close();

 private:
  using Executor = boost::asio::io_context::executor_type;
  using Timer =
      boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                        boost::asio::wait_traits<std::chrono::steady_clock>, Executor>;
  using Address = boost::asio::ip::tcp::endpoint;

  struct Resolution;

  // Fills `out`; returns the error.
  Task<std::string> resolve(routing::Endpoint endpoint, TimePoint deadline, std::vector<Address>& out);
  Task<std::string> connect_to_any(std::vector<Address> addresses, TimePoint deadline);
  Task<std::string> log_in(Credentials credentials, TimePoint deadline);
  Task<Answer> exchange(std::string bytes, std::size_t count, TimePoint deadline);
  // These return the error; kSilent of receive() says that nothing has come.
  Task<std::string> send(std::string bytes, TimePoint deadline);
  Task<std::string> receive(TimePoint deadline);

  boost::asio::io_context& io_;
  boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor> socket_;
  std::shared_ptr<Resolution> resolution_;  // under way, or nullptr
  protocol::ReplyReader reader_;
  routing::Endpoint address_;
  routing::Endpoint preferred_;
  bool is_closed_ = true;
};

// Peers' texts in our errors and logs: printable, one line, at most 200 characters.
std::string printable(std::string_view text);

}  // namespace slotway::proxy
