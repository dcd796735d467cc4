// --health against sockets that answer as told: one connection, on port 0, its thread a blocking server.
#include "proxy/observe/health_check.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch.hpp>
#include <string>
#include <thread>

namespace slotway::proxy {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace std::chrono_literals;

constexpr auto kLong = 20s;

// Takes one client, reads its request, answers, and closes. With Then::wait it
// waits for the client's end first.
class Answerer {
 public:
  enum class Then { close, wait };

  explicit Answerer(std::string answer, Then then = Then::close)
      : acceptor_(io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
        thread_([this, answer, then] { serve(answer, then); }) {}
  ~Answerer() { thread_.join(); }
  Answerer(const Answerer&) = delete;
  Answerer& operator=(const Answerer&) = delete;

  config::HostPort address() const { return {"127.0.0.1", acceptor_.local_endpoint().port()}; }
  std::string name() const { return "http://127.0.0.1:" + std::to_string(address().port) + "/healthz: "; }
  // When the check has come to its end.
  const std::string& request() const { return request_; }

 private:
  void serve(const std::string& answer, Then then) {
    boost::system::error_code ignored;
    tcp::socket socket = acceptor_.accept();
    asio::read_until(socket, asio::dynamic_buffer(request_), "\r\n\r\n", ignored);
    asio::write(socket, asio::buffer(answer), ignored);
    std::string rest;
    if (then == Then::wait) asio::read_until(socket, asio::dynamic_buffer(rest), "\n", ignored);
  }

  asio::io_context io_{1};
  tcp::acceptor acceptor_;
  std::string request_;
  std::thread thread_;
};

std::string http(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace

TEST_CASE("an address that stands for all is asked at loopback, another one as it is") {
  const auto [admin, asked] = GENERATE(table<std::string, std::string>({
      {"0.0.0.0", "127.0.0.1"},
      {"::", "::1"},
      {"0::0", "::1"},
      {"10.0.0.1", "10.0.0.1"},
      {"fd00::1", "fd00::1"},
      {"127.0.0.1", "127.0.0.1"},
  }));
  CHECK(health_address({admin, 9380}) == config::HostPort{asked, 9380});
}

TEST_CASE("200 is healthy, and what is asked is /healthz") {
  std::string request;
  {
    Answerer server(http("200 OK", "ok\n"));
    CHECK(check_health({"0.0.0.0", server.address().port}, kLong) == std::nullopt);
    request = server.request();
  }
  CHECK(request.starts_with("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:"));
}

TEST_CASE("any other answer is one line that says what came and what to do") {
  const auto [answer, problem] = GENERATE(table<std::string, std::string>({
      {http("503 Service Unavailable", "a worker's loop did not answer in time\n"),
       "answers 503: a worker's loop did not answer in time; restart Slotway if this goes on"},
      {http("404 Not Found", "two\nlines\n"),
       "answers 404: two\\x0alines; see whether it is Slotway's admin port (admin in the file, --admin)"},
      {"-ERR unknown command 'GET'\r\n",
       "no answer that can be read: bad version; see whether it is Slotway's admin port (admin in the file, "
       "--admin)"},
      {"",
       "no answer that can be read: end of stream; see whether it is Slotway's admin port (admin in the "
       "file, --admin)"},
      {http("200 OK", std::string(1 << 20, 'x')),
       "no answer that can be read: body limit exceeded; see whether it is Slotway's admin port (admin in "
       "the "
       "file, --admin)"},
  }));
  Answerer server(answer);
  CHECK(check_health(server.address(), kLong).value_or("") == server.name() + problem);
}

TEST_CASE("a port that is silent is given up at the limit") {
  Answerer server("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\no", Answerer::Then::wait);
  CHECK(check_health(server.address(), 50ms) ==
        server.name() +
            "does not answer within 50ms; see the log of the Slotway there, and restart it if this goes on");
}

TEST_CASE("a port on which nobody listens is not healthy") {
  asio::io_context io;
  // Bound, and never listening: nobody else gets it meanwhile.
  tcp::acceptor taken(io);
  taken.open(tcp::v4());
  taken.bind(tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  const std::uint16_t port = taken.local_endpoint().port();
  CHECK(check_health({"127.0.0.1", port}, kLong) == "http://127.0.0.1:" + std::to_string(port) +
                                                        "/healthz: Connection refused; start Slotway, or "
                                                        "give --health the configuration with which it runs "
                                                        "(--config, --admin)");
}

}  // namespace slotway::proxy
