// SCAN over the shards of a cluster: what a client's cursor says, and where a scan goes on. Pure; any thread.
// All that is known of a scan stands in its cursor, so that any worker, or another proxy, can go on with it:
//
//   cursor = the node's cursor << 22 | fingerprint << 14 | slot          0 = the beginning, and the end
//
// The slot is the lowest of the shard that is being scanned; shards are scanned in the order of their lowest
// slots. The fingerprint, 8 bits that are never 0, stands for the node that gave the cursor, the slots of its
// shard and the slots of all shards before it. Invariant: a key that was there all along, in a slot that did
// not move unseen, is returned at least once; keys may be repeated.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "routing/topology.hpp"

namespace slotway::routing {

struct ScanCursor {
  // What the node's part may be: 64 bits hold the whole. Below 2^31 the whole is below 2^53.
  static constexpr std::uint64_t kMaxNodeCursor = (1ull << 42) - 1;

  std::uint64_t node_cursor = 0;
  std::uint8_t fingerprint = 0;
  Slot slot = 0;

  bool is_start() const { return fingerprint == 0; }
  std::uint64_t value() const {
    return node_cursor << 22 | static_cast<std::uint64_t>(fingerprint) << 14 | slot;
  }
  // nullopt: not decimal, larger than 64 bits, or not one that value() gives.
  static std::optional<ScanCursor> parse(std::string_view text);

  friend bool operator==(const ScanCursor&, const ScanCursor&) = default;
};

// The order of the shards of one map.
class ScanOrder {
 public:
  ScanOrder() = default;
  explicit ScanOrder(const Topology& topology);

  // Where a client's cursor leads: the shard's slot, and the node's cursor there. If the shard has another
  // primary now, its scan begins again, for a cursor means nothing to another node; if slots have moved, the
  // whole scan does. Without a shard: slot 0, to be sent when one is known.
  ScanCursor resolve(const ScanCursor& cursor) const;

  struct Next {
    std::uint64_t cursor;  // for the client
    bool usable;           // false: the elements are not, the cursor begins again what `sent` began
  };
  // `node` has answered `sent`, as resolve() gave it, with `node_cursor`. REQUIRES: node_cursor <=
  // kMaxNodeCursor.
  Next next(const ScanCursor& sent, NodeIndex node, std::uint64_t node_cursor) const;

 private:
  struct Shard {
    Slot slot;
    NodeIndex owner;
    std::uint8_t fingerprint;
    std::vector<std::uint8_t> of_replicas;  // the fingerprints if one of them were the owner
  };

  const Shard* find(Slot slot) const;

  std::vector<Shard> shards_;
};

// A node's reply to SCAN, taken apart.
struct ScanReply {
  std::uint64_t node_cursor;
  std::string_view elements;  // the second element, as it came

  // nullopt: it is no such reply.
  static std::optional<ScanReply> parse(std::string_view reply);
};

// The client's reply; `elements` as in ScanReply, empty = none.
void write_scan_reply(std::string& out, std::uint64_t cursor, std::string_view elements);

}  // namespace slotway::routing
