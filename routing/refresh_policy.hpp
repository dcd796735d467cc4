// When the map is refreshed, whom to ask for it, and whether to believe the answer. Three small machines
// without sockets, clock or random numbers: those come in as arguments. Owner: the topology refresher.
// Thread: control. Invariants: triggers never make refreshes come closer together than min_interval, nor
// faster than the backoff while they fail; a worse view replaces a good map only if several nodes, or the
// only one that answers for long enough, insist on it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "routing/backoff.hpp"
#include "routing/topology.hpp"

namespace slotway::routing {

using TimePoint = std::chrono::steady_clock::time_point;

// Why a refresh is made. The later one of two that are coalesced is forgotten.
enum class RefreshReason : std::uint8_t {
  start,            // there is no map yet
  periodic,         // the interval passed
  retry,            // the last refresh failed
  moved,            // a node answered MOVED
  connection_lost,  // to a node of the map
  clusterdown,      // a node answered CLUSTERDOWN
  uncovered_slot,   // a client asked for a slot without a node
  primary_awaited,  // requests wait for a shard's primary to be reachable, or to be replaced
  unknown_command,  // a client used a command that nobody has described so far
  sentinel_event,   // a sentinel has said something about the primary
  reload,           // it is to be found elsewhere, or by other names
  count_,
};

std::string_view reason_name(RefreshReason reason);

// When: periodic with a tenth of jitter either way, at once when triggered, with backoff after failures.
class RefreshSchedule {
 public:
  static constexpr Backoff kRetry{std::chrono::milliseconds{100}, std::chrono::seconds{1}};

  // The first refresh is due at `now`.
  RefreshSchedule(std::chrono::milliseconds interval, std::chrono::milliseconds min_interval, TimePoint now);

  // Asks for a refresh. While refreshes fail, the backoff alone says when, unless a primary is awaited (an
  // election takes as long as a few refreshes), or a sentinel has news. `reason` is kept for the next one.
  void request(RefreshReason reason);

  // From now on; a refresh that is far away comes nearer.
  void set_intervals(std::chrono::milliseconds interval, std::chrono::milliseconds min_interval,
                     TimePoint now);

  // When the next refresh is due.
  TimePoint due() const;

  // A refresh begins: what was requested so far is served by it. Returns its reason.
  RefreshReason begin(TimePoint now);
  // It ended; `random` is uniform over all 64-bit values.
  void succeed(TimePoint now, std::uint64_t random);
  void fail(TimePoint now, std::uint64_t random);

 private:
  std::chrono::milliseconds interval_;
  std::chrono::milliseconds min_interval_;
  TimePoint timer_due_;  // start, periodic or retry
  TimePoint earliest_;   // of a triggered one
  std::optional<RefreshReason> requested_;
  bool urgent_ = false;  // what was requested does not wait for the backoff
  RefreshReason timer_reason_ = RefreshReason::start;
  std::uint32_t failures_ = 0;  // in a row
};

// Whom: up to kMaxAskedNodes nodes of the map, those it calls healthy first, from place `turn` of the list
// on; then all seeds, from place `turn` on. The bound keeps a map full of dead addresses from hiding the
// seeds for long.
inline constexpr std::size_t kMaxAskedNodes = 4;
std::vector<Endpoint> ask_order(const Topology* current, std::span<const Endpoint> seeds, std::uint64_t turn);

// Whether to believe: compares each view with the map in use.
class ViewJudge {
 public:
  static constexpr std::size_t kVoters = 3;       // different nodes that must agree on a doubtful view
  static constexpr std::uint32_t kPatience = 10;  // or refreshes in which nobody said anything else

  enum class Verdict : std::uint8_t {
    accepted,
    confirmed,       // cluster_state:fail, but the same map: to be taken if nobody has a better one
    no_slots,        // it covers no slot
    older_epoch,     // its cluster_current_epoch is lower than the map's
    cluster_failed,  // cluster_state:fail, and the map is complete
    fewer_slots,     // it covers less than the map
  };

  // `voter` names the node that gave the view; `refresh` counts the refreshes. `current` may be nullptr.
  Verdict judge(const Topology* current, const Topology& candidate, bool state_ok, std::string_view voter,
                std::uint64_t refresh);

 private:
  bool is_insisted_on(const Topology* current, const Topology& candidate, std::string_view voter,
                      std::uint64_t refresh);

  std::optional<Topology> doubtful_;  // the view that was refused last
  std::set<std::string, std::less<>> voters_;
  std::uint64_t last_refresh_ = 0;  // in which it was seen
  std::uint32_t refreshes_ = 0;     // in which it was seen
};

std::string_view verdict_text(ViewJudge::Verdict verdict);

}  // namespace slotway::routing
