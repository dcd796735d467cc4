#include "proxy/control/command_learner.hpp"

#include <spdlog/spdlog.h>

#include "proxy/control/redis_client.hpp"

namespace slotway::proxy {

namespace {

// Beyond them the other reasons to ask will do.
constexpr std::size_t kMaxRuns = 1000;

}  // namespace

bool CommandLearner::request(TimePoint now) {
  if (now < next_request_) return false;
  requested_ = true;
  return true;
}

bool CommandLearner::wants(const std::string& run, TimePoint now) {
  const bool is_new = !run.empty() && runs_.size() < kMaxRuns && runs_.insert(run).second;
  if (!is_new && !requested_ && ++refreshes_ < kRefreshesBetween) return false;
  if (requested_) next_request_ = now + kPause;
  requested_ = false;
  refreshes_ = 0;
  return true;
}

bool CommandLearner::take(const protocol::ReplyTree& reply) {
  if (!reply.is_array()) {
    // A user without the permission: what is built in will do.
    spdlog::warn("commands: a node does not describe its own: {}", printable(reply.text));
    return false;
  }
  auto after = protocol::LearnedCommands::add(current_, protocol::parse_command_reply(reply));
  if (after == current_) return false;
  current_ = std::move(after);
  spdlog::info("commands: nodes have described {} that are not built in", current_->size());
  return true;
}

}  // namespace slotway::proxy
