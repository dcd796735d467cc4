#include "proxy/listener.hpp"

#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>

#include "config/units.hpp"
#include "protocol/reply_errors.hpp"

namespace slotway::proxy {

namespace {

constexpr int kAcceptsPerTurn = 256;
constexpr int kAcceptsAtEnd = 4096;
// When descriptors have run out, closing clients need a moment to give some back.
constexpr std::chrono::milliseconds kPause{100};
constexpr std::chrono::seconds kAcceptWarnInterval{10};

std::string more_like_it(std::uint64_t left_out) {
  return left_out > 0 ? fmt::format(" ({} more like this)", left_out) : "";
}

}  // namespace

Listener::Listener(boost::asio::io_context& io, const config::ClientConfig& client, std::uint32_t max_clients)
    : acceptor_(io),
      pause_(io),
      max_clients_(max_clients),
      accept_errors_(kAcceptWarnInterval),
      rejections_(kAcceptWarnInterval) {
  const std::string where = config::print_host_port(client.listen);
  boost::system::error_code error;
  boost::asio::ip::tcp::resolver resolver(io);
  const auto addresses = resolver.resolve(client.listen.host, std::to_string(client.listen.port),
                                          boost::asio::ip::tcp::resolver::passive, error);
  if (error || addresses.empty()) {
    throw std::runtime_error("cannot listen on " + where + ": " + error.message() +
                             "; set listen to an address of this host");
  }
  const boost::asio::ip::tcp::endpoint address = *addresses.begin();
  acceptor_.open(address.protocol(), error);
  if (!error) acceptor_.set_option(boost::asio::socket_base::reuse_address(true), error);
  if (!error) acceptor_.bind(address, error);
  if (!error) acceptor_.listen(client.backlog, error);
  if (!error) acceptor_.non_blocking(true, error);
  if (error) {
    throw std::runtime_error("cannot listen on " + where + ": " + error.message() +
                             "; stop what uses the port, or set another with --listen");
  }
  port_ = acceptor_.local_endpoint().port();
}

void Listener::start(const std::vector<std::unique_ptr<Worker>>& workers) {
  for (const auto& worker : workers) workers_.push_back(worker.get());
  given_.assign(workers_.size(), 0);
  listening_ = true;
  wait();
}

void Listener::stop() {
  for (int i = 0; i < kAcceptsAtEnd && listening_; ++i) {
    const int error_number = accept_one();
    if (error_number != 0 && error_number != EINTR && error_number != ECONNABORTED) break;
  }
  listening_ = false;
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
}

void Listener::wait() {
  acceptor_.async_wait(boost::asio::socket_base::wait_read, [this](const boost::system::error_code& error) {
    if (!error) on_ready();
  });
}

void Listener::on_ready() {
  for (int i = 0; i < kAcceptsPerTurn && listening_; ++i) {
    const int error_number = accept_one();
    if (error_number == EMFILE || error_number == ENFILE || error_number == ENOBUFS || error_number == ENOMEM)
      return pause(error_number);
    if (error_number != 0 && error_number != EINTR && error_number != ECONNABORTED) break;
  }
  if (listening_) wait();
}

int Listener::accept_one() {
  const int socket = ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (socket < 0) return errno;
  give(socket);
  return 0;
}

void Listener::pause(int error_number) {
  if (const auto left_out = accept_errors_.allow(std::chrono::steady_clock::now())) {
    const bool is_limit = error_number == EMFILE || error_number == ENFILE;
    spdlog::error("cannot accept clients: {}{}{}", std::system_category().message(error_number),
                  is_limit ? "; raise the limit of open files (ulimit -Hn), or lower limits.max_clients" : "",
                  more_like_it(*left_out));
  }
  pause_.expires_after(kPause);
  pause_.async_wait([this](const boost::system::error_code& error) {
    if (!error && listening_) wait();
  });
}

void Listener::give(int socket) {
  std::uint64_t total = 0;
  std::uint64_t least = UINT64_MAX;
  std::size_t chosen = 0;
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    const std::uint64_t open = given_[i] - workers_[i]->counters().clients_closed.get();
    total += open;
    if (open < least) {
      least = open;
      chosen = i;
    }
  }
  if (total >= max_clients_) return reject(socket);
  ++given_[chosen];
  workers_[chosen]->take_client(socket);
}

void Listener::reject(int socket) {
  ++rejected_;
  if (const auto left_out = rejections_.allow(std::chrono::steady_clock::now())) {
    spdlog::warn("a client was refused: there are limits.max_clients ({}){}", max_clients_,
                 more_like_it(*left_out));
  }
  const std::string reply = "-" + std::string(protocol::errors::kMaxClients) + "\r\n";
  static_cast<void>(::send(socket, reply.data(), reply.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
  ::close(socket);
}

}  // namespace slotway::proxy
