// Keeps what is held for all clients of the process below limits.max_memory: the client that holds the most
// is closed, then the next, whichever worker has it. Each worker tells the others, in its counters, how much
// it holds and how much its largest client does; the one with the largest acts. Owner: a Worker. Thread:
// worker; of the others it reads counters only. Invariant: a client that holds little is never closed for it.
#pragma once

#include <cstdint>
#include <vector>

#include "proxy/client/client_session.hpp"
#include "proxy/client/proxy_facts.hpp"

namespace slotway::proxy {

class MemoryGuard {
 public:
  // `index` is the worker's place in facts.workers.
  MemoryGuard(unsigned index, const ProxyFacts& facts, SessionRoom& room, Sessions& sessions)
      : index_(index), facts_(facts), room_(room), sessions_(sessions) {}

  // On the worker's tick.
  void on_tick();

 private:
  // Closing one that holds less would not help.
  static constexpr std::uint64_t kWorthwhile = 64 * 1024;

  // Ticks after which one acts though a worker has not answered: its loop does not turn.
  static constexpr unsigned kMaxWait = 5;

  bool others_have_told();
  std::uint64_t held_by_all() const;
  ClientSession* largest();
  bool another_has_more_than(std::uint64_t bytes) const;

  const unsigned index_;
  const ProxyFacts& facts_;
  SessionRoom& room_;
  Sessions& sessions_;
  unsigned waited_ = 0;                    // ticks since ours was told
  std::vector<std::uint64_t> ticks_then_;  // of every worker, when ours was told
};

}  // namespace slotway::proxy
