#include "proxy/observe/health_check.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <exception>
#include <utility>

#include "config/problem.hpp"
#include "config/units.hpp"

namespace slotway::proxy {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

using Stream = beast::basic_stream<tcp, asio::io_context::executor_type>;

constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);
constexpr const char* kPage = "/healthz";
constexpr std::uint32_t kMaxHeaderBytes = 4096;
constexpr std::uint64_t kMaxBodyBytes = 4096;

// What came of a question: an answer, or an error of the connection.
struct Answer {
  error_code error;
  bool connected = false;
  unsigned status = 0;
  std::string body;
};

asio::awaitable<Answer> ask(Stream& stream, tcp::endpoint address, std::string host,
                            std::chrono::milliseconds limit) {
  Answer answer;
  // One deadline for all three steps.
  stream.expires_after(limit);
  const auto [connect_error] = co_await stream.async_connect(address, kAsTuple);
  answer.error = connect_error;
  if (connect_error) co_return answer;
  answer.connected = true;

  http::request<http::empty_body> request(http::verb::get, kPage, 11);
  request.set(http::field::host, host);
  request.set(http::field::user_agent, "slotway --health");
  request.keep_alive(false);
  const auto [write_error, written] = co_await http::async_write(stream, request, kAsTuple);
  answer.error = write_error;
  if (write_error) co_return answer;

  beast::flat_buffer buffer(kMaxHeaderBytes + kMaxBodyBytes);
  http::response_parser<http::string_body> parser;
  parser.header_limit(kMaxHeaderBytes);
  parser.body_limit(kMaxBodyBytes);
  const auto [read_error, read] = co_await http::async_read(stream, buffer, parser, kAsTuple);
  answer.error = read_error;
  if (read_error) co_return answer;
  answer.status = parser.get().result_int();
  answer.body = std::move(parser.get().body());
  co_return answer;
}

// Without the newline that pages end with; one line, whatever was sent.
std::string shown(std::string body) {
  while (!body.empty() && (body.back() == '\n' || body.back() == '\r')) body.pop_back();
  return config::printable(body);
}

// nullopt = all is well.
std::optional<std::string> verdict(const Answer& answer, std::chrono::milliseconds limit) {
  if (answer.error == beast::error::timeout) {
    return std::string(answer.connected ? "does not answer" : "cannot be reached") + " within " +
           config::print_duration(limit) +
           "; see the log of the Slotway there, and restart it if this goes on";
  }
  if (answer.error && !answer.connected) {
    return answer.error.message() +
           "; start Slotway, or give --health the configuration with which it runs (--config, --admin)";
  }
  if (answer.error) {
    return "no answer that can be read: " + answer.error.message() +
           "; see whether it is Slotway's admin port (admin in the file, --admin)";
  }
  if (answer.status == 200) return std::nullopt;
  const std::string said = "answers " + std::to_string(answer.status) + ": " + shown(answer.body);
  if (answer.status == 503) return said + "; restart Slotway if this goes on";
  return said + "; see whether it is Slotway's admin port (admin in the file, --admin)";
}

}  // namespace

config::HostPort health_address(const config::HostPort& admin) {
  error_code ec;
  const auto address = asio::ip::make_address(admin.host, ec);
  if (ec || !address.is_unspecified()) return admin;
  return {address.is_v6() ? "::1" : "127.0.0.1", admin.port};
}

std::optional<std::string> check_health(const config::HostPort& admin, std::chrono::milliseconds limit) {
  const config::HostPort asked = health_address(admin);
  const std::string name = config::print_host_port(asked);
  Answer answer;
  // A configuration has addresses only: no name is looked up, which could take as long as it likes.
  const auto address = asio::ip::make_address(asked.host, answer.error);
  if (!answer.error) {
    asio::io_context io{1};
    Stream stream(io.get_executor());
    asio::co_spawn(io, ask(stream, tcp::endpoint(address, asked.port), name, limit),
                   [&answer](const std::exception_ptr& failure, Answer got) {
                     if (failure) std::rethrow_exception(failure);
                     answer = std::move(got);
                   });
    io.run();
  }
  const auto problem = verdict(answer, limit);
  if (!problem) return std::nullopt;
  return "http://" + name + kPage + ": " + *problem;
}

}  // namespace slotway::proxy
