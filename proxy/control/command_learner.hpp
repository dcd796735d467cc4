// Decides when nodes are asked for their commands, and keeps what they have described: the first time that a
// run of a server is met, when a client has used a command that nobody knows, and now and then. Owner: the
// topology refresher, which asks on the connection that it has anyway. Thread: control. Invariant: what
// clients do makes a node be asked at most once in kPause.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "protocol/learned_commands.hpp"
#include "protocol/reply_tree.hpp"

namespace slotway::proxy {

class CommandLearner {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  static constexpr std::chrono::seconds kPause{5};
  static constexpr std::uint32_t kRefreshesBetween = 100;  // a module may be loaded anew at any time

  // A client has used an unknown command. False: it is too early for that to matter.
  bool request(TimePoint now);
  // Whether the node that has just given the map is to be asked; each call is one refresh, and true is
  // not said twice of the same run for the same reason. `run` names the run of its server, "" = not said.
  bool wants(const std::string& run, TimePoint now);
  // Its reply to COMMAND. True: current() is another one now.
  bool take(const protocol::ReplyTree& reply);

  // nullptr: nothing that the built-in table lacks.
  std::shared_ptr<const protocol::LearnedCommands> current() const { return current_; }

 private:
  std::set<std::string> runs_;  // asked already
  bool requested_ = false;
  TimePoint next_request_{};
  std::uint32_t refreshes_ = 0;  // since a node was asked
  std::shared_ptr<const protocol::LearnedCommands> current_;
};

}  // namespace slotway::proxy
