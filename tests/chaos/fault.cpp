#include "tests/chaos/fault.hpp"

#include "tests/chaos/address_faults.hpp"
#include "tests/chaos/blocking_fault.hpp"
#include "tests/chaos/client_faults.hpp"
#include "tests/chaos/connection_faults.hpp"
#include "tests/chaos/fleet_faults.hpp"
#include "tests/chaos/garbage_fault.hpp"
#include "tests/chaos/grow_fault.hpp"
#include "tests/chaos/isolation_fault.hpp"
#include "tests/chaos/node_faults.hpp"
#include "tests/chaos/sentinel_faults.hpp"

namespace slotway::chaos {
namespace {

constexpr std::chrono::milliseconds kReach(100);

constexpr Expectation kNothing{.remarked_gap = kReach};
constexpr Expectation kPause{.longest_wait = kHoldLimit};
// What was in flight to a node that ended in order: writes may be unanswered, none is lost.
constexpr Expectation kOneStop{.losses = 1, .longest_wait = kHoldLimit};
constexpr Expectation kOneDeath{
    .losses = 1, .read_errors = 0, .may_lose_writes = true, .longest_wait = kHoldLimit};

// Nobody loses a connection; what the isolated primary acknowledges goes with it.
constexpr Expectation kIsolation{.may_lose_writes = true, .longest_wait = kHoldLimit};
// SENTINEL FAILOVER waits for no replica, and the old primary closes its clients when it becomes one.
constexpr Expectation kSwitches{
    .losses = kSwitchRounds, .read_errors = 0, .may_lose_writes = true, .longest_wait = kHoldLimit};

}  // namespace

const std::vector<Fault>& all_faults() {
  static const std::vector<Fault> faults = {
      {"none", "nothing happens", play_nothing, kNothing, true},
      {"failover", "CLUSTER FAILOVER of each primary in turn", fail_over_each, kNothing, true},
      {"reshard", "redis-cli moves 300 slots", reshard, kNothing},
      {"grow", "from 3 to 6 primaries, and back to 3", grow_and_shrink, {}},
      {"kill", "SIGKILL of a primary; it comes back as a replica", kill_primary, kOneDeath, true},
      {"freeze", "SIGSTOP of a primary for 4 s", freeze_primary, kOneDeath},
      {"client-kill",
       "CLIENT KILL of all connections at all nodes, each 100 ms for 2 s",
       kill_connections,
       {.losses = kKillRounds, .read_errors = 0},
       true},
      {"restart-replica", "a replica is shut down and started again", restart_replica, {}},
      {"restart-primary", "a primary is shut down and started again, with its data", restart_primary,
       kOneStop},
      {"move-node", "a primary is restarted on another address, the same node id", move_primary, kOneStop},
      {"move-all",
       "all nodes at once are restarted on new addresses, which are among the seeds",
       move_all_nodes,
       {.losses = 3, .longest_wait = kHoldLimit}},
      {"proxy-kill",
       "SIGKILL of the proxy, which is started again",
       kill_proxy,
       {.loses_clients = true, .longest_wait = kHoldLimit},
       false,
       false},
      {"slow-node", "a primary is stopped for 50 ms each 100 ms for 3 s", slow_node, kPause},
      {"slow-readers", "20 clients ask for 15 or 100 MB each and read nothing", slow_readers, {}},
      {"partition", "all packets to and from a primary's port are dropped for 3 s", cut_off_node, kOneStop},
      {"partition-nodes",
       "a primary is cut off from all other nodes, not from the proxy, until after the election",
       isolate_primary, kIsolation},
      {"garbage", "100 connections send random bytes and broken requests for 10 s", send_garbage, {}},
      {"connect-storm",
       "10,000 connections per second for 5 s, for a PING or nothing",
       storm_of_connections,
       {}},
      {"unread-blocking",
       "50 clients block and never read, 100 end their side before they read",
       block_unread,
       {}},
      {"sentinel-failover", "SENTINEL FAILOVER, three times", switch_primary, kSwitches},
      {"sentinel-kill", "SIGKILL of the primary; it comes back as a replica", kill_watched_primary, kOneDeath,
       true},
      {"sentinel-freeze", "SIGSTOP of the primary until another one has been elected, and it is a replica",
       freeze_watched_primary, kOneDeath},
      {"sentinels-kill",
       "two of three sentinels die and come back, then SENTINEL FAILOVER",
       kill_sentinels,
       {.losses = 1, .may_lose_writes = true, .longest_wait = kHoldLimit}},
      {"scale",
       "from one proxy to three behind a balancer, and back to one",
       scale_out_and_in,
       {.loses_clients = true, .between_pipelines = true}},
  };
  return faults;
}

const Fault* find_fault(std::string_view name) {
  for (const Fault& fault : all_faults()) {
    if (fault.name == name) return &fault;
  }
  return nullptr;
}

}  // namespace slotway::chaos
