#include "tests/kit/fake_redis.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace slotway::kit {
namespace {

int bound_socket(const std::string& host, std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (fd < 0 || ::inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1 ||
      ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error(std::string("a fake node cannot bind: ") + std::strerror(errno));
  }
  return fd;
}

// At once: closing alone would take effect after the poll() that the node's thread may be in.
void end_socket(int& fd) {
  if (fd < 0) return;
  ::shutdown(fd, SHUT_RDWR);
  ::close(std::exchange(fd, -1));
}

std::string joined(const Args& args) {
  std::string line;
  for (const std::string& arg : args) line += (line.empty() ? "" : " ") + arg;
  return line;
}

// The number between a type byte at `at` and its line end; moves `at` behind it. nullopt: not whole.
std::optional<std::size_t> take_number(const std::string& bytes, std::size_t& at, char type) {
  const std::size_t end = bytes.find("\r\n", at);
  if (end == std::string::npos) return std::nullopt;
  if (bytes[at] != type)
    throw std::runtime_error("a fake node was sent what is no request: " + bytes.substr(at, 80));
  const std::size_t number = std::strtoull(bytes.c_str() + at + 1, nullptr, 10);
  at = end + 2;
  return number;
}

}  // namespace

std::optional<Args> take_request(std::string& bytes) {
  std::size_t at = 0;
  const auto count = take_number(bytes, at, '*');
  if (!count) return std::nullopt;
  Args args;
  while (args.size() < *count) {
    const auto size = take_number(bytes, at, '$');
    if (!size || bytes.size() < at + *size + 2) return std::nullopt;
    args.push_back(bytes.substr(at, *size));
    at += *size + 2;
  }
  bytes.erase(0, at);
  return args;
}

FakeRedis::FakeRedis()
    : reserved_(bound_socket(address_, 0)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(reserved_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  listen();
  thread_ = std::thread([this] { run(); });
}

FakeRedis::~FakeRedis() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake();
  thread_.join();
  go_down();
  ::close(reserved_);
  ::close(wake_);
}

void FakeRedis::listen() {
  listener_ = bound_socket(address_, port_);
  if (::listen(listener_, 64) != 0) throw std::runtime_error("a fake node cannot listen");
}

std::string FakeRedis::address() {
  const std::lock_guard lock(mutex_);
  return address_;
}

// --- rules ---

void FakeRedis::set_control(Handler control) {
  const std::lock_guard lock(mutex_);
  control_ = std::move(control);
}

void FakeRedis::set_handler(Handler handler) {
  const std::lock_guard lock(mutex_);
  handler_ = std::move(handler);
}

// --- by hand ---

template <class Predicate>
void FakeRedis::wait(const char* what, Predicate is_done) {
  std::unique_lock lock(mutex_);
  if (changed_.wait_for(lock, kPatience, is_done)) return;
  throw std::runtime_error(std::string("waited in vain for ") + what + "; the node has seen:\n" + history_);
}

FakeRedis::Request FakeRedis::take() {
  Request request;
  wait("a request", [&] {
    if (waiting_.empty()) return false;
    request = std::move(waiting_.front());
    waiting_.pop_front();
    return true;
  });
  return request;
}

bool FakeRedis::is_quiet() {
  const std::lock_guard lock(mutex_);
  return waiting_.empty();
}

void FakeRedis::send(std::uint64_t connection, std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  const auto found = connections_.find(connection);
  if (found == connections_.end()) return;
  found->second.out += bytes;
  // At once, so that the bytes are in the peer's socket when this returns; what does not fit follows.
  write(found->second);
  wake();
}

void FakeRedis::close(const Request& of) {
  const std::lock_guard lock(mutex_);
  const auto found = connections_.find(of.connection);
  if (found == connections_.end()) return;
  found->second.closing = true;
  wake();
}

// --- what happened ---

std::string FakeRedis::history() {
  const std::lock_guard lock(mutex_);
  return history_;
}

std::string FakeRedis::bytes_of(std::uint64_t connection) {
  const std::lock_guard lock(mutex_);
  const auto found = connections_.find(connection);
  return found != connections_.end() ? found->second.all : bytes_of_closed_[connection];
}

std::size_t FakeRedis::open_connections() {
  const std::lock_guard lock(mutex_);
  std::size_t count = 0;
  for (const auto& [id, connection] : connections_) count += connection.has_data ? 1u : 0u;
  return count;
}

void FakeRedis::wait_for_open_connections(std::size_t count) {
  wait("the number of open connections", [&] {
    std::size_t open = 0;
    for (const auto& [id, connection] : connections_) open += connection.has_data ? 1u : 0u;
    return open == count;
  });
}

std::uint64_t FakeRedis::accepted() {
  const std::lock_guard lock(mutex_);
  return accepted_;
}

// --- faults ---

void FakeRedis::close_connections() {
  const std::lock_guard lock(mutex_);
  for (auto& [id, connection] : connections_) drop(connection);
  connections_.clear();
  wake();
}

void FakeRedis::go_down() {
  const std::lock_guard lock(mutex_);
  end_socket(listener_);
  for (auto& [id, connection] : connections_) drop(connection);
  connections_.clear();
  wake();
}

void FakeRedis::restart() {
  const std::lock_guard lock(mutex_);
  if (listener_ < 0) listen();
  wake();
}

void FakeRedis::move(const std::string& address) {
  go_down();
  {
    const std::lock_guard lock(mutex_);
    address_ = address;
  }
  restart();
}

void FakeRedis::stop_reading() {
  const std::lock_guard lock(mutex_);
  reading_ = false;
  wake();
}

void FakeRedis::read_again() {
  const std::lock_guard lock(mutex_);
  reading_ = true;
  wake();
}

// --- the node's thread ---

void FakeRedis::wake() const {
  const std::uint64_t one = 1;
  static_cast<void>(::write(wake_, &one, sizeof one));
}

void FakeRedis::run() {
  while (turn()) {
  }
}

// False: the end.
bool FakeRedis::turn() {
  std::unique_lock lock(mutex_);
  if (stopping_) return false;
  std::vector<pollfd> polled{{wake_, POLLIN, 0}};
  std::vector<std::uint64_t> ids{0};
  if (listener_ >= 0) polled.push_back({listener_, POLLIN, 0}), ids.push_back(0);
  for (auto& [id, connection] : connections_) {
    const bool reads = reading_ || !connection.has_data;
    polled.push_back({connection.fd,
                      static_cast<short>((reads ? POLLIN : 0) | (connection.out.empty() ? 0 : POLLOUT)), 0});
    ids.push_back(id);
  }
  lock.unlock();
  ::poll(polled.data(), polled.size(), -1);
  lock.lock();

  std::uint64_t ignored = 0;
  static_cast<void>(::read(wake_, &ignored, sizeof ignored));
  if (listener_ >= 0) accept();
  for (std::size_t i = 1; i < ids.size(); ++i) {
    const auto found = connections_.find(ids[i]);
    if (found == connections_.end() || found->second.fd != polled[i].fd) continue;
    if (reading_ || !found->second.has_data) read(found->second);
  }
  for (const std::uint64_t id : ids) {
    if (const auto found = connections_.find(id); found != connections_.end())
      take_requests(found->second, lock);
  }
  for (auto it = connections_.begin(); it != connections_.end();) {
    if (it->second.fd >= 0) write(it->second);
    it = it->second.fd < 0 ? connections_.erase(it) : std::next(it);
  }
  changed_.notify_all();
  return true;
}

void FakeRedis::accept() {
  for (int fd = 0; (fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0;) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Connection connection;
    connection.id = ++accepted_;
    connection.fd = fd;
    connections_.emplace(connection.id, std::move(connection));
    wake();
  }
}

void FakeRedis::read(Connection& connection) {
  char buffer[64 * 1024];
  const ssize_t size = ::recv(connection.fd, buffer, sizeof buffer, 0);
  if (size > 0) {
    ++chunks_;
    connection.in.append(buffer, static_cast<std::size_t>(size));
    connection.all.append(buffer, static_cast<std::size_t>(size));
  } else if (size == 0 || (errno != EAGAIN && errno != EINTR)) {
    drop(connection);
  }
}

void FakeRedis::take_requests(Connection& connection, std::unique_lock<std::mutex>& lock) {
  const std::uint64_t id = connection.id;
  Request request{id, chunks_, {}};
  for (auto found = connections_.find(id); found != connections_.end(); found = connections_.find(id)) {
    auto args = take_request(found->second.in);
    if (!args) return;
    request.args = std::move(*args);

    // Handlers may call other nodes, so they run unlocked.
    const Handler control = control_;
    const Handler handler = handler_;
    lock.unlock();
    std::optional<Reaction> reaction = control ? control(request) : std::nullopt;
    const bool is_control = reaction.has_value();
    lock.lock();
    if (!is_control) history_ += joined(request.args) + "\n";
    if (!is_control && handler) {
      lock.unlock();
      reaction = handler(request);
      lock.lock();
    }
    found = connections_.find(id);
    if (found != connections_.end()) {
      found->second.has_data |= !is_control;
      if (reaction) found->second.out += reaction->bytes;
      if (reaction) found->second.closing |= reaction->closes;
    }
    if (!reaction) waiting_.push_back(request);
  }
}

void FakeRedis::write(Connection& connection) {
  while (!connection.out.empty()) {
    const ssize_t sent = ::send(connection.fd, connection.out.data(), connection.out.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno != EAGAIN) return drop(connection);
    if (sent <= 0) return;
    connection.out.erase(0, static_cast<std::size_t>(sent));
  }
  if (connection.closing) drop(connection);
}

void FakeRedis::drop(Connection& connection) {
  end_socket(connection.fd);
  bytes_of_closed_[connection.id] = connection.all;
}

}  // namespace slotway::kit
