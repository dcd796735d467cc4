#include "proxy/listening_socket.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <cerrno>
#include <stdexcept>
#include <string>

#include "config/listen_address.hpp"
#include "proxy/socket_address.hpp"

namespace slotway::proxy {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;

error_code last_error() { return {errno, boost::system::system_category()}; }

asio::ip::tcp::endpoint tcp_endpoint(const config::HostPort& address, error_code& error) {
  return {asio::ip::make_address(address.host, error), address.port};
}

std::string advice_for(const config::ListenAddress& address, const error_code& error) {
  const std::string other = ", or set another with --listen";
  if (address.is_unix()) return "its folder must be there, and Slotway's user may write to it" + other;
  if (error == asio::error::address_in_use) return "stop what uses the port" + other;
  return "set listen to addresses of this host";
}

}  // namespace

ListeningSocket::ListeningSocket(asio::io_context& io, const config::ListenAddress& address,
                                 const config::ClientConfig& client, unsigned listener)
    : acceptor_(io), pause_(io), address_(address), listener_(listener) {
  error_code error;
  open(client, error);
  if (!error) acceptor_.listen(client.backlog, error);
  if (!error) acceptor_.non_blocking(true, error);
  if (error) {
    throw std::runtime_error("cannot listen on " + config::print_listen_address(address) + ": " +
                             error.message() + "; " + advice_for(address, error));
  }
  address_ = local_address(acceptor_.native_handle());
}

void ListeningSocket::open(const config::ClientConfig& client, error_code& error) {
  if (address_.is_unix()) {
    UnixSocketFile::make_room(address_.path);
    const asio::local::stream_protocol::endpoint endpoint(address_.path);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (error) return;
    file_.emplace(address_.path);
    if (client.unix_socket_mode != 0 && !file_->set_mode(client.unix_socket_mode)) error = last_error();
    return;
  }
  const asio::ip::tcp::endpoint endpoint = tcp_endpoint(address_.tcp, error);
  if (!error) acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  // Else [::] would be 0.0.0.0 as well, and could not stand beside it.
  if (!error && endpoint.address().is_v6()) acceptor_.set_option(asio::ip::v6_only(true), error);
  if (!error && client.reuse_port) {
    const int on = 1;
    if (::setsockopt(acceptor_.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0)
      error = last_error();
  }
  if (!error) acceptor_.bind(endpoint, error);
}

int ListeningSocket::accept() {
  return ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

void ListeningSocket::close() {
  hide();
  error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
}

}  // namespace slotway::proxy
