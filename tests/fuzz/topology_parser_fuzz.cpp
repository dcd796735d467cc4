// topology_parser: whatever a node answers, the map that comes of it is one the proxy can route by.
// Input: one byte that chooses the parser ('h' CLUSTER SHARDS, 'l' CLUSTER SLOTS, 'i' INFO texts), then the
// reply.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/reply_tree.hpp"
#include "routing/topology_parser.hpp"
#include "tests/fuzz/fuzz_input.hpp"

using namespace slotway;
using fuzz::require;

namespace {

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

void check_topology(const routing::Topology& topology) {
  const auto& nodes = topology.nodes();
  require(nodes.size() <= routing::kMaxNodes, "no more nodes than allowed");
  for (const routing::Node& node : nodes) {
    require(!node.endpoint.host.empty() && is_plain(node.endpoint.host), "a host can be connected to");
    require(node.endpoint.port != 0, "a port can be connected to");
    require(is_plain(node.id), "an id is plain text");
    if (node.role == routing::NodeRole::primary) {
      require(node.primary == routing::kNoNode, "a primary has no primary");
    } else {
      require(node.primary == routing::kNoNode || node.primary < nodes.size(),
              "a replica's primary is a node");
    }
  }
  std::uint32_t covered = 0;
  for (routing::Slot slot = 0; slot < routing::kSlotCount; ++slot) {
    const routing::NodeIndex node = topology.primary_of(slot);
    if (node == routing::kNoNode) continue;
    ++covered;
    require(node < nodes.size(), "a slot's node is a node");
    require(nodes[node].role == routing::NodeRole::primary, "a slot's node is a primary");
  }
  require(covered == topology.covered_slots(), "covered slots are counted");
  require(topology.same_as(topology), "a map is the same as itself");
}

void parse_reply(std::uint8_t choice, std::string_view bytes) {
  protocol::ReplyReader reader(1u << 20);
  reader.feed(bytes);
  const routing::Endpoint asked{"10.0.0.1", 6379};
  while (const auto reply = reader.next()) {
    const routing::ParsedTopology parsed = choice == 'h' ? routing::parse_cluster_shards(*reply, asked)
                                                         : routing::parse_cluster_slots(*reply, asked);
    require(parsed.topology ? parsed.error.empty() : !parsed.error.empty(), "a map or an error");
    require(parsed.error.find_first_of("\r\n") == std::string::npos, "an error is one line");
    if (parsed.topology) check_topology(*parsed.topology);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::uint8_t choice = fuzz::take_byte(input);
  if (choice == 'h' || choice == 'l') {
    parse_reply(choice, input);
  } else {
    routing::parse_cluster_info(input);
    require(routing::parse_server_version(input).size() <= input.size(), "a version is part of the text");
  }
  return 0;
}
