#include "proxy/control/redis_client.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

#include "proxy/upstream/auth_error.hpp"

// GCC 12 sees the frames' operator new inlined and their operator delete not, and takes them for a mismatch.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace slotway::proxy {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using namespace asio::experimental::awaitable_operators;

namespace {

constexpr std::string_view kClosed = "closed";
constexpr std::string_view kTimedOut = "timed out";
constexpr std::string_view kSilent = "no reply in time";
constexpr asio::as_tuple_t<asio::use_awaitable_t<asio::io_context::executor_type>> kAwait{};

// The operation's result, or nullopt if the deadline came first; then the operation has been cancelled.
template <typename Timer, typename T>
Task<std::optional<T>> before(asio::io_context& io, std::chrono::steady_clock::time_point deadline,
                              Task<T> operation) {
  Timer timer{io, deadline};
  auto first = co_await (std::move(operation) || timer.async_wait(kAwait));
  if (first.index() == 0) co_return std::get<0>(std::move(first));
  co_return std::nullopt;
}

std::string encode(const std::vector<RedisClient::Command>& commands) {
  std::string out;
  for (const RedisClient::Command& command : commands) {
    out += '*' + std::to_string(command.size()) + "\r\n";
    for (const std::string& argument : command) {
      out += '$' + std::to_string(argument.size()) + "\r\n";
      out += argument;
      out += "\r\n";
    }
  }
  return out;
}

std::string encode_auth(const Credentials& credentials) {
  RedisClient::Command auth{"AUTH"};
  if (!credentials.username.empty()) auth.push_back(credentials.username);
  auth.push_back(credentials.password);
  return encode({std::move(auth)});
}

routing::Endpoint endpoint_of(const tcp::endpoint& address) {
  return {address.address().to_string(), address.port()};
}

}  // namespace

// A name lookup that can be left behind: getaddrinfo cannot be interrupted, so its handler keeps this alive.
struct RedisClient::Resolution {
  Resolution(asio::io_context& io, TimePoint deadline) : resolver(io), timer(io, deadline) {}

  asio::ip::basic_resolver<tcp, Executor> resolver;
  Timer timer;  // expires, or is cancelled when the lookup is done
  bool is_done = false;
  error_code error;
  std::vector<Address> addresses;
};

void RedisClient::close() {
  is_closed_ = true;
  error_code ignored;
  socket_.close(ignored);
  if (resolution_) resolution_->timer.cancel();
}

Task<std::string> RedisClient::connect(routing::Endpoint endpoint, Credentials credentials,
                                       std::chrono::milliseconds timeout, std::uint64_t turn) {
  close();
  is_closed_ = false;
  reader_ = protocol::ReplyReader{};
  const TimePoint deadline = std::chrono::steady_clock::now() + timeout;
  std::vector<Address> addresses;
  std::string error = co_await resolve(std::move(endpoint), deadline, addresses);
  if (!addresses.empty()) {
    const auto first = static_cast<std::ptrdiff_t>(turn % addresses.size());
    std::rotate(addresses.begin(), addresses.begin() + first, addresses.end());
    std::stable_partition(addresses.begin(), addresses.end(),
                          [&](const Address& address) { return endpoint_of(address) == preferred_; });
  }
  if (error.empty()) error = co_await connect_to_any(std::move(addresses), deadline);
  if (error.empty() && !credentials.password.empty())
    error = co_await log_in(std::move(credentials), deadline);
  if (!error.empty()) close();
  co_return error;
}

Task<std::string> RedisClient::resolve(routing::Endpoint endpoint, TimePoint deadline,
                                       std::vector<Address>& out) {
  error_code not_literal;
  const auto literal = asio::ip::make_address(endpoint.host, not_literal);
  if (!not_literal) {
    out.emplace_back(literal, endpoint.port);
    co_return std::string{};
  }
  auto lookup = std::make_shared<Resolution>(io_, deadline);
  resolution_ = lookup;
  lookup->resolver.async_resolve(endpoint.host, std::to_string(endpoint.port), tcp::resolver::numeric_service,
                                 [lookup](error_code error, const tcp::resolver::results_type& results) {
                                   lookup->is_done = true;
                                   lookup->error = error;
                                   for (const auto& result : results)
                                     lookup->addresses.push_back(result.endpoint());
                                   lookup->timer.cancel();
                                 });
  co_await lookup->timer.async_wait(kAwait);
  resolution_.reset();
  lookup->resolver.cancel();
  if (is_closed_) co_return std::string{kClosed};
  if (!lookup->is_done) co_return "its name lookup timed out";
  if (lookup->error) co_return "its name cannot be resolved: " + lookup->error.message();
  out = std::move(lookup->addresses);
  co_return std::string{};
}

Task<std::string> RedisClient::connect_to_any(std::vector<Address> addresses, TimePoint deadline) {
  std::string error = "its name has no address";
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const TimePoint now = std::chrono::steady_clock::now();
    const auto share = (deadline - now) / static_cast<std::int64_t>(addresses.size() - i);
    error_code ignored;
    socket_.close(ignored);
    const auto connected =
        co_await before<Timer>(io_, now + share, socket_.async_connect(addresses[i], kAwait));
    if (is_closed_) co_return std::string{kClosed};
    if (!connected) {
      error = "connecting " + std::string{kTimedOut};
    } else if (const auto [failure] = *connected; failure) {
      error = failure.message();
    } else {
      socket_.set_option(tcp::no_delay{true}, ignored);
      address_ = endpoint_of(addresses[i]);
      co_return std::string{};
    }
  }
  co_return error;
}

Task<std::string> RedisClient::log_in(Credentials credentials, TimePoint deadline) {
  const std::string_view options = credentials.options;
  Answer answer = co_await exchange(encode_auth(credentials), 1, deadline);
  if (!answer.error.empty()) co_return "AUTH: " + answer.error;
  const protocol::ReplyTree& reply = answer.replies.front();
  if (reply.is_error()) co_return explain_auth_error(reply.text, options);
  if (reply.type != protocol::ReplyType::status) co_return "AUTH was not answered with OK";
  co_return std::string{};
}

Task<RedisClient::Answer> RedisClient::ask(std::vector<Command> commands, std::chrono::milliseconds timeout) {
  const TimePoint deadline = std::chrono::steady_clock::now() + timeout;
  Answer answer = co_await exchange(encode(commands), commands.size(), deadline);
  if (!answer.error.empty()) close();
  co_return answer;
}

Task<RedisClient::Answer> RedisClient::exchange(std::string bytes, std::size_t count, TimePoint deadline) {
  Answer answer;
  answer.error = co_await send(std::move(bytes), deadline);
  while (answer.error.empty()) {
    while (auto reply = reader_.next()) answer.replies.push_back(std::move(*reply));
    if (reader_.has_failed()) {
      answer.error = reader_.error();
    } else if (answer.replies.size() > count) {
      answer.error = "more replies than commands";
    } else if (answer.replies.size() == count) {
      break;
    } else {
      answer.error = co_await receive(deadline);
    }
  }
  co_return answer;
}

Task<std::string> RedisClient::send(std::string bytes, TimePoint deadline) {
  if (is_closed_) co_return std::string{kClosed};
  const auto written =
      co_await before<Timer>(io_, deadline, asio::async_write(socket_, asio::buffer(bytes), kAwait));
  if (is_closed_) co_return std::string{kClosed};
  if (!written) co_return "sending " + std::string{kTimedOut};
  if (std::get<0>(*written)) co_return std::get<0>(*written).message();
  co_return std::string{};
}

Task<std::string> RedisClient::receive(TimePoint deadline) {
  if (is_closed_) co_return std::string{kClosed};
  std::array<char, 4096> chunk;
  const auto read =
      co_await before<Timer>(io_, deadline, socket_.async_read_some(asio::buffer(chunk), kAwait));
  if (is_closed_) co_return std::string{kClosed};
  if (!read) co_return std::string{kSilent};
  const auto [failure, size] = *read;
  if (failure == asio::error::eof) co_return "the node closed the connection";
  if (failure) co_return failure.message();
  reader_.feed({chunk.data(), size});
  co_return std::string{};
}

Task<std::string> RedisClient::tell(std::vector<Command> commands, std::chrono::milliseconds timeout) {
  std::string error = co_await send(encode(commands), std::chrono::steady_clock::now() + timeout);
  if (!error.empty()) close();
  co_return error;
}

Task<RedisClient::Answer> RedisClient::hear(std::chrono::milliseconds timeout) {
  const TimePoint deadline = std::chrono::steady_clock::now() + timeout;
  Answer answer;
  while (answer.error.empty()) {
    if (auto reply = reader_.next()) {
      answer.replies.push_back(std::move(*reply));
      co_return answer;
    }
    if (reader_.has_failed()) {
      answer.error = reader_.error();
    } else {
      answer.error = co_await receive(deadline);
    }
  }
  if (answer.error == kSilent) co_return Answer{};
  close();
  co_return answer;
}

std::string printable(std::string_view text) {
  constexpr std::size_t kMaxSize = 200;
  std::string out{text.substr(0, kMaxSize)};
  for (char& c : out) {
    if (c < ' ' || c > '~') c = '?';
  }
  if (text.size() > kMaxSize) out += "...";
  return out;
}

}  // namespace slotway::proxy
