// What one primary answered to a command whose reply speaks of nodes, and what the client has asked for: the
// input of INFO's, SLOWLOG's, LATENCY's and MEMORY's one answer for all. Owner: a merger. Thread: worker.
// Invariant: replies are RESP2, whatever the client's protocol.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "protocol/command_table.hpp"
#include "protocol/reply_tree.hpp"
#include "routing/info_sections.hpp"
#include "routing/topology.hpp"

namespace slotway::routing {

struct NodeReport {
  Slot shard = 0;     // the lowest slot of the node's shard
  std::string node;   // "host:port"
  std::string reply;  // the whole; an error: the node has nothing to tell
  bool failed() const { return reply.starts_with('-'); }
};

// What the client asked, beside the command.
struct ReportWish {
  static constexpr std::int64_t kAll = -1;

  bool resp3 = false;       // the protocol of the answer
  std::int64_t limit = 10;  // SLOWLOG GET: entries; kAll = without one
  InfoSections sections;    // INFO
  std::string own_info;     // INFO: what the proxy says of itself
  std::shared_ptr<const Topology> topology;
};

// A node's reply that is an error does not fail the whole, unless all of them are.
constexpr bool tolerates_failures(protocol::Merge merge) {
  return merge == protocol::Merge::info || merge == protocol::Merge::node_texts;
}

// Any reply, in RESP2, which RESP3 has too but for nulls.
void write_tree(std::string& out, const protocol::ReplyTree& tree);

// One answer of all; appended to `out`. A reply of a shape that is not understood makes it an error.
// REQUIRES: is_report(merge), and no report failed unless tolerates_failures(merge), and not all.
void write_report(std::string& out, protocol::Merge merge, std::span<const NodeReport> reports,
                  const ReportWish& wish);

}  // namespace slotway::routing
