// A socket that is bound to one address and listens: TCP, or unix with its file. Owner: the Listener. Thread:
// control. Invariant: the file of a unix socket is there until hide(), or for as long as this.
#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <optional>

#include "config/config.hpp"
#include "proxy/unix_socket_file.hpp"

namespace slotway::proxy {

class ListeningSocket {
 public:
  // Throws std::runtime_error: what failed, where, what to do.
  ListeningSocket(boost::asio::io_context& io, const config::ListenAddress& address,
                  const config::ClientConfig& client, unsigned listener);

  unsigned listener() const { return listener_; }
  // With the port that the kernel chose, if it was 0.
  const config::ListenAddress& address() const { return address_; }

  // Calls `on_ready` once, when clients wait; not if it is closed before.
  template <class OnReady>
  void wait(OnReady on_ready) {
    acceptor_.async_wait(boost::asio::socket_base::wait_read,
                         [on_ready](const boost::system::error_code& error) {
                           if (!error) on_ready();
                         });
  }
  // Likewise, when that time has passed.
  template <class Then>
  void pause(std::chrono::milliseconds time, Then then) {
    pause_.expires_after(time);
    pause_.async_wait([then](const boost::system::error_code& error) {
      if (!error) then();
    });
  }

  // The next client's socket, or -1: errno says why. Does not wait.
  int accept();
  // Nobody finds a unix socket any more; those who have connected can still be accepted.
  void hide() { file_.reset(); }
  void close();

 private:
  using Protocol = boost::asio::generic::stream_protocol;

  void open(const config::ClientConfig& client, boost::system::error_code& error);

  boost::asio::basic_socket_acceptor<Protocol> acceptor_;
  boost::asio::steady_timer pause_;
  config::ListenAddress address_;
  const unsigned listener_;             // its number
  std::optional<UnixSocketFile> file_;  // goes before the acceptor, see there
};

}  // namespace slotway::proxy
