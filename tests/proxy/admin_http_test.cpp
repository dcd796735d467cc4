// The admin port over real sockets on port 0: its loop runs in a thread, the test is a blocking client.
#include "proxy/observe/admin_http.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch.hpp>
#include <functional>
#include <future>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>

namespace slotway::proxy {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using namespace std::chrono_literals;

asio::awaitable<WorkerStatuses> answer_with(WorkerStatuses statuses) { co_return statuses; }

asio::awaitable<WorkerStatuses> fail_to_ask() {
  throw std::runtime_error("the question was lost");
  co_return std::nullopt;
}

// Never answers by itself: ends when the timer is cancelled.
asio::awaitable<WorkerStatuses> wait_for(asio::steady_timer& timer) {
  error_code ec;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ec));
  co_return WorkerStatuses{std::in_place};
}

std::shared_ptr<const routing::Topology> whole_topology() {
  auto topology = std::make_shared<routing::Topology>();
  topology->add_node({.id = "a", .endpoint = {"10.0.0.1", 6379}});
  topology->assign(0, routing::kSlotCount - 1, 0);
  return topology;
}

// One admin port on a loop of its own. `facts` and `hooks` are set before the port starts.
class Server {
 public:
  Server() {
    facts.listening = true;
    facts.upstreams = {{.name = "default", .topology = whole_topology()}};
    hooks.facts = [this] { return facts; };
    hooks.worker_statuses = [] { return answer_with(WorkerStatuses{std::in_place, 1}); };
    hooks.counters = {&counters};
  }
  ~Server() { stop(); }

  void start() {
    admin_.emplace(io, config::HostPort{"127.0.0.1", 0}, hooks, options);
    port_ = admin_->port();
    thread_ = std::thread([this] { io.run(); });
  }
  // Returns when the loop has nothing left to do: no connection may outlive stop(). `then` runs right behind
  // it.
  void stop(std::function<void()> then = [] {}) {
    if (!thread_.joinable()) return;
    asio::post(io, [this, then] {
      admin_->stop();
      then();
    });
    thread_.join();
  }
  std::uint16_t port() const { return port_; }

  asio::io_context io{1};
  WorkerCounters counters;
  ControlFacts facts;
  AdminHooks hooks;
  AdminOptions options;

 private:
  std::optional<AdminHttp> admin_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

// What is logged while it lives. Read it when no other thread logs any more.
class LogCapture {
 public:
  LogCapture() {
    spdlog::set_default_logger(
        std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(out_)));
  }
  ~LogCapture() { spdlog::set_default_logger(before_); }
  std::string text() const { return out_.str(); }

 private:
  std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
  std::ostringstream out_;
};

// A reply taken apart: the status line, the header fields as they came, the body.
struct Reply {
  std::string status, fields, body;
};

class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(io_) {
    socket_.connect({asio::ip::address_v4::loopback(), port});
    const timeval limit{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }

  void send(std::string_view bytes) {
    error_code ignored;  // the server may close first: the reply tells
    asio::write(socket_, asio::buffer(bytes), ignored);
  }

  // REQUIRES: the reply has a Content-Length. `has_body` is false for HEAD.
  Reply read_reply(bool has_body = true) {
    std::size_t end;
    while ((end = received_.find("\r\n\r\n")) == std::string::npos) REQUIRE(read_some());
    Reply reply;
    reply.status = received_.substr(0, received_.find("\r\n"));
    reply.fields = received_.substr(reply.status.size() + 2, end - reply.status.size());
    received_.erase(0, end + 4);
    const std::size_t at = reply.fields.find("Content-Length: ");
    REQUIRE(at != std::string::npos);
    const std::size_t size = has_body ? std::stoul(reply.fields.substr(at + 16)) : 0;
    while (received_.size() < size) REQUIRE(read_some());
    reply.body = received_.substr(0, size);
    received_.erase(0, size);
    return reply;
  }

  Reply ask(std::string_view method, std::string_view target, bool has_body = true) {
    send(std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: test\r\n\r\n");
    return read_reply(has_body);
  }

  std::string read_to_end() {
    while (read_some()) continue;
    return received_;
  }

  // True if the peer closes without another byte.
  bool is_closed() { return received_.empty() && !read_some(); }

 private:
  bool read_some() {
    std::array<char, 4096> chunk;
    const ssize_t size = ::recv(socket_.native_handle(), chunk.data(), chunk.size(), 0);
    REQUIRE_FALSE((size < 0 && errno == EAGAIN));  // 20 s of silence
    if (size <= 0) return false;
    received_.append(chunk.data(), static_cast<std::size_t>(size));
    return true;
  }

  asio::io_context io_;
  tcp::socket socket_;
  std::string received_;
};

TEST_CASE("pages, methods and statuses over one connection that stays open") {
  Server server;
  server.start();
  Client client(server.port());
  struct Row {
    std::string_view method, target, status, field, text;
  };
  const Row rows[] = {
      {"GET", "/", "HTTP/1.1 200 OK", "Content-Type: text/plain; charset=utf-8\r\n", "/metrics"},
      {"GET", "/metrics", "HTTP/1.1 200 OK", "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n",
       "slotway_ready 1\n"},
      {"GET", "/metrics?x=1", "HTTP/1.1 200 OK", "Cache-Control: no-store\r\n", "process_open_fds "},
      {"GET", "/healthz", "HTTP/1.1 200 OK", "Server: slotway\r\n", "ok\n"},
      {"GET", "/readyz", "HTTP/1.1 200 OK", "Content-Type: application/json\r\n", R"("ready":true)"},
      {"GET", "/topology", "HTTP/1.1 200 OK", "Content-Type: application/json\r\n", R"("slots":[[0,16383]])"},
      {"GET", "/nothing", "HTTP/1.1 404 Not Found", "Content-Length: 27\r\n", "no such page"},
      {"POST", "/nothing", "HTTP/1.1 404 Not Found", "Content-Length: 27\r\n", "no such page"},
      {"POST", "/metrics", "HTTP/1.1 405 Method Not Allowed", "Allow: GET, HEAD\r\n", "only GET and HEAD"},
      {"DELETE", "/", "HTTP/1.1 405 Method Not Allowed", "Allow: GET, HEAD\r\n", "only GET and HEAD"},
      {"BREW", "/readyz", "HTTP/1.1 405 Method Not Allowed", "Allow: GET, HEAD\r\n", "only GET and HEAD"},
  };
  for (const Row& row : rows) {
    INFO(row.method << " " << row.target);
    const Reply reply = client.ask(row.method, row.target);
    CHECK(reply.status == row.status);
    CHECK(reply.fields.find(row.field) != std::string::npos);
    CHECK(reply.body.find(row.text) != std::string::npos);
  }
}

TEST_CASE("HEAD has the fields of GET and no body") {
  Server server;
  server.start();
  Client client(server.port());
  for (const char* target : {"/", "/healthz", "/readyz", "/topology", "/nothing"}) {
    INFO(target);
    const Reply get = client.ask("GET", target);
    const Reply head = client.ask("HEAD", target, false);
    CHECK(head.status == get.status);
    CHECK(head.fields == get.fields);
  }
  CHECK(client.ask("GET", "/healthz").body == "ok\n");
}

TEST_CASE("pipelined requests are answered in order, however they are cut") {
  Server server;
  server.start();
  const std::string both = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET /nothing HTTP/1.1\r\nHost: a\r\n\r\n";
  for (std::size_t cut = 0; cut <= both.size(); cut += 7) {
    INFO(cut);
    Client client(server.port());
    client.send(std::string_view(both).substr(0, cut));
    client.send(std::string_view(both).substr(cut));
    CHECK(client.read_reply().status == "HTTP/1.1 200 OK");
    CHECK(client.read_reply().status == "HTTP/1.1 404 Not Found");
  }
}

TEST_CASE("a client that wants the connection closed gets that") {
  Server server;
  server.start();
  for (const char* request :
       {"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "GET /healthz HTTP/1.0\r\n\r\n"}) {
    Client client(server.port());
    client.send(request);
    CHECK(client.read_reply().body == "ok\n");
    CHECK(client.is_closed());
  }
}

TEST_CASE("a request that cannot be read is refused and the connection closed") {
  Server server;
  server.start();
  const std::string long_field = "GET / HTTP/1.1\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n";
  const std::string long_target = "GET /" + std::string(100'000, 'x') + " HTTP/1.1\r\n\r\n";
  struct Row {
    std::string_view request, status;
  };
  const Row rows[] = {
      {"*1\r\n$4\r\nPING\r\n", "HTTP/1.1 400 Bad Request"},
      {"GET / HTTP/3.0\r\n\r\n", "HTTP/1.1 400 Bad Request"},
      {"GET / HTTP/1.1\r\nContent-Length: minus\r\n\r\n", "HTTP/1.1 400 Bad Request"},
      {"GET / HTTP/1.1\r\nno colon\r\n\r\n", "HTTP/1.1 400 Bad Request"},
      {long_field, "HTTP/1.1 431 Request Header Fields Too Large"},
      {long_target, "HTTP/1.1 431 Request Header Fields Too Large"},
  };
  for (const Row& row : rows) {
    INFO(row.request.substr(0, 60));
    Client client(server.port());
    client.send(row.request);
    const Reply reply = client.read_reply();
    CHECK(reply.status == row.status);
    CHECK(reply.fields.find("Connection: close\r\n") != std::string::npos);
    CHECK(client.is_closed());
  }
}

TEST_CASE("a request with a body is answered without it, and the connection closed") {
  Server server;
  server.start();
  struct Row {
    std::string_view request, status;
  };
  const Row rows[] = {
      {"PUT /metrics HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 405 Method Not Allowed"},
      {"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "HTTP/1.1 404 Not Found"},
      {"GET /healthz HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 200 OK"},
      {"GET /healthz HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", "HTTP/1.1 200 OK"},
  };
  for (const Row& row : rows) {
    INFO(row.request);
    Client client(server.port());
    client.send(row.request);
    const Reply reply = client.read_reply();
    CHECK(reply.status == row.status);
    CHECK(reply.fields.find("Connection: close\r\n") != std::string::npos);
    CHECK(client.is_closed());
  }
}

TEST_CASE("a loop that does not answer makes /healthz 503 and is told by /metrics") {
  Server server;
  server.hooks.worker_statuses = [] { return answer_with(std::nullopt); };
  server.start();
  Client client(server.port());
  const Reply health = client.ask("GET", "/healthz");
  CHECK(health.status == "HTTP/1.1 503 Service Unavailable");
  CHECK(health.body == "a worker's loop did not answer in time\n");
  const Reply metrics = client.ask("GET", "/metrics");
  CHECK(metrics.status == "HTTP/1.1 200 OK");
  CHECK(metrics.body.find("slotway_workers_responding 0\n") != std::string::npos);
}

TEST_CASE("/readyz is 503 with reasons while draining") {
  Server server;
  server.facts.draining = true;
  server.start();
  Client client(server.port());
  const Reply reply = client.ask("GET", "/readyz");
  CHECK(reply.status == "HTTP/1.1 503 Service Unavailable");
  CHECK(reply.body.find(R"("reasons":["draining"])") != std::string::npos);
}

TEST_CASE("POST /drain drains, and nothing else does") {
  Server server;
  server.hooks.drain = [&server] { server.facts.draining = true; };
  server.start();
  Client client(server.port());
  const Reply get = client.ask("GET", "/drain");
  CHECK(get.status == "HTTP/1.1 405 Method Not Allowed");
  CHECK(get.fields.find("Allow: POST\r\n") != std::string::npos);
  client.send("POST /drain HTTP/1.1\r\nHost: test\r\nOrigin: http://evil.example\r\n\r\n");
  CHECK(client.read_reply().status == "HTTP/1.1 403 Forbidden");
  CHECK(client.ask("GET", "/readyz").status == "HTTP/1.1 200 OK");
  const Reply reply = client.ask("POST", "/drain");
  CHECK(reply.status == "HTTP/1.1 202 Accepted");
  CHECK(reply.body.starts_with("draining"));
  CHECK(client.ask("GET", "/readyz").status == "HTTP/1.1 503 Service Unavailable");
  CHECK(client.ask("POST", "/drain").status == "HTTP/1.1 202 Accepted");
}

TEST_CASE("a page that cannot be made is a 500, and the connection lives on") {
  LogCapture log;
  Server server;
  server.hooks.worker_statuses = [] { return fail_to_ask(); };
  server.start();
  Client client(server.port());
  const Reply reply = client.ask("GET", "/healthz");
  CHECK(reply.status == "HTTP/1.1 500 Internal Server Error");
  CHECK(reply.body.find("the question was lost") == std::string::npos);
  CHECK(client.ask("GET", "/readyz").status == "HTTP/1.1 200 OK");
  server.stop();
  CHECK(log.text().find("admin port: /healthz: the question was lost") != std::string::npos);
}

TEST_CASE("a silent or slow peer is closed at the timeout") {
  Server server;
  server.options.timeout = 30ms;
  server.start();
  for (const char* bytes : {"", "GET / HT", "GET / HTTP/1.1\r\nHost: a\r\n"}) {
    INFO(bytes);
    Client client(server.port());
    client.send(bytes);
    CHECK(client.is_closed());
  }
}

TEST_CASE("one connection too many is told so and closed, the others go on") {
  LogCapture log;
  Server server;
  server.options.max_connections = 2;
  server.start();
  Client first(server.port()), second(server.port());
  CHECK(first.ask("GET", "/healthz").body == "ok\n");
  CHECK(second.ask("GET", "/healthz").body == "ok\n");
  Client third(server.port());
  const Reply reply = third.read_reply();
  CHECK(reply.status == "HTTP/1.1 503 Service Unavailable");
  CHECK(reply.body == "too many connections\n");
  CHECK(third.is_closed());
  CHECK(first.ask("GET", "/metrics").body.find("slotway_admin_connections_rejected_total 1\n") !=
        std::string::npos);
  server.stop();
  CHECK(log.text().find("more than 2 connections, a new one was closed") != std::string::npos);
}

TEST_CASE("a closed connection makes room for the next one") {
  LogCapture log;
  Server server;
  server.options.max_connections = 1;
  server.start();
  std::optional<Client> first(server.port());
  CHECK(first->ask("GET", "/healthz").body == "ok\n");
  first.reset();
  // The server may see the next connection before the first one's end: it is refused until then.
  bool is_served = false;
  for (int tries = 0; tries < 1000 && !is_served; ++tries) {
    Client next(server.port());
    next.send("GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n");
    is_served = next.read_to_end().starts_with("HTTP/1.1 200 OK");
  }
  CHECK(is_served);
}

TEST_CASE("stop closes every connection and leaves the loop nothing to do") {
  Server server;
  server.start();
  Client idle(server.port()), halfway(server.port());
  CHECK(idle.ask("GET", "/healthz").body == "ok\n");
  halfway.send("GET /hea");
  server.stop();
  CHECK(idle.is_closed());
  CHECK(halfway.is_closed());
  tcp::socket late(server.io);
  error_code ec;
  late.connect({asio::ip::address_v4::loopback(), server.port()}, ec);
  CHECK(ec == asio::error::connection_refused);
}

TEST_CASE("no hook is called after stop, even by a page that was being made") {
  Server server;
  asio::steady_timer never(server.io, asio::steady_timer::time_point::max());
  std::promise<void> asked;
  int facts_calls = 0;
  server.hooks.worker_statuses = [&] {
    asked.set_value();
    return wait_for(never);
  };
  server.hooks.facts = [&] {
    ++facts_calls;
    return ControlFacts{};
  };
  server.start();
  Client client(server.port());
  client.send("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
  asked.get_future().wait();
  server.stop([&] { never.cancel(); });
  CHECK(facts_calls == 0);
  CHECK(client.is_closed());
}

TEST_CASE("a port in use is an error that says what, where and what to do") {
  asio::io_context io;
  tcp::acceptor other(io, {asio::ip::address_v4::loopback(), 0});
  const std::uint16_t port = other.local_endpoint().port();
  CHECK_THROWS_WITH(
      AdminHttp(io, {"127.0.0.1", port}, {}),
      "cannot listen for the admin port on 127.0.0.1:" + std::to_string(port) +
          ": Address already in use; choose another address with --admin ADDR:PORT, or --admin off");
}

TEST_CASE("an address that is not this machine's is an error that names it") {
  asio::io_context io;
  CHECK_THROWS_WITH(AdminHttp(io, {"192.0.2.1", 9380}, {}),
                    Catch::Contains("192.0.2.1:9380") && Catch::Contains("--admin"));
}

}  // namespace
}  // namespace slotway::proxy
