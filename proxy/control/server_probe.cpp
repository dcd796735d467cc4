#include "proxy/control/server_probe.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "protocol/decimal.hpp"
#include "proxy/control/map_source.hpp"
#include "routing/topology_parser.hpp"

// GCC 12 sees the frames' operator new inlined and their operator delete not, and takes them for a mismatch.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace slotway::proxy {

using protocol::ReplyTree;

namespace {

std::vector<RedisClient::Command> questions() {
  return {{"ROLE"}, {"INFO", "server"}, {"CONFIG", "GET", "databases"}};
}

std::vector<RedisClient::Command> select(std::uint32_t database) {
  return {{"SELECT", std::to_string(database)}};
}

std::optional<std::uint32_t> databases_of(const ReplyTree& config) {
  if (!config.is_array() || config.elements.size() != 2) return std::nullopt;
  const auto count = protocol::parse_decimal(config.elements[1].text);
  if (!count || *count < 1) return std::nullopt;
  return static_cast<std::uint32_t>(std::min<std::int64_t>(*count, ServerProbe::kMostDatabases));
}

}  // namespace

Task<ServerView> ServerProbe::ask(RedisClient& client, std::chrono::milliseconds timeout) {
  ServerView view;
  const RedisClient::Answer answer = co_await client.ask(questions(), timeout);
  if (!answer.error.empty()) {
    view.error = answer.error;
    co_return view;
  }
  const ReplyTree& role = answer.replies[0];
  const ReplyTree& info = answer.replies[1];
  if (role.is_error() && role.text.starts_with("NOAUTH")) {
    view.error = explain_refusal(role.text);
    co_return view;
  }
  if (role.is_array() && !role.elements.empty()) view.role = role.elements[0].text;
  if (info.is_text()) {
    view.mode = routing::parse_server_mode(info.text);
    view.version = routing::parse_server_version(info.text);
    view.run = routing::parse_run_id(info.text);
  }
  if (const auto databases = databases_of(answer.replies[2])) {
    view.databases = *databases;
  } else if (view.mode != "sentinel" && view.mode != "cluster") {
    // CONFIG may be forbidden, or go by another name.
    if (counted_ == 0 || view.run.empty() || view.run != counted_run_) {
      counted_ = co_await count_databases(client, timeout);
      counted_run_ = view.run;
    }
    view.databases = counted_;
  }
  co_return view;
}

// The least that does not exist. Errors count as one that does not: without SELECT there is the first alone.
Task<std::uint32_t> ServerProbe::count_databases(RedisClient& client, std::chrono::milliseconds timeout) {
  std::uint32_t exist = 1;
  std::uint32_t least_missing = kMostDatabases;
  std::uint32_t next = 16;  // the usual number is found by two questions
  while (exist < least_missing) {
    const RedisClient::Answer answer = co_await client.ask(select(next), timeout);
    if (!answer.error.empty()) co_return exist;
    if (answer.replies[0].is_error()) {
      least_missing = next;
    } else {
      exist = next + 1;
    }
    next = least_missing == 16 && exist < 16 ? 15 : exist + (least_missing - exist) / 2;
  }
  co_return exist;
}

}  // namespace slotway::proxy
