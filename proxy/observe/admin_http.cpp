#include "proxy/observe/admin_http.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <stdexcept>
#include <string>
#include <unordered_set>
#include <utility>

#include "config/units.hpp"
#include "proxy/observe/admin_pages.hpp"
#include "proxy/observe/log_limiter.hpp"
#include "proxy/observe/metrics.hpp"
#include "proxy/observe/process_facts.hpp"

namespace slotway::proxy {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;

using Executor = asio::io_context::executor_type;
using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;
using Socket = asio::basic_stream_socket<tcp, Executor>;
using Stream = beast::basic_stream<tcp, Executor>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Executor>;
using HttpRequest = http::request<http::empty_body>;

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
constexpr milliseconds kAcceptPause{100};  // after an error such as EMFILE
constexpr milliseconds kLingerTimeout{1000};
constexpr std::size_t kLingerBytes = 256 * 1024;
constexpr std::string_view kTooMany =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 21\r\n"
    "Connection: close\r\n\r\ntoo many connections\n";

[[noreturn]] void fail_to_listen(const config::HostPort& address, const error_code& ec) {
  throw std::runtime_error("cannot listen for the admin port on " + config::print_host_port(address) + ": " +
                           ec.message() + "; choose another address with --admin ADDR:PORT, or --admin off");
}

Acceptor listen_on(asio::io_context& io, const config::HostPort& address) {
  error_code ec;
  tcp::resolver resolver(io);
  const auto found = resolver.resolve(address.host, std::to_string(address.port), tcp::resolver::passive, ec);
  if (ec) fail_to_listen(address, ec);
  const tcp::endpoint endpoint = found.begin()->endpoint();

  Acceptor acceptor(io.get_executor());
  acceptor.open(endpoint.protocol(), ec);
  if (!ec) acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec) acceptor.bind(endpoint, ec);
  if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
  if (ec) fail_to_listen(address, ec);
  return acceptor;
}

// The status of a request that could not be read; nullopt = the peer left or was silent: nothing is answered.
std::optional<http::status> status_of_read_error(const error_code& ec) {
  if (ec == http::error::end_of_stream || ec == http::error::partial_message) return std::nullopt;
  if (ec == http::error::header_limit || ec == http::error::buffer_overflow) {
    return http::status::request_header_fields_too_large;
  }
  if (ec.category() == make_error_code(http::error::bad_method).category()) return http::status::bad_request;
  return std::nullopt;
}

template <typename Body>
void set_common_fields(http::response<Body>& response, const AdminReply& reply, bool keep_alive) {
  response.set(http::field::server, "slotway");
  response.set(http::field::content_type, reply.content_type);
  response.set(http::field::cache_control, "no-store");
  response.set("X-Content-Type-Options", "nosniff");
  if (!reply.allow.empty()) response.set(http::field::allow, reply.allow);
  response.content_length(reply.body.size());
  response.keep_alive(keep_alive);
}

}  // namespace

struct AdminHttp::State {
  State(asio::io_context& io, Acceptor listening, AdminHooks the_hooks, AdminOptions the_options)
      : executor(io.get_executor()),
        acceptor(std::move(listening)),
        accept_pause(executor),
        hooks(std::move(the_hooks)),
        options(the_options) {}

  Executor executor;
  Acceptor acceptor;
  Timer accept_pause;
  AdminHooks hooks;
  AdminOptions options;
  std::unordered_set<Stream*> streams;  // each is erased by the coroutine that holds it
  std::uint64_t rejected = 0;
  LogLimiter accept_warning{std::chrono::seconds(10)};
  LogLimiter reject_warning{std::chrono::seconds(10)};
  bool stopped = false;

  static asio::awaitable<void> accept_loop(std::shared_ptr<State> self);
  static asio::awaitable<void> serve(std::shared_ptr<State> self, Socket socket);
  static asio::awaitable<AdminReply> answer(std::shared_ptr<State> self, HttpRequest request);
  static asio::awaitable<AdminReply> make_page(std::shared_ptr<State> self, AdminPage page);
  static asio::awaitable<bool> send(std::shared_ptr<State> self, Stream& stream, AdminReply reply,
                                    bool is_head, bool keep_alive);
  static asio::awaitable<void> linger(Stream& stream);

  void reject(Socket socket);
  MetricsInput metrics_input(WorkerStatuses statuses) const;
  void stop();
};

namespace {

// Keeps a stream known to stop() for as long as its coroutine runs.
class Registration {
 public:
  Registration(std::unordered_set<Stream*>& streams, Stream& stream) : streams_(streams), stream_(stream) {
    streams_.insert(&stream_);
  }
  ~Registration() { streams_.erase(&stream_); }
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;

 private:
  std::unordered_set<Stream*>& streams_;
  Stream& stream_;
};

}  // namespace

// --- accepting ---

asio::awaitable<void> AdminHttp::State::accept_loop(std::shared_ptr<State> self) {
  while (!self->stopped) {
    auto [ec, socket] = co_await self->acceptor.async_accept(kToken);
    if (self->stopped) co_return;
    if (ec) {
      if (const auto left_out = self->accept_warning.allow(std::chrono::steady_clock::now())) {
        spdlog::warn("admin port: accepting failed: {} ({} more like it)", ec.message(), *left_out);
      }
      self->accept_pause.expires_after(kAcceptPause);
      co_await self->accept_pause.async_wait(kToken);
    } else if (self->streams.size() >= self->options.max_connections) {
      self->reject(std::move(socket));
    } else {
      asio::co_spawn(self->executor, serve(self, std::move(socket)), asio::detached);
    }
  }
}

// Best effort: what a fresh socket's buffer does not take is lost, and nobody waits for it.
void AdminHttp::State::reject(Socket socket) {
  ++rejected;
  if (const auto left_out = reject_warning.allow(std::chrono::steady_clock::now())) {
    spdlog::warn("admin port: more than {} connections, a new one was closed ({} more like it)",
                 options.max_connections, *left_out);
  }
  error_code ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(asio::buffer(kTooMany), ignored);
  socket.shutdown(tcp::socket::shutdown_send, ignored);
}

// --- one connection ---

asio::awaitable<void> AdminHttp::State::serve(std::shared_ptr<State> self, Socket socket) {
  Stream stream(std::move(socket));
  const Registration registration(self->streams, stream);
  beast::flat_buffer buffer(2 * std::size_t{self->options.max_header_bytes});

  for (bool keep_alive = true; keep_alive && !self->stopped;) {
    http::request_parser<http::empty_body> parser;
    parser.header_limit(self->options.max_header_bytes);
    parser.body_limit(boost::none);  // a body is never read: see below
    stream.expires_after(self->options.timeout);
    const auto [ec, bytes] = co_await http::async_read_header(stream, buffer, parser, kToken);
    if (self->stopped) co_return;
    if (ec) {
      if (const auto status = status_of_read_error(ec)) {
        AdminReply reply = error_page(static_cast<unsigned>(*status), "the request could not be read");
        if (co_await send(self, stream, std::move(reply), false, false)) co_await linger(stream);
      }
      co_return;
    }

    const HttpRequest& request = parser.get();
    // No page takes a body: the answer does not wait for it, and the connection ends behind the answer.
    keep_alive = request.keep_alive() && parser.is_done();
    stream.expires_never();
    AdminReply reply = co_await answer(self, request);
    const bool is_head = request.method() == http::verb::head;
    if (self->stopped || !co_await send(self, stream, std::move(reply), is_head, keep_alive)) co_return;
  }
  if (!self->stopped) co_await linger(stream);
}

asio::awaitable<AdminReply> AdminHttp::State::answer(std::shared_ptr<State> self, HttpRequest request) {
  const std::string target(request.target());
  const auto page = find_page(target);
  if (!page) co_return error_page(404, "no such page; / lists them");
  const bool has_origin = request.find(http::field::origin) != request.end();
  if (auto refusal = refuse_request(*page, request.method_string(), has_origin))
    co_return std::move(*refusal);
  try {
    co_return co_await make_page(self, *page);
  } catch (const std::exception& e) {
    spdlog::error("admin port: {}: {}", target, e.what());
  }
  co_return error_page(500, "the page could not be made; the log says why");
}

asio::awaitable<AdminReply> AdminHttp::State::make_page(std::shared_ptr<State> self, AdminPage page) {
  switch (page) {
    case AdminPage::index: co_return index_page();
    case AdminPage::readyz: co_return readyz_page(self->hooks.facts());
    case AdminPage::topology: co_return topology_page(self->hooks.facts());
    case AdminPage::drain: self->hooks.drain(); co_return drain_page();
    case AdminPage::healthz:
    case AdminPage::metrics: break;
  }
  // These two ask the workers; meanwhile the port may have been stopped and the hooks' owner gone.
  WorkerStatuses statuses = co_await self->hooks.worker_statuses();
  if (page == AdminPage::healthz) co_return healthz_page(statuses.has_value());
  if (self->stopped) co_return error_page(503, "stopping");
  co_return AdminReply{.content_type = kMetricsText,
                       .body = render_metrics(self->metrics_input(std::move(statuses)))};
}

MetricsInput AdminHttp::State::metrics_input(WorkerStatuses statuses) const {
  MetricsInput input;
  input.workers = hooks.counters;
  input.statuses = std::move(statuses);
  input.facts = hooks.facts();
  input.ready = not_ready_reasons(input.facts).empty();
  input.admin_connections_rejected = rejected;
  input.process = read_process_facts();
  input.version = SLOTWAY_VERSION;
  return input;
}

// False = the connection is of no use any more.
asio::awaitable<bool> AdminHttp::State::send(std::shared_ptr<State> self, Stream& stream, AdminReply reply,
                                             bool is_head, bool keep_alive) {
  const auto status = static_cast<http::status>(reply.status);
  stream.expires_after(self->options.timeout);
  if (is_head) {
    // RFC 9110 section 9.3.2: the header fields of a GET, Content-Length too, and no body.
    http::response<http::empty_body> response(status, 11);
    set_common_fields(response, reply, keep_alive);
    const auto [ec, bytes] = co_await http::async_write(stream, response, kToken);
    co_return !ec;
  }
  http::response<http::string_body> response(status, 11);
  set_common_fields(response, reply, keep_alive);
  response.body() = std::move(reply.body);
  const auto [ec, bytes] = co_await http::async_write(stream, response, kToken);
  co_return !ec;
}

// Closing a socket that holds unread bytes resets the connection and may destroy the reply before it was
// read: say that no more comes, then read what is left (RFC 9112 section 9.6).
asio::awaitable<void> AdminHttp::State::linger(Stream& stream) {
  error_code ignored;
  stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
  stream.expires_after(kLingerTimeout);
  std::array<char, 4096> scratch;
  for (std::size_t left = kLingerBytes; left > 0;) {
    const auto [ec, bytes] = co_await stream.async_read_some(asio::buffer(scratch), kToken);
    if (ec) co_return;
    left -= std::min(left, bytes);
  }
}

void AdminHttp::State::stop() {
  if (std::exchange(stopped, true)) return;
  error_code ignored;
  acceptor.close(ignored);
  accept_pause.cancel();
  for (Stream* stream : streams) stream->close();
}

// --- the owner's side ---

AdminHttp::AdminHttp(asio::io_context& io, const config::HostPort& address, AdminHooks hooks,
                     AdminOptions options)
    : state_(std::make_shared<State>(io, listen_on(io, address), std::move(hooks), options)) {
  asio::co_spawn(state_->executor, State::accept_loop(state_), asio::detached);
}

AdminHttp::~AdminHttp() { state_->stop(); }

std::uint16_t AdminHttp::port() const {
  error_code ignored;
  return state_->acceptor.local_endpoint(ignored).port();
}

void AdminHttp::stop() { state_->stop(); }

}  // namespace slotway::proxy
