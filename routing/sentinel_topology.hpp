// From what sentinels say of a master to a Topology: SENTINEL GET-MASTER-ADDR-BY-NAME, MASTER, REPLICAS and
// SENTINELS; and which of them to believe when they disagree. Owner: the caller. Thread: any (pure).
// Invariants: nothing that a sentinel says throws; a primary that a minority names is not believed unless it
// was known as a replica, and none with an older epoch than the map's unless most sentinels name it. Source:
// Redis documentation, "Sentinel"; Redis 7.0 sentinel.c (sentinelGetCurrentMasterAddress: from the promotion
// on the new address is told, with its config-epoch).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "protocol/reply_tree.hpp"
#include "routing/topology.hpp"

namespace slotway::routing {

struct SentinelReplica {
  Endpoint endpoint;
  bool healthy = true;  // reachable for the sentinel, and linked to its primary
};

// What one sentinel says of one master.
struct SentinelView {
  std::string voter;  // the sentinel's id; its address if it does not tell
  Endpoint primary;
  std::uint64_t epoch = 0;  // config-epoch of the failover that made it the primary
  std::vector<SentinelReplica> replicas;
  std::vector<Endpoint> others;  // the other sentinels that it knows
};

struct ParsedSentinelView {
  std::optional<SentinelView> view;
  std::string error;  // one line, if there is no view
};

// Replies to SENTINEL MYID, GET-MASTER-ADDR-BY-NAME, MASTER, REPLICAS and SENTINELS, in this order; `asked`:
// who gave them.
inline constexpr std::size_t kSentinelReplies = 5;
ParsedSentinelView parse_sentinel_view(std::span<const protocol::ReplyTree> replies, const Endpoint& asked);

// Whom to believe, in the order in which their primaries are to be tried: nothing is sure before a primary
// has said itself that it is one.
class SentinelJudge {
 public:
  static constexpr std::uint32_t kPatience = 10;  // looks at which nobody said anything else

  struct Verdict {
    std::vector<const SentinelView*> believed;  // point into `views`; empty = nobody
    std::string error;                          // why, then
  };

  // `views`: one for each sentinel that has answered; `known`: how many sentinels there are. `current` may be
  // nullptr.
  Verdict judge(const Topology* current, std::span<const SentinelView> views, std::size_t known);

 private:
  struct Candidate;
  bool is_insisted_on(const Endpoint& primary);

  Endpoint doubtful_;  // what was named last and not believed
  std::uint32_t looks_ = 0;
};

// The map that the view makes: every slot is the primary's.
std::shared_ptr<Topology> sentinel_topology(const SentinelView& view);

// The primary of such a map.
const Endpoint& sentinel_primary(const Topology& topology);

}  // namespace slotway::routing
