#include "proxy/listener.hpp"

#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <system_error>

#include "config/upstreams.hpp"
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

Listener::Listener(boost::asio::io_context& io, const config::Config& config)
    : max_clients_(config.limits.max_clients),
      accept_errors_(kAcceptWarnInterval),
      rejections_(kAcceptWarnInterval) {
  const std::vector<config::ListenerConfig> listeners = config::every_listener(config);
  for (unsigned number = 0; number < listeners.size(); ++number) {
    const config::ClientConfig& client = listeners[number].client;
    for (const config::ListenAddress& address : client.listen)
      sockets_.emplace_back(io, address, client, number);
  }
}

std::vector<std::vector<config::ListenAddress>> Listener::addresses() const {
  std::vector<std::vector<config::ListenAddress>> addresses;
  for (const ListeningSocket& socket : sockets_) {
    addresses.resize(socket.listener() + std::size_t{1});
    addresses.back().push_back(socket.address());
  }
  return addresses;
}

void Listener::start(const std::vector<std::unique_ptr<Worker>>& workers) {
  for (const auto& worker : workers) workers_.push_back(worker.get());
  given_.assign(workers_.size(), 0);
  listening_ = true;
  for (ListeningSocket& socket : sockets_) wait(socket);
}

void Listener::stop() {
  for (ListeningSocket& socket : sockets_) {
    socket.hide();
    for (int i = 0; i < kAcceptsAtEnd && listening_; ++i) {
      const int error_number = accept_one(socket);
      if (error_number != 0 && error_number != EINTR && error_number != ECONNABORTED) break;
    }
    socket.close();
  }
  listening_ = false;
}

void Listener::wait(ListeningSocket& socket) {
  socket.wait([this, &socket] { on_ready(socket); });
}

void Listener::on_ready(ListeningSocket& socket) {
  for (int i = 0; i < kAcceptsPerTurn && listening_; ++i) {
    const int error_number = accept_one(socket);
    if (error_number == EMFILE || error_number == ENFILE || error_number == ENOBUFS || error_number == ENOMEM)
      return pause(socket, error_number);
    if (error_number != 0 && error_number != EINTR && error_number != ECONNABORTED) break;
  }
  if (listening_) wait(socket);
}

int Listener::accept_one(ListeningSocket& socket) {
  const int client = socket.accept();
  if (client < 0) return errno;
  give(client, socket.listener());
  return 0;
}

void Listener::pause(ListeningSocket& socket, int error_number) {
  if (const auto left_out = accept_errors_.allow(std::chrono::steady_clock::now())) {
    const bool is_limit = error_number == EMFILE || error_number == ENFILE;
    spdlog::error("cannot accept clients: {}{}{}", std::system_category().message(error_number),
                  is_limit ? "; raise the limit of open files (ulimit -Hn), or lower limits.max_clients" : "",
                  more_like_it(*left_out));
  }
  socket.pause(kPause, [this, &socket] {
    if (listening_) wait(socket);
  });
}

void Listener::give(int client, unsigned listener) {
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
  if (total >= max_clients_) return reject(client);
  ++given_[chosen];
  workers_[chosen]->take_client(client, listener);
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
