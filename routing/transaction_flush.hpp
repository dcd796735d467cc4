// A transaction that has emptied the shard that it ran on, while the other shards have yet to be
// (docs/decisions/017): what to tell them, and where in EXEC's reply their answer belongs. Pure. Owner: a
// merger, until all have answered. Thread: worker. Invariant: `reply` has a whole +OK at `at`.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "routing/topology.hpp"

namespace slotway::routing {

struct TransactionFlush {
  std::string command;  // FLUSHALL or FLUSHDB, as the client put it
  std::string reply;    // EXEC's
  std::size_t at = 0;   // of the command's own reply in it
  Endpoint node;        // that ran the transaction

  // EXEC's reply around the command's own.
  std::string_view before() const;
  std::string_view behind() const;
};

// The last command of `transaction`, whole from MULTI to EXEC, that has emptied the node by what `reply`,
// which is EXEC's, says; nullopt if none has.
std::optional<TransactionFlush> executed_flush(std::string_view transaction, std::string_view reply,
                                               Endpoint node);

}  // namespace slotway::routing
