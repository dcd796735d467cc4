// One request on its way to a node: what is known of it besides its bytes, which stand in an upstream's send
// queue. Owner: the FIFO of an upstream pipeline, or the parked requests. Thread: worker. Trivially copyable.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "config/config.hpp"
#include "protocol/redirect_error.hpp"
#include "proxy/loop.hpp"
#include "proxy/slab.hpp"
#include "routing/plan.hpp"

namespace slotway::proxy {

// What a connection is for. Two that differ never stand in for each other.
struct UpstreamUse {
  bool resp3 : 1 = false;     // the protocol of its replies
  bool aside : 1 = false;     // takes no scripts: a node that runs one reads nothing from where it came
  bool no_touch : 1 = false;  // the node was told CLIENT NO-TOUCH ON
  bool replica : 1 =
      false;  // for reads that a replica serves: the node was told READONLY, if it is a cluster's
  bool pinned : 1 = false;  // serves one session at a time, else all of the worker's
  std::uint16_t database = 0;
  friend bool operator==(const UpstreamUse&, const UpstreamUse&) = default;

  static constexpr std::size_t kSharedKinds = 16;
  // Among the shared connections to a database of a node.
  std::size_t shared_index() const {
    return (resp3 ? 1u : 0u) | (aside ? 2u : 0u) | (no_touch ? 4u : 0u) | (replica ? 8u : 0u);
  }
};

struct Request {
  static constexpr std::uint32_t kWhole = 0xFFFFFFFF;
  static constexpr std::uint32_t kEveryShard = 0xFFFFFFFE;  // whole, and meant for shards not known yet
  static constexpr std::uint32_t kSettings = 0xFFFFFFFD;    // whole, and its reply gets our own values
  static constexpr std::uint32_t kFlush = 0xFFFFFFFC;  // whole, and the other shards are flushed after it
  static constexpr std::uint32_t kScan = 0xFFFF0000;   // + the fingerprint of its cursor, 8 bits

  enum class Kind : std::uint8_t {
    client,       // its reply belongs to a reply slot
    asking,       // the ASKING before a redirected request: its +OK is swallowed
    select,       // the SELECT around one that is of another database than its connection: likewise
    probe,        // a PING on an idle connection: likewise
    script_load,  // a script ahead of a request that may need it: likewise, unless it is an error
  };

  // Why its connection is set aside for its session; none: it shares one.
  enum class Pin : std::uint8_t { none, blocking, wait, watch, exec };

  Handle reply_slot;
  std::uint32_t fragment = kWhole;  // of a split command, or one of the above
  std::uint32_t bytes = 0;          // in the send queue
  std::uint32_t leading = 0;        // replies that come before its own: MULTI's and the queued commands'
  TimePoint deadline;
  TimePoint queued_at;
  std::uint64_t order = 0;  // of its arrival, in this worker
  routing::Slot slot = routing::kAnySlot;
  UpstreamUse use;  // pinned, if `pin` says so
  Kind kind = Kind::client;
  Pin pin = Pin::none;
  bool readonly : 1 = false;
  bool abandoned : 1 = false;   // answered already: its reply is swallowed
  bool scripted : 1 = false;    // its reply may be a script's own words, whatever they look like
  bool fixed : 1 = false;       // meant for this node, and sent to no other
  bool by_sha : 1 = false;      // it names scripts by their sha: the node must have been told of them
  bool held : 1 = false;        // has waited for a primary: its deadline includes failover.hold
  bool repeatable : 1 = false;  // a read, or a write that may be executed twice
  bool spreads : 1 = false;     // a replica may serve it
  bool hedged : 1 = false;      // another node was asked too: the first reply counts
  bool is_hedge : 1 = false;    // of these two, the later one
  bool selects : 1 = false;     // it leaves its connection in another database (a transaction's SELECT)
  config::ReadFrom read_from = config::ReadFrom::primary;  // whom its client wants to read from
  std::uint8_t hops = 0;
  std::uint8_t attempts = 0;
  protocol::RedirectKind last_error = protocol::RedirectKind::count_;  // why it is being sent again

  // When the node it was sent to has taken too long: what has waited before has no more time there than
  // others. What may block has said how long.
  TimePoint expires(Clock::duration request_timeout) const {
    return held && !may_block() ? std::min(deadline, queued_at + request_timeout) : deadline;
  }
  void count_hop() { hops = hops < 0xFF ? static_cast<std::uint8_t>(hops + 1) : hops; }
  void count_attempt() { attempts = attempts < 0xFF ? static_cast<std::uint8_t>(attempts + 1) : attempts; }
  // Else it is of its connection's database, and leaves it there.
  bool may_change_database() const { return selects || pin != Pin::none; }
  bool may_block() const { return pin == Pin::blocking || pin == Pin::wait; }
  // Its reply is one of several that are merged.
  bool is_part() const { return fragment < kScan; }
  // Its reply is not passed on as it comes.
  bool is_rewritten() const { return is_scan() || fragment == kSettings || fragment == kFlush; }
  bool is_scan() const { return fragment >= kScan && fragment <= kScan + 0xFF; }
  // Among the requests of a pipeline it may be older than those before it.
  bool is_resent() const { return hops > 0 || attempts > 0; }
};

}  // namespace slotway::proxy
