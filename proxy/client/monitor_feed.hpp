// MONITOR: shows the requests of all workers' clients to those that asked to see them. A worker writes a line
// for each request that it takes, sends a turn's lines to its own monitors, and posts them to the workers
// that have others. Owner: a Worker. Thread: worker; only values cross. Invariants: while nobody monitors a
// request costs one look at SessionRoom::monitored; what waits for another worker is bounded, and a monitor
// is told how many lines it has missed; one that reads too slowly is closed, as any subscriber.
//
//   session -> feed 0 -- lines --> feed 1, feed 2 …  -> the monitors there
//              feed 0 <--- done --- …
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/command_table.hpp"
#include "protocol/request.hpp"
#include "proxy/client/client_session.hpp"
#include "proxy/client/proxy_facts.hpp"

namespace slotway::proxy {

class MonitorFeed {
 public:
  static constexpr std::size_t kMaxTurnBytes = 1u << 20;    // shown of one turn
  static constexpr std::size_t kMaxPostedBytes = 4u << 20;  // on their way to one worker

  // `index` is the worker's place among `count`; `upstream` the number of that whose clients it shows.
  MonitorFeed(unsigned index, unsigned count, unsigned upstream, const ProxyFacts& facts, SessionRoom& room,
              Sessions& sessions);

  // --- sessions ---
  // Fills the slot with +OK when all workers know of it, and shows lines from then on.
  void join(ClientSession& session, Handle reply_slot);
  // REQUIRES: it has joined, and not left since.
  void leave(ClientSession& session);
  // "" = it is too long to be shown.
  static std::string line_of(const ClientSession& client, const protocol::CommandRow& row,
                             const protocol::RequestView& request);
  void show(std::string_view line);
  // Somebody monitors, in any worker.
  bool is_wanted() const { return is_wanted_; }

  // --- the worker's loop, at the end of a turn ---
  bool has_lines() const { return !lines_.empty() || lost_ > 0; }
  void flush();

  // --- from the desks of other workers ---
  void listen(unsigned worker, bool wants);
  void show_here(std::string_view lines);
  void on_posted(unsigned worker, std::size_t bytes) { targets_[worker].posted -= bytes; }
  void on_joined(Handle joining);

 private:
  struct Target {
    bool wants = false;
    std::size_t posted = 0;  // bytes on their way
    std::uint64_t lost = 0;  // lines since the last that left
  };
  struct Joining {
    Handle session;
    Handle reply_slot;
    std::size_t missing;  // workers that have yet to say that they know
  };

  const unsigned index_;
  const unsigned upstream_;
  const ProxyFacts& facts_;
  SessionRoom& room_;
  Sessions& sessions_;
  std::vector<Target> targets_;   // by worker
  std::vector<Handle> monitors_;  // sessions of this worker that have their +OK
  Slab<Joining> joining_;
  std::size_t joined_ = 0;  // sessions in either
  bool is_wanted_ = false;
  std::string lines_;  // of this turn
  std::uint64_t count_ = 0;
  std::uint64_t lost_ = 0;
};

}  // namespace slotway::proxy
