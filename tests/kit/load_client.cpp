#include "tests/kit/load_client.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <thread>
#include <utility>

namespace slotway::kit {
namespace {

constexpr std::size_t kMaxExamples = 5;
constexpr std::chrono::seconds kPatience(45);

// The server says that it has not done it. Of an MSET it says so of one part: another's outcome may be open.
bool is_refusal(const std::string& error) {
  return error.find("not executed") != std::string::npos && error.find("in part") == std::string::npos;
}

// Two loads on one server, one after the other, share no key and no value.
std::string fresh_name(unsigned number) {
  static std::atomic<unsigned> clients{0};
  return "load:" + std::to_string(clients.fetch_add(1)) + ":" + std::to_string(number);
}

}  // namespace

LoadClient::LoadClient(const LoadOptions& options, unsigned number)
    : options_(options), name_(fresh_name(number)), random_(number + 1), values_(options.keys_per_client) {}

void LoadClient::run(const std::atomic<bool>& stopping, GoodReplies& good) {
  while (!stopping) {
    do_pipeline(next_pipeline(), good);
    if (!connection_) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  if (options_.reads_all_at_end) check_at_end();
}

void LoadClient::do_pipeline(const std::vector<Request>& pipeline, GoodReplies& good) {
  std::size_t answered = 0;
  bool sent = false;
  const auto begin = GoodReplies::Clock::now();
  auto last = begin;
  const auto waited = [&] {
    const auto now = GoodReplies::Clock::now();
    result_.longest_wait = std::max(result_.longest_wait, now - std::exchange(last, now));
    return now;
  };
  try {
    // As client libraries do: one that the peer has closed meanwhile is opened again.
    if (connection_ && connection_->is_closed()) {
      connection_.reset();
      ++result_.reopened;
    }
    if (!connection_) connection_.emplace(options_.port, kPatience);
    std::string bytes;
    for (const Request& request : pipeline) bytes += encode(arguments_of(request));
    result_.requests += pipeline.size();
    sent = true;  // perhaps in part
    connection_->send_raw(bytes);
    for (; answered < pipeline.size(); ++answered) {
      const std::uint64_t before = result_.replies;
      const Reply reply = connection_->read();
      const auto now = waited();
      result_.latency.record(now - begin);
      on_reply(pipeline[answered], reply);
      if (result_.replies > before) good.add(now);
    }
  } catch (const ClientError& error) {
    waited();
    const std::string_view where = answered > 0 ? kInTheMiddle : "";
    ++result_.errors[std::string("connection: ").append(error.what()).append(where)];
    for (; sent && answered < pipeline.size(); ++answered) on_unknown(pipeline[answered], "");
    connection_.reset();
    if (options_.other_port != 0) std::swap(options_.port, options_.other_port);
  }
}

// On a connection of its own, and no part of the figures. It ends with the first error, for there may be one
// for each key, and each may take its time.
void LoadClient::check_at_end() {
  try {
    TestClient client(options_.port, kPatience);
    for (std::size_t key = 0; key <= values_.size(); ++key) {
      const bool is_counter = key == values_.size();
      const Reply reply =
          client.command({"GET", name_ + ":" + (is_counter ? "counter" : std::to_string(key))});
      if (reply.is_error()) throw ClientError(reply.text);
      const std::string reason = is_counter ? check_counter(reply) : check_read(key, reply);
      if (!reason.empty()) on_wrong("at the end: key " + std::to_string(key) + ": " + reason);
    }
  } catch (const ClientError& error) {
    ++result_.errors[std::string("at the end: ") + error.what()];
  }
}

std::vector<LoadClient::Request> LoadClient::next_pipeline() {
  std::vector<std::size_t> unused(values_.size());
  for (std::size_t i = 0; i < unused.size(); ++i) unused[i] = i;
  std::shuffle(unused.begin(), unused.end(), random_);
  std::vector<Request> pipeline;
  for (std::size_t depth = 1 + random_() % options_.max_pipeline; depth > 0; --depth) {
    pipeline.push_back(next_request(unused));
  }
  return pipeline;
}

LoadClient::Request LoadClient::next_request(std::vector<std::size_t>& unused) {
  constexpr Kind kKinds[] = {Kind::set,  Kind::set,    Kind::get,  Kind::get, Kind::mset,
                             Kind::mget, Kind::exists, Kind::incr, Kind::echo};
  Request request{kKinds[random_() % std::size(kKinds)], {}, {}};
  std::size_t count = 1;
  if (request.kind == Kind::mset || request.kind == Kind::mget || request.kind == Kind::exists) count = 3;
  if (request.kind == Kind::incr || request.kind == Kind::echo) count = 0;
  if (unused.size() < count) request.kind = Kind::echo;
  for (; request.kind != Kind::echo && count > 0; --count) {
    request.keys.push_back(unused.back());
    unused.pop_back();
  }
  if (request.kind == Kind::echo) request.values.push_back(fresh_value());
  if (request.kind == Kind::set || request.kind == Kind::mset) {
    for (std::size_t i = 0; i < request.keys.size(); ++i) request.values.push_back(fresh_value());
  }
  return request;
}

Args LoadClient::arguments_of(const Request& request) const {
  const std::string prefix = name_ + ":";
  static const char* const names[] = {"SET", "GET", "MSET", "MGET", "EXISTS", "INCR", "ECHO"};
  Args arguments = {names[static_cast<std::size_t>(request.kind)]};
  if (request.kind == Kind::incr) arguments.push_back(prefix + "counter");
  if (request.kind == Kind::echo) arguments.push_back(request.values.front());
  for (std::size_t i = 0; i < request.keys.size(); ++i) {
    arguments.push_back(prefix + std::to_string(request.keys[i]));
    if (!request.values.empty()) arguments.push_back(request.values[i]);
  }
  return arguments;
}

void LoadClient::on_reply(const Request& request, const Reply& reply) {
  if (reply.is_error()) {
    ++result_.errors[reply.text];
    if (!is_write(request)) ++result_.read_errors;
    on_unknown(request, reply.text);
    return;
  }
  const std::string reason = check(request, reply);
  if (reason.empty()) {
    ++result_.replies;
    on_acknowledged(request);
    return;
  }
  on_unknown(request, "");
  std::string sent;
  for (const std::string& argument : arguments_of(request)) sent += argument + " ";
  on_wrong(sent + "-> " + to_text(reply) + ": " + reason);
}

void LoadClient::on_wrong(const std::string& what) {
  ++result_.wrong;
  if (result_.wrong_examples.size() < kMaxExamples) result_.wrong_examples.push_back(what);
}

bool LoadClient::is_write(const Request& request) {
  return request.kind == Kind::set || request.kind == Kind::mset || request.kind == Kind::incr;
}

std::string LoadClient::check(const Request& request, const Reply& reply) {
  const std::string text = to_text(reply);
  switch (request.kind) {
    case Kind::set:
    case Kind::mset: return text == "+OK" ? "" : "not +OK";
    case Kind::get: return check_read(request.keys.front(), reply);
    case Kind::echo:
      return text == to_text({Reply::Type::bulk, request.values.front(), 0, {}}) ? "" : "not its text";
    case Kind::incr: return check_incr(reply);
    case Kind::exists: {
      if (reply.type != Reply::Type::integer) return "no integer";
      long long least = 0;
      long long most = 0;
      for (const std::size_t key : request.keys) {
        const Value& value = values_[key];
        if (value.sure && !options_.may_lose_writes) ++least;
        if (value.sure || !value.perhaps.empty()) ++most;
      }
      return reply.integer >= least && reply.integer <= most ? "" : "more or fewer keys than it has written";
    }
    case Kind::mget: break;
  }
  if (reply.type != Reply::Type::array || reply.elements.size() != request.keys.size())
    return "not one element per key";
  for (std::size_t i = 0; i < request.keys.size(); ++i) {
    const std::string reason = check_read(request.keys[i], reply.elements[i]);
    if (!reason.empty()) return "element " + std::to_string(i) + ": " + reason;
  }
  return "";
}

std::string LoadClient::check_read(std::size_t key, const Reply& reply) {
  Value& value = values_[key];
  if (reply.type == Reply::Type::nil) {
    return !value.sure || options_.may_lose_writes ? "" : "nil, but it has written " + *value.sure;
  }
  if (reply.type != Reply::Type::bulk) return "neither a string nor nil";
  if (value.sure == reply.text) return "";
  if (value.perhaps.contains(reply.text) || value.acknowledged.contains(reply.text)) {
    value.sure = reply.text;
    return "";
  }
  return "expected " + value.sure.value_or("nil");
}

std::string LoadClient::check_incr(const Reply& reply) {
  if (reply.type != Reply::Type::integer) return "no integer";
  const long long least = options_.may_lose_writes ? 1 : counter_ + 1;
  const long long most = counter_ + counter_unknown_ + 1;
  if (reply.integer < least || reply.integer > most) {
    return "expected " + std::to_string(least) + " to " + std::to_string(most);
  }
  if (reply.integer > counter_) counter_unknown_ -= reply.integer - counter_ - 1;
  if (reply.integer <= counter_) counter_unknown_ += counter_ - reply.integer + 1;
  counter_ = reply.integer;
  return "";
}

std::string LoadClient::check_counter(const Reply& reply) {
  if (reply.type != Reply::Type::bulk && reply.type != Reply::Type::nil) return "neither a string nor nil";
  const long long count = reply.text.empty() ? 0 : std::stoll(reply.text);
  const long long missing = std::max(0LL, all_acknowledged_ - count);
  result_.lost_increments += static_cast<std::uint64_t>(missing);
  if (count <= all_acknowledged_ + all_unknown_ && (missing == 0 || options_.may_lose_writes)) return "";
  return "the counter is " + std::to_string(count) + " after " + std::to_string(all_acknowledged_) +
         " acknowledged and " + std::to_string(all_unknown_) + " unknown INCRs";
}

void LoadClient::on_acknowledged(const Request& request) {
  if (request.kind == Kind::incr) ++all_acknowledged_;
  if (request.kind != Kind::set && request.kind != Kind::mset) return;
  for (std::size_t i = 0; i < request.keys.size(); ++i) {
    Value& value = values_[request.keys[i]];
    value.sure = request.values[i];
    if (options_.may_lose_writes) value.acknowledged.insert(request.values[i]);
  }
}

void LoadClient::on_unknown(const Request& request, const std::string& error) {
  if (!is_write(request) || (request.kind != Kind::mset && is_refusal(error))) return;
  ++result_.unknown;
  if (request.kind == Kind::incr) ++counter_unknown_;
  if (request.kind == Kind::incr) ++all_unknown_;
  if (request.kind != Kind::set && request.kind != Kind::mset) return;
  for (std::size_t i = 0; i < request.keys.size(); ++i) {
    values_[request.keys[i]].perhaps.insert(request.values[i]);
  }
}

std::string LoadClient::fresh_value() { return name_ + "/" + std::to_string(++last_value_); }

}  // namespace slotway::kit
