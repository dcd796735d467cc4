#include "proxy/control/sentinel_poll.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <set>
#include <utility>

// GCC 12 sees the frames' operator new inlined and their operator delete not, and takes them for a mismatch.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace slotway::proxy {

namespace asio = boost::asio;
using routing::Endpoint;
using std::chrono::steady_clock;

namespace {

// When most have answered, the others get so much longer.
constexpr std::chrono::milliseconds kGrace{20};

std::vector<RedisClient::Command> questions(const std::string& name) {
  return {{"SENTINEL", "MYID"},
          {"SENTINEL", "GET-MASTER-ADDR-BY-NAME", name},
          {"SENTINEL", "MASTER", name},
          {"SENTINEL", "REPLICAS", name},
          {"SENTINEL", "SENTINELS", name}};
}

std::string explain(const std::string& error, const std::string& name) {
  if (error.starts_with("NOAUTH"))
    return "it asks for a password: set upstream.sentinel_password or upstream.sentinel_password_file";
  if (error.find("No such master") != std::string::npos || error == "it knows no such master")
    return "it watches no master '" + printable(name) + "': check upstream.master_name";
  if (error.find("unknown command") != std::string::npos)
    return "it is not a sentinel: name sentinels in upstream.seeds, or set another upstream.mode";
  return printable(error);
}

}  // namespace

// A connection to one sentinel. Busy with an earlier round it is not asked in the next one.
struct SentinelPoll::Link {
  Link(asio::io_context& io, Endpoint at) : endpoint(std::move(at)), client(io) {}
  Endpoint endpoint;
  RedisClient client;
  bool is_open = false;
  bool is_busy = false;
  std::string id;  // of the sentinel, when it has told
};

struct SentinelPoll::Round {
  explicit Round(asio::io_context& context) : timer(context) {}
  Result result;
  std::size_t pending = 0;
  asio::basic_waitable_timer<steady_clock, asio::wait_traits<steady_clock>, asio::io_context::executor_type>
      timer;
};

SentinelPoll::SentinelPoll(asio::io_context& io) : io_(io) {}
SentinelPoll::~SentinelPoll() { stop(); }

void SentinelPoll::configure(std::vector<Endpoint> seeds, UpstreamLogin login) {
  seeds_ = std::move(seeds);
  login_ = std::move(login);
  // Those that there are may be logged in as somebody else.
  for (const auto& link : links_) link->client.close();
  links_.clear();
}

void SentinelPoll::stop() {
  is_stopped_ = true;
  for (const auto& link : links_) link->client.close();
  if (round_) round_->timer.cancel();
}

std::vector<Endpoint> SentinelPoll::sentinels() const {
  std::vector<Endpoint> out;
  for (const auto& link : links_) out.push_back(link->endpoint);
  for (const Endpoint& seed : seeds_) {
    if (std::find(out.begin(), out.end(), seed) == out.end()) out.push_back(seed);
  }
  return out;
}

Task<SentinelPoll::Result> SentinelPoll::ask(std::string master_name) {
  for (const Endpoint& seed : seeds_) {
    const bool is_known =
        std::any_of(links_.begin(), links_.end(), [&](const auto& link) { return link->endpoint == seed; });
    if (!is_known) links_.push_back(std::make_shared<Link>(io_, seed));
  }

  // --- all at once ---
  const auto round = std::make_shared<Round>(io_);
  round_ = round;
  for (const auto& link : links_) {
    if (link->is_busy) continue;
    ++round->pending;
    link->is_busy = true;
    launch(io_, ask_one(link, round, login_, master_name));
  }

  // --- until most have answered, or all ---
  auto limit = steady_clock::now() + login_.timeout;
  while (!is_stopped_ && round->pending > 0 && steady_clock::now() < limit) {
    if (round->result.views.size() * 2 > links_.size()) limit = std::min(limit, steady_clock::now() + kGrace);
    round->timer.expires_at(limit);
    co_await round->timer.async_wait(
        asio::as_tuple(asio::use_awaitable_t<asio::io_context::executor_type>{}));
  }
  round_.reset();
  Result result = std::move(round->result);
  round->result = {};
  learn(result);
  result.known = std::max(links_.size(), result.views.size());
  co_return result;
}

Task<void> SentinelPoll::ask_one(std::shared_ptr<Link> link, std::shared_ptr<Round> round,
                                 UpstreamLogin login, std::string master_name) {
  std::string error;
  RedisClient::Answer answer;
  // A connection that was kept may have gone: that is no answer.
  for (int attempt = link->is_open ? 0 : 1; attempt < 2; ++attempt) {
    if (!link->is_open)
      error = co_await link->client.connect(link->endpoint, login.credentials, login.timeout, 0);
    if (!error.empty()) break;
    answer = co_await link->client.ask(questions(master_name), login.timeout);
    link->is_open = answer.error.empty();
    error = answer.error;
    if (link->is_open) break;
  }
  link->is_busy = false;
  if (error.empty()) {
    auto parsed = routing::parse_sentinel_view(answer.replies, link->client.address());
    if (parsed.view) {
      link->id = parsed.view->voter;
      round->result.views.push_back(std::move(*parsed.view));
    } else {
      error = explain(parsed.error, master_name);
    }
  }
  if (!error.empty()) round->result.errors.push_back("sentinel " + print(link->endpoint) + ": " + error);
  --round->pending;
  round->timer.cancel();
}

// One sentinel by two names counts once, those that were heard of are asked next time, and those of which
// nobody speaks any more are not.
void SentinelPoll::learn(const Result& result) {
  std::set<std::string> ids;
  std::erase_if(links_, [&](const auto& link) { return !link->id.empty() && !ids.insert(link->id).second; });
  if (result.views.empty()) return;
  const auto is_spoken_of = [&](const Endpoint& endpoint) {
    return std::any_of(result.views.begin(), result.views.end(), [&](const routing::SentinelView& view) {
      return std::find(view.others.begin(), view.others.end(), endpoint) != view.others.end();
    });
  };
  const auto is_seed = [&](const Endpoint& endpoint) {
    return std::find(seeds_.begin(), seeds_.end(), endpoint) != seeds_.end();
  };
  std::erase_if(links_, [&](const auto& link) {
    return !link->is_open && !link->is_busy && !is_seed(link->endpoint) && !is_spoken_of(link->endpoint);
  });
  for (const routing::SentinelView& view : result.views) {
    for (const Endpoint& other : view.others) {
      const bool is_linked = std::any_of(links_.begin(), links_.end(), [&](const auto& link) {
        return link->endpoint == other || link->client.address() == other;
      });
      if (!is_linked) links_.push_back(std::make_shared<Link>(io_, other));
    }
  }
}

}  // namespace slotway::proxy
