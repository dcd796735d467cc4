#include "proxy/control/sentinel_poll.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <iterator>
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
// Who has not answered an earlier question for so long is not waited for with the next one.
constexpr std::chrono::milliseconds kSlow{100};
// Questions about so many masters leave together.
constexpr std::size_t kBatch = 32;

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

struct SentinelPoll::Round {
  explicit Round(asio::io_context& context) : timer(context) {}
  Result result;
  std::size_t pending = 0;
  bool is_cancelled = false;
  asio::basic_waitable_timer<steady_clock, asio::wait_traits<steady_clock>, asio::io_context::executor_type>
      timer;
};

// What one sentinel is to be asked, and who wants to know.
struct SentinelPoll::Job {
  std::string master_name;
  std::vector<std::shared_ptr<Round>> rounds;
};

// A connection to one sentinel.
struct SentinelPoll::Link {
  Link(asio::io_context& io, Endpoint at) : endpoint(std::move(at)), client(io) {}
  bool is_slow() const { return is_busy && steady_clock::now() - busy_since > kSlow; }

  Endpoint endpoint;
  RedisClient client;
  bool is_open = false;
  bool is_busy = false;
  steady_clock::time_point busy_since{};
  std::string id;  // of the sentinel, when it has told
  std::deque<Job> queue;
};

SentinelPoll::SentinelPoll(asio::io_context& io, std::vector<Endpoint> seeds, UpstreamLogin login)
    : io_(io), seeds_(std::move(seeds)), login_(std::move(login)) {}

SentinelPoll::~SentinelPoll() {
  for (const auto& link : links_) {
    link->queue.clear();
    link->client.close();
  }
}

std::vector<Endpoint> SentinelPoll::sentinels() const {
  std::vector<Endpoint> out;
  for (const auto& link : links_) out.push_back(link->endpoint);
  for (const Endpoint& seed : seeds_) {
    if (std::find(out.begin(), out.end(), seed) == out.end()) out.push_back(seed);
  }
  return out;
}

std::shared_ptr<SentinelPoll::Round> SentinelPoll::begin() { return std::make_shared<Round>(io_); }

void SentinelPoll::cancel(Round& round) {
  round.is_cancelled = true;
  round.timer.cancel();
}

Task<SentinelPoll::Result> SentinelPoll::ask(std::shared_ptr<Round> round, std::string master_name) {
  for (const Endpoint& seed : seeds_) {
    const bool is_known =
        std::any_of(links_.begin(), links_.end(), [&](const auto& link) { return link->endpoint == seed; });
    if (!is_known) links_.push_back(std::make_shared<Link>(io_, seed));
  }

  // --- all at once ---
  for (const auto& link : links_) {
    if (!link->is_slow()) enqueue(link, round, master_name);
  }

  // --- until most have answered, or all ---
  auto limit = steady_clock::now() + login_.timeout;
  while (!round->is_cancelled && round->pending > 0 && steady_clock::now() < limit) {
    if (round->result.views.size() * 2 > links_.size()) limit = std::min(limit, steady_clock::now() + kGrace);
    round->timer.expires_at(limit);
    co_await round->timer.async_wait(
        asio::as_tuple(asio::use_awaitable_t<asio::io_context::executor_type>{}));
  }
  Result result = std::move(round->result);
  round->result = {};
  learn(result);
  result.known = std::max(links_.size(), result.views.size());
  co_return result;
}

void SentinelPoll::enqueue(const std::shared_ptr<Link>& link, const std::shared_ptr<Round>& round,
                           const std::string& master_name) {
  ++round->pending;
  const auto same = std::find_if(link->queue.begin(), link->queue.end(),
                                 [&](const Job& job) { return job.master_name == master_name; });
  if (same != link->queue.end()) return same->rounds.push_back(round);
  link->queue.push_back({master_name, {round}});
  if (link->is_busy) return;
  link->is_busy = true;
  launch(io_, serve(link, login_));
}

// Until its queue is empty.
Task<void> SentinelPoll::serve(std::shared_ptr<Link> link, UpstreamLogin login) {
  while (!link->queue.empty()) {
    // --- what is asked together ---
    std::vector<Job> batch;
    std::vector<RedisClient::Command> commands;
    while (!link->queue.empty() && batch.size() < kBatch) {
      batch.push_back(std::move(link->queue.front()));
      link->queue.pop_front();
      for (RedisClient::Command& command : questions(batch.back().master_name))
        commands.push_back(std::move(command));
    }
    link->busy_since = steady_clock::now();

    // --- a connection that was kept may have gone: that is no answer ---
    std::string error;
    RedisClient::Answer answer;
    for (int attempt = link->is_open ? 0 : 1; attempt < 2; ++attempt) {
      if (!link->is_open)
        error = co_await link->client.connect(link->endpoint, login.credentials, login.timeout, 0);
      if (!error.empty()) break;
      answer = co_await link->client.ask(commands, login.timeout);
      link->is_open = answer.error.empty();
      error = answer.error;
      if (link->is_open) break;
    }

    // --- who does not answer this answers no more ---
    if (!error.empty()) {
      std::move(link->queue.begin(), link->queue.end(), std::back_inserter(batch));
      link->queue.clear();
    }
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const std::span<const protocol::ReplyTree> replies(answer.replies);
      const bool has_answer = error.empty();
      settle(*link, batch[i],
             has_answer ? replies.subspan(i * routing::kSentinelReplies, routing::kSentinelReplies)
                        : std::span<const protocol::ReplyTree>{},
             error);
    }
  }
  link->is_busy = false;
}

void SentinelPoll::settle(Link& link, Job& job, std::span<const protocol::ReplyTree> replies,
                          std::string error) {
  routing::ParsedSentinelView parsed;
  if (error.empty()) {
    parsed = routing::parse_sentinel_view(replies, link.client.address());
    if (parsed.view) {
      link.id = parsed.view->voter;
    } else {
      error = explain(parsed.error, job.master_name);
    }
  }
  for (const std::shared_ptr<Round>& round : job.rounds) {
    if (parsed.view) {
      round->result.views.push_back(*parsed.view);
    } else {
      round->result.errors.push_back("sentinel " + print(link.endpoint) + ": " + error);
    }
    --round->pending;
    round->timer.cancel();
  }
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
