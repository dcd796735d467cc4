// What a worker counts: plain numbers with one writer, read now and then by the scrape.
// Owner: the Worker. Thread: written by the worker only; read by the control thread. Invariant: no lock, no
// atomic read-modify-write; a counter is a relaxed load and a relaxed store, which compile to plain moves.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "protocol/command_table.hpp"
#include "protocol/redirect_error.hpp"

namespace slotway::proxy {

class Counter {
 public:
  [[gnu::always_inline]] void add(std::uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void sub(std::uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) - n, std::memory_order_relaxed);
  }
  void set(std::uint64_t n) { value_.store(n, std::memory_order_relaxed); }
  std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// What one of several adds to a gauge that shows their sum. Its own share starts at 0.
class GaugeShare {
 public:
  void set(Counter& gauge, std::uint64_t n) {
    gauge.add(n - share_);  // modulo 2^64
    share_ = n;
  }

 private:
  std::uint64_t share_ = 0;
};

// Latencies in buckets that double: bucket i counts those below 2^(i+kFirstBit) microseconds (16 µs … 16.8
// s), the last one everything above.
class LatencyCounter {
 public:
  static constexpr std::size_t kBuckets = 22;
  static constexpr int kFirstBit = 4;

  // Upper bound of bucket i in microseconds; the last bucket has none.
  static constexpr std::uint64_t bound_us(std::size_t i) { return 1ull << (i + kFirstBit); }

  void observe_us(std::uint64_t us) {
    const int bits = static_cast<int>(std::bit_width(us));
    const std::size_t i = bits <= kFirstBit ? 0 : static_cast<std::size_t>(bits - kFirstBit);
    buckets_[i < kBuckets ? i : kBuckets - 1].add();
    sum_us_.add(us);
  }
  std::uint64_t bucket(std::size_t i) const { return buckets_[i].get(); }
  std::uint64_t sum_us() const { return sum_us_.get(); }

 private:
  std::array<Counter, kBuckets> buckets_;
  Counter sum_us_;
};

// Why a request was answered with an error.
enum class ErrorClass : std::uint8_t {
  upstream,         // a node's own error reply, passed on
  protocol,         // malformed request: the client was closed
  refused,          // answered by the proxy: arity, unknown, unsupported, CROSSSLOT, NOAUTH
  timeout,          // deadline passed
  unreachable,      // no node for the slot, or no connection within the deadline
  unknown_outcome,  // the connection was lost after a write was sent
  redirect,         // a redirect that outlived the deadline
  count_,
};

constexpr std::size_t index_of(auto e) { return static_cast<std::size_t>(e); }

struct WorkerCounters {
  std::array<Counter, index_of(protocol::Family::count_)> requests;
  // From a request parsed to its reply queued.
  std::array<LatencyCounter, index_of(protocol::Family::count_)> total_latency;
  // From a request queued for a node to its reply.
  LatencyCounter upstream_latency;
  // By family, then by class.
  std::array<std::array<Counter, index_of(ErrorClass::count_)>, index_of(protocol::Family::count_)> errors;
  std::array<Counter, index_of(protocol::RedirectKind::count_)> redirects;  // followed or retried, by kind

  Counter clients;              // open now
  Counter clients_accepted;     // ever
  Counter clients_closed;       // ever
  Counter clients_paused;       // now not read from, because of a limit
  Counter clients_over_memory;  // ever closed, because of limits.max_memory_per_client
  Counter clients_shed;         // ever closed, because of limits.max_memory
  Counter clients_aged;         // ever closed, because of client_max_age
  Counter clients_pinned;       // now with a connection set aside for them: they block or watch
  Counter clients_blocked;      // now waiting in a blocking command
  Counter clients_postponed;    // now held back by CLIENT PAUSE
  Counter client_bytes_in;
  Counter client_bytes_out;
  Counter upstream_bytes_in;
  Counter upstream_bytes_out;
  Counter fragments;          // requests sent to nodes on behalf of split commands
  Counter retries;            // reads sent again after a lost connection
  Counter retried_writes;     // writes likewise (failover.retry_unknown_writes)
  Counter mirrored;           // requests that another upstream was asked too
  Counter mirror_dropped;     // those that were too much, or lost
  Counter mirror_compared;    // replies
  Counter mirror_differing;   // of these
  Counter replica_reads;      // sent to a replica
  Counter replica_retries;    // of these, sent to the primary because the replica failed them
  Counter hedged_reads;       // asked of a second node, because a replica was late
  Counter hedges_won;         // of these, answered by the second node first
  Counter held_requests;      // waiting for a node now, or until they may be sent again
  Counter upstream_connects;  // attempts
  Counter upstream_connect_failures;
  Counter buffer_bytes;        // held by this worker's pooled buffers, in use or free
  Counter memory_in_use;       // by clients' requests and replies
  Counter largest_client;      // bytes of the client that holds the most; 0 = nobody has to know
  Counter memory_ticks;        // how often the two above were told
  Counter loop_turns;          // of the event loop, ever
  Counter subscribers;         // clients that are subscribed to something now
  Counter subscribers_closed;  // because they read too slowly
  Counter subscriptions;       // channels and patterns that this worker is subscribed to at nodes now
  Counter messages_delivered;  // to clients
  Counter tracking_clients;    // clients with CLIENT TRACKING now
  Counter tracked_keys;        // that one of them has read, and has not been told of since
  Counter tracked_items;       // the same, for each client
  Counter tracked_prefixes;    // of CLIENT TRACKING ON BCAST
  Counter invalidations;       // sent to clients
  Counter in_flight;           // requests waiting for a node now
  Counter long_scripts;        // 1 = a node runs a script for long, or did so a second ago

  void count_error(protocol::Family family, ErrorClass error) {
    errors[index_of(family)][index_of(error)].add();
  }
};

}  // namespace slotway::proxy
