// CLIENT PAUSE: until when requests of clients wait, and which. Owner: a worker's SessionRoom. Thread:
// worker. Invariant: a second pause makes the first neither shorter nor milder (as in Redis, pauseClients).
#pragma once

#include <algorithm>
#include <cstdint>

#include "protocol/command_table.hpp"
#include "protocol/request.hpp"
#include "protocol/script_flags.hpp"
#include "proxy/loop.hpp"

namespace slotway::proxy {

// Writes, or may (PUBLISH, scripts that do not say otherwise): what a pause in mode `write` holds back.
inline bool may_write(const protocol::CommandRow& row, const protocol::RequestView& request) {
  if (row.name == "eval") return !protocol::declares_no_writes(request.arg(1));
  return row.has(protocol::kWrite) || row.has(protocol::kMayReplicate);
}

struct ClientPause {
  enum class Mode : std::uint8_t { off, write, all };

  Mode mode = Mode::off;
  TimePoint until{};

  bool is_on() const { return mode != Mode::off; }
  bool is_over(TimePoint now) const { return now >= until; }

  void extend(const ClientPause& other, TimePoint now) {
    if (is_over(now)) *this = {};
    mode = std::max(mode, other.mode);
    until = std::max(until, other.until);
  }

  // `transaction_writes`: EXEC is among what writes.
  bool postpones(const protocol::CommandRow& row, const protocol::RequestView& request,
                 bool transaction_writes, TimePoint now) const {
    if (!is_on() || is_over(now)) return false;
    if (mode == Mode::all) return true;
    return row.local == protocol::LocalCommand::exec ? transaction_writes : may_write(row, request);
  }
};

}  // namespace slotway::proxy
