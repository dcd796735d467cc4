// The connections of one worker to the nodes of one upstream, and the worker's snapshot of the map that finds
// them. Owner: a Worker. Thread: worker. Invariant: one connection per endpoint; a connection whose endpoint
// is no longer in the map takes no new requests by slot and is closed once its replies have come.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "proxy/slab.hpp"
#include "proxy/upstream/connect_gate.hpp"
#include "proxy/upstream/read_router.hpp"
#include "proxy/upstream/upstream_connection.hpp"
#include "routing/slow_nodes.hpp"
#include "routing/topology.hpp"

namespace slotway::proxy {

class UpstreamPool {
 public:
  // Of all upstreams' connections: a handle's index is the upstream's number and the place in its pool.
  static constexpr unsigned kIndexBits = 21;

  // `settings` outlive the pool, and may change: see on_config(). `number`: of the upstream.
  UpstreamPool(boost::asio::io_context& io, Loop& loop, const config::UpstreamSettings& settings,
               unsigned number = 0);

  unsigned number() const { return number_; }
  const config::UpstreamSettings& settings() const { return settings_; }

  // Makes what it is given a turn of the worker's loop: the clock before it, the writing after it.
  using Turn = std::function<void(const std::function<void()>&)>;

  // Must be called once, before anything else.
  void set_events(UpstreamEvents& events) { events_ = &events; }
  void set_turn(Turn turn) { turn_ = std::move(turn); }

  // --- the map ---
  void set_topology(std::shared_ptr<const routing::Topology> topology);
  const std::shared_ptr<const routing::Topology>& topology() const {
    return topology_;
  }  // nullptr = not known yet
  // What a MOVED says: this worker's own map is patched at once. False: it said so already.
  bool move_slot(routing::Slot slot, const routing::Endpoint& endpoint);
  // Another number whenever a slot has got another owner; see also Loop::map_version.
  std::uint64_t map_version() const { return map_version_; }
  // The map names a node for `slot`.
  bool is_covered(routing::Slot slot) const;

  // --- finding a connection; the pointer is valid during this turn ---
  // One that is pinned is the caller's until release(); nullptr also says that all of them are taken.
  UpstreamConnection* for_slot(routing::Slot slot, UpstreamUse use);  // nullptr: no node is known for it
  UpstreamConnection* any_primary(UpstreamUse use);                   // nullptr: no node is known at all
  // Of a replica that may serve the slot's next read, and has all that was acknowledged at `since`; nullptr:
  // it is the primary's turn, or there is none.
  UpstreamConnection* for_read(routing::Slot slot, config::ReadFrom policy, UpstreamUse use, TimePoint since);
  UpstreamConnection* at(const routing::Endpoint& endpoint, UpstreamUse use);
  // Those on which replicas serve reads. `act` opens and closes none.
  template <class Act>
  void for_each_replica(Act act) {
    connections_.for_each([&act](Handle, UpstreamConnection& connection) {
      if (connection.use().replica) act(connection);
    });
  }
  // How often a node was named that serves no slot by the map: while slots move to a node that is new.
  std::uint64_t strays() const { return strays_; }

  // --- who serves reads ---
  void set_replica_facts(std::shared_ptr<const routing::ReplicaFacts> facts);
  // A read has failed there.
  void bench(const routing::Endpoint& replica);
  void on_config() { choose_readers(); }

  // --- pinned connections ---
  bool may_lease(std::size_t count = 1) const {
    return pinned_ + count <= settings_.limits.max_pinned_per_worker + free_.size();
  }
  // Given back as it came: nothing in flight that anyone waits for, nothing watched.
  void release(UpstreamConnection& connection);
  // nullptr: it has gone, or is one of another upstream.
  UpstreamConnection* find(Handle handle) {
    return number_of(handle) == number_ ? connections_.find(without_number(handle)) : nullptr;
  }
  // The upstream whose connection it names. REQUIRES: it is not null.
  static unsigned number_of(Handle handle) { return handle.index >> kIndexBits; }

  // --- the worker's loop ---
  void on_io(Handle handle, std::uint32_t events);
  void on_tick();
  void flush_scheduled();
  bool has_scheduled() const { return !scheduled_.empty() || gate_left_; }
  // Requests that wait for a connection to a node which is not their slot's any more go back to the
  // dispatcher.
  void give_back_misplaced();
  std::vector<UpstreamStatus> statuses();

  // --- for its connections ---
  void schedule_flush(UpstreamConnection& connection) { scheduled_.push_back(&connection); }
  // False: too many are being opened to its node; enter_gate() of it is called when it is its turn.
  bool enter_gate(const UpstreamConnection& connection) {
    return gate_.enter(connection.endpoint(), connection.handle(), settings_.limits.max_connecting_per_node);
  }
  void leave_gate(const routing::Endpoint& node) {
    gate_.leave(node);
    gate_left_ = true;
  }
  // Ends in on_resolved(), in a turn of its own.
  void resolve(Handle handle, const routing::Endpoint& endpoint);
  std::uint64_t random() { return random_(); }

 private:
  static Handle without_number(Handle handle) {
    return {handle.index & ((1u << kIndexBits) - 1), handle.generation};
  }
  Handle with_number(Handle place) const { return {place.index | (number_ << kIndexBits), place.generation}; }
  UpstreamConnection* for_node(routing::NodeIndex node, UpstreamUse use);
  // Its place; valid until the next call, or the next map.
  UpstreamConnection*& shared(routing::NodeIndex node, UpstreamUse use) {
    const std::size_t place =
        (use.database * node_count_ + node) * UpstreamUse::kSharedKinds + use.shared_index();
    if (place >= shared_.size()) make_room_for(use.database);
    return shared_[place];
  }
  void make_room_for(std::uint16_t database);
  UpstreamConnection* lease(const routing::Endpoint& endpoint, UpstreamUse use);
  UpstreamConnection& open(const routing::Endpoint& endpoint, UpstreamUse use);
  void close_unused();
  void open_waiting();
  void judge_latencies();
  void choose_readers() { reads_.choose(settings_.upstream, loop_.now); }
  std::size_t next_primary(std::size_t from) const;  // healthy, from this index on

  Loop& loop_;
  const config::UpstreamSettings& settings_;
  const unsigned number_;
  UpstreamEvents* events_ = nullptr;
  Turn turn_ = [](const std::function<void()>& act) { act(); };
  boost::asio::ip::tcp::resolver resolver_;
  std::mt19937_64 random_{std::random_device{}()};
  std::shared_ptr<const routing::Topology> topology_;
  std::uint64_t map_version_ = 0;
  std::uint64_t strays_ = 0;
  std::vector<bool> serves_;  // by node
  Slab<UpstreamConnection> connections_;
  // Shared ones; nullptr = not needed so far. By database, as far as one is used, then node, then
  // UpstreamUse::shared_index().
  std::vector<UpstreamConnection*> shared_;
  std::size_t node_count_ = 0;  // of the map
  std::vector<UpstreamConnection*> scheduled_;
  ConnectGate gate_;
  bool gate_left_ = false;  // since open_waiting()
  routing::SlowNodes slow_nodes_;
  ReadRouter reads_;
  std::vector<routing::NodeSecond> seconds_;  // kept for its memory
  TimePoint next_judgement_{};
  // Pinned ones that nobody has, the last given back at the end.
  struct Free {
    Handle connection;
    TimePoint since;
  };
  std::vector<Free> free_;
  TimePoint long_scripts_until_{};
  GaugeShare long_scripts_;
  std::size_t pinned_ = 0;  // connections, free ones included
};

}  // namespace slotway::proxy
