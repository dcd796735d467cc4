#include "tests/kit/test_client.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace slotway::kit {
namespace {

using Clock = std::chrono::steady_clock;

// The reader moves all it holds after each reply: it gets no more at a time.
constexpr std::size_t kChunk = 64 * 1024;

void append_quoted(std::string& out, std::string_view bytes) {
  out += '"';
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte >= 0x20 && byte < 0x7f) {
      out += c;
    } else {
      char escaped[5];
      std::snprintf(escaped, sizeof(escaped), "\\x%02x", static_cast<unsigned>(byte));
      out += escaped;
    }
  }
  out += '"';
}

Reply take(const redisReply& from) {
  Reply reply;
  switch (from.type) {
    case REDIS_REPLY_STATUS: reply.type = Reply::Type::status; break;
    case REDIS_REPLY_ERROR: reply.type = Reply::Type::error; break;
    case REDIS_REPLY_STRING: reply.type = Reply::Type::bulk; break;
    case REDIS_REPLY_INTEGER: reply.type = Reply::Type::integer; break;
    case REDIS_REPLY_ARRAY: reply.type = Reply::Type::array; break;
    default: reply.type = Reply::Type::nil; break;
  }
  if (reply.type == Reply::Type::integer) reply.integer = from.integer;
  if (reply.type == Reply::Type::array) {
    for (std::size_t i = 0; i < from.elements; ++i) reply.elements.push_back(take(*from.element[i]));
  } else if (from.str != nullptr) {
    reply.text.assign(from.str, static_cast<std::size_t>(from.len));
  }
  return reply;
}

std::string errno_text(const char* what) { return std::string(what) + ": " + std::strerror(errno); }

}  // namespace

std::string to_text(const Reply& reply) {
  std::string out;
  switch (reply.type) {
    case Reply::Type::status: return "+" + reply.text;
    case Reply::Type::error: return "-" + reply.text;
    case Reply::Type::integer: return ":" + std::to_string(reply.integer);
    case Reply::Type::nil: return "nil";
    case Reply::Type::bulk: append_quoted(out, reply.text); return out;
    case Reply::Type::array: break;
  }
  out = "[";
  for (const Reply& element : reply.elements) {
    if (out.size() > 1) out += ", ";
    out += to_text(element);
  }
  return out + "]";
}

std::string encode(const Args& arguments) {
  std::string out = "*" + std::to_string(arguments.size()) + "\r\n";
  for (const std::string& argument : arguments) {
    out += "$" + std::to_string(argument.size()) + "\r\n";
    out += argument;
    out += "\r\n";
  }
  return out;
}

void TestClient::ReaderDeleter::operator()(redisReader* reader) const { redisReaderFree(reader); }

TestClient::TestClient(Timeout timeout) : timeout_(timeout), reader_(redisReaderCreate()) {}

TestClient::TestClient(std::uint16_t port, Timeout timeout, const std::string& host) : TestClient(timeout) {
  const std::string name = "port " + std::to_string(port);
  sockaddr_storage storage{};
  sockaddr_in address{};
  sockaddr_in6 address6{};
  address.sin_family = AF_INET;
  address.sin_port = address6.sin6_port = htons(port);
  address6.sin6_family = AF_INET6;
  if (::inet_pton(AF_INET, host.c_str(), &address.sin_addr) == 1) {
    std::memcpy(&storage, &address, sizeof address);
    connect(storage, sizeof address, name);
  } else if (::inet_pton(AF_INET6, host.c_str(), &address6.sin6_addr) == 1) {
    std::memcpy(&storage, &address6, sizeof address6);
    connect(storage, sizeof address6, name);
  } else {
    throw ClientError("no address: " + host);
  }
}

TestClient TestClient::on_socket(const std::string& path, Timeout timeout) {
  sockaddr_storage storage{};
  sockaddr_un address{};
  if (path.size() >= sizeof address.sun_path) throw ClientError("too long for a unix socket: " + path);
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  std::memcpy(&storage, &address, sizeof address);
  TestClient client(timeout);
  client.connect(storage, sizeof address, path);
  return client;
}

void TestClient::connect(const sockaddr_storage& address, socklen_t size, const std::string& name) {
  fd_ = ::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd_ < 0) throw ClientError(errno_text("socket"));
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  int error = ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), size) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {
    short ready = 0;
    error = ETIMEDOUT;
    socklen_t error_size = sizeof(error);
    if (poll_for(POLLOUT, ready, timeout_)) ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &error_size);
  }
  if (error != 0) {
    close();
    throw ClientError("connect to " + name + ": " + std::strerror(error));
  }
}

TestClient::~TestClient() { close(); }

TestClient::TestClient(TestClient&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      timeout_(other.timeout_),
      received_(std::move(other.received_)),
      given_(other.given_),
      reader_(std::move(other.reader_)) {}

Reply TestClient::command(const Args& arguments) {
  send(arguments);
  return read();
}

std::vector<Reply> TestClient::pipeline(const std::vector<Args>& commands) {
  std::string bytes;
  for (const Args& arguments : commands) bytes += encode(arguments);
  send_raw(bytes);
  std::vector<Reply> replies;
  replies.reserve(commands.size());
  while (replies.size() < commands.size()) replies.push_back(read());
  return replies;
}

Reply TestClient::read() {
  const auto deadline = Clock::now() + timeout_;
  for (;;) {
    feed();
    void* parsed = nullptr;
    if (redisReaderGetReply(reader_.get(), &parsed) != REDIS_OK) {
      throw ClientError(std::string("unparsable reply: ") + reader_->errstr);
    }
    if (parsed != nullptr) {
      const std::unique_ptr<void, decltype(&freeReplyObject)> owner(parsed, freeReplyObject);
      return take(*static_cast<redisReply*>(parsed));
    }
    if (given_ < received_.size()) continue;
    short ready = 0;
    const auto left = std::chrono::duration_cast<Timeout>(deadline - Clock::now());
    if (left.count() <= 0 || !poll_for(POLLIN, ready, left)) throw ClientError("no reply in time");
    if (!receive()) throw ClientError("connection closed by the peer");
  }
}

void TestClient::send_raw(std::string_view bytes) {
  while (!bytes.empty()) {
    short ready = 0;
    if (!poll_for(POLLIN | POLLOUT, ready, timeout_))
      throw ClientError("cannot send: the peer does not read");
    if ((ready & POLLIN) != 0 && !receive()) throw ClientError("connection closed by the peer");
    if ((ready & POLLOUT) == 0) continue;
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) throw ClientError(errno_text("send"));
    if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::size_t TestClient::send_unread(std::string_view bytes, Timeout patience) {
  std::size_t total = 0;
  while (total < bytes.size()) {
    short ready = 0;
    if (!poll_for(POLLOUT, ready, patience)) break;
    const ssize_t sent = ::send(fd_, bytes.data() + total, bytes.size() - total, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) throw ClientError(errno_text("send"));
    if (sent > 0) total += static_cast<std::size_t>(sent);
  }
  return total;
}

std::string TestClient::read_raw(std::size_t size) {
  const auto deadline = Clock::now() + timeout_;
  while (received_.size() - given_ < size) {
    short ready = 0;
    const auto left = std::chrono::duration_cast<Timeout>(deadline - Clock::now());
    if (left.count() <= 0 || !poll_for(POLLIN, ready, left)) {
      throw ClientError("not enough bytes in time; got: " + received_.substr(given_));
    }
    if (!receive()) throw ClientError("connection closed by the peer after: " + received_.substr(given_));
  }
  given_ += size;
  return received_.substr(given_ - size, size);
}

std::string TestClient::read_until_closed() {
  const auto deadline = Clock::now() + timeout_;
  for (;;) {
    short ready = 0;
    const auto left = std::chrono::duration_cast<Timeout>(deadline - Clock::now());
    if (left.count() <= 0 || !poll_for(POLLIN, ready, left)) {
      throw ClientError("connection not closed in time; got: " + received_.substr(given_));
    }
    if (!receive()) return std::exchange(received_, {}).substr(std::exchange(given_, 0));
  }
}

void TestClient::shutdown_send() { ::shutdown(fd_, SHUT_WR); }

void TestClient::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

bool TestClient::is_closed() const {
  char byte = 0;
  const ssize_t got = ::recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
}

bool TestClient::poll_for(short events, short& ready, Timeout timeout) const {
  pollfd entry{fd_, events, 0};
  int count = 0;
  do {
    count = ::poll(&entry, 1, static_cast<int>(timeout.count()));
  } while (count < 0 && errno == EINTR);
  ready = entry.revents;
  if ((ready & (POLLERR | POLLHUP)) != 0) ready = static_cast<short>(ready | (events & (POLLIN | POLLOUT)));
  return count > 0;
}

bool TestClient::receive() {
  char buffer[kChunk];
  const ssize_t size = ::recv(fd_, buffer, sizeof(buffer), 0);
  if (size > 0) received_.append(buffer, static_cast<std::size_t>(size));
  return size > 0 || (size < 0 && (errno == EAGAIN || errno == EINTR));
}

void TestClient::feed() {
  const std::size_t size = std::min(received_.size() - given_, kChunk);
  redisReaderFeed(reader_.get(), received_.data() + given_, size);
  given_ += size;
  if (given_ < received_.size()) return;
  received_.clear();
  given_ = 0;
}

}  // namespace slotway::kit
