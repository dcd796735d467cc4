#include "proxy/control/sentinel_watcher.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <random>
#include <string_view>
#include <utility>

#include "routing/backoff.hpp"

// GCC 12 sees the frames' operator new inlined and their operator delete not, and takes them for a mismatch.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace slotway::proxy {

namespace asio = boost::asio;
using routing::Endpoint;
using std::chrono::steady_clock;

namespace {

constexpr routing::Backoff kRetry{std::chrono::milliseconds{100}, std::chrono::seconds{1}};
// A sentinel that has been silent for so long is asked whether it is there.
constexpr std::chrono::seconds kSilence{2};

std::vector<RedisClient::Command> subscribe() {
  return {{"SUBSCRIBE", "+switch-master", "+sdown", "-sdown", "+slave", "+reboot"}};
}

std::vector<RedisClient::Command> ping() { return {{"PING"}}; }

// Blank-separated words.
std::string_view take_word(std::string_view& text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

}  // namespace

std::string_view master_of(std::string_view channel, std::string_view message) {
  // <master> <old ip> <old port> <new ip> <new port>
  if (channel == "+switch-master") return take_word(message);
  // <type> <name> <ip> <port> [@ <master> <ip> <port>]
  if (take_word(message) == "master") return take_word(message);
  const std::size_t at = message.find(" @ ");
  if (at == std::string_view::npos) return {};
  message.remove_prefix(at + 3);
  return take_word(message);
}

class SentinelWatcher::State {
 public:
  State(asio::io_context& io, UpstreamLogin login, Sentinels sentinels, OnEvent on_event)
      : io_(io),
        login_(std::move(login)),
        sentinels_(std::move(sentinels)),
        on_event_(std::move(on_event)),
        client_(io),
        pause_(io) {}

  void start(std::shared_ptr<State> self) { launch(io_, run(std::move(self))); }
  void stop() {
    is_stopped_ = true;
    client_.close();
    pause_.cancel();
  }

 private:
  static Task<void> run(std::shared_ptr<State> self);
  Task<void> hear(Endpoint sentinel);
  void take(const protocol::ReplyTree& message);

  asio::io_context& io_;
  const UpstreamLogin login_;
  Sentinels sentinels_;
  OnEvent on_event_;
  RedisClient client_;
  asio::basic_waitable_timer<steady_clock, asio::wait_traits<steady_clock>, asio::io_context::executor_type>
      pause_;
  std::mt19937_64 random_{std::random_device{}()};
  std::uint32_t failures_ = 0;  // in a row
  bool is_stopped_ = false;
};

Task<void> SentinelWatcher::State::run(std::shared_ptr<State> self) {
  State& s = *self;
  for (std::size_t turn = 0; !s.is_stopped_; ++turn) {
    const std::vector<Endpoint> sentinels = s.sentinels_();
    if (!sentinels.empty()) co_await s.hear(sentinels[turn % sentinels.size()]);
    s.client_.close();
    if (s.is_stopped_) co_return;
    s.pause_.expires_after(kRetry.delay(s.failures_++, s.random_()));
    co_await s.pause_.async_wait(asio::as_tuple(asio::use_awaitable_t<asio::io_context::executor_type>{}));
  }
}

// Until it is lost.
Task<void> SentinelWatcher::State::hear(Endpoint sentinel) {
  std::string error = co_await client_.connect(sentinel, login_.credentials, login_.timeout, 0);
  if (error.empty()) error = co_await client_.tell(subscribe(), login_.timeout);
  bool is_asked = false;
  while (error.empty() && !is_stopped_) {
    const RedisClient::Answer heard = co_await client_.hear(is_asked ? login_.timeout : kSilence);
    error = heard.error;
    if (is_stopped_ || !error.empty()) break;
    if (heard.replies.empty()) {
      if (is_asked) {
        error = "it does not answer";
      } else {
        error = co_await client_.tell(ping(), login_.timeout);
      }
      is_asked = true;
      continue;
    }
    is_asked = false;
    if (heard.replies[0].is_error()) {
      error = printable(heard.replies[0].text);
    } else {
      take(heard.replies[0]);
    }
  }
  if (!is_stopped_) spdlog::debug("sentinel {}: not heard any more: {}", print(sentinel), error);
}

void SentinelWatcher::State::take(const protocol::ReplyTree& message) {
  if (!message.is_array() || message.elements.size() != 3) return;
  const std::string& kind = message.elements[0].text;
  if (kind == "subscribe") {
    // It listens from now on; before that something may have been missed.
    if (message.elements[2].integer == 1) on_event_({}, {});
    failures_ = 0;
  } else if (kind == "message") {
    const std::string_view master = master_of(message.elements[1].text, message.elements[2].text);
    if (master.empty()) return;
    on_event_(master, "sentinel " + print(client_.address()) + ": " + printable(message.elements[1].text) +
                          " " + printable(message.elements[2].text));
  }
}

SentinelWatcher::SentinelWatcher(asio::io_context& io, UpstreamLogin login, Sentinels sentinels,
                                 OnEvent on_event)
    : state_(std::make_shared<State>(io, std::move(login), std::move(sentinels), std::move(on_event))) {}

SentinelWatcher::~SentinelWatcher() { stop(); }

void SentinelWatcher::start() { state_->start(state_); }
void SentinelWatcher::stop() { state_->stop(); }

}  // namespace slotway::proxy
