// INFO nodes: a line for each node of the map, with a primary's own figures.
#include <algorithm>

#include "config/units.hpp"
#include "routing/info_merger.hpp"

namespace slotway::routing {

namespace {

constexpr std::string_view kFigures[] = {
    "redis_version",
    "uptime_in_seconds",
    "connected_clients",
    "blocked_clients",
    "used_memory",
    "used_memory_rss",
    "maxmemory",
    "mem_fragmentation_ratio",
    "loading",
    "total_commands_processed",
    "instantaneous_ops_per_sec",
    "keyspace_hits",
    "keyspace_misses",
    "expired_keys",
    "evicted_keys",
    "connected_slaves",
    "master_repl_offset",
    "used_cpu_sys",
    "used_cpu_user",
};

// "slaveN:ip=…,port=…,state=online,offset=…,lag=…" of the replica at `endpoint`, from "state" on.
std::string_view replica_state(std::string_view text, const Endpoint& endpoint) {
  const std::string address = "ip=" + endpoint.host + ",port=" + std::to_string(endpoint.port) + ",";
  const std::size_t at = text.find(address);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = text.substr(at + address.size());
  return rest.substr(0, rest.find_first_of("\r\n"));
}

std::uint32_t slots_of(const Topology& topology, NodeIndex node) {
  std::uint32_t slots = 0;
  for (Slot slot = 0; slot < kSlotCount; ++slot) slots += topology.primary_of(slot) == node ? 1 : 0;
  return slots;
}

void append(std::string& out, std::string_view name, std::string_view value) {
  out.append(",").append(name).append("=").append(value);
}

}  // namespace

std::string node_lines(std::span<const NodeReport> reports, std::span<const std::string> texts,
                       const Topology& topology) {
  const auto text_of = [&](const Endpoint& endpoint) -> std::string_view {
    const std::string address = config::print_host_port(endpoint.host, endpoint.port);
    const auto found = std::ranges::find(reports, address, &NodeReport::node);
    return found == reports.end()
               ? std::string_view{}
               : std::string_view(texts[static_cast<std::size_t>(found - reports.begin())]);
  };
  std::string out = "# Nodes\r\n";
  for (std::size_t i = 0; i < topology.nodes().size(); ++i) {
    const Node& node = topology.nodes()[i];
    const bool primary = node.role == NodeRole::primary;
    out += "node" + std::to_string(i) + ":id=" + node.id;
    append(out, "addr", config::print_host_port(node.endpoint.host, node.endpoint.port));
    append(out, "role", primary ? "master" : "slave");
    append(out, "healthy", node.healthy ? "1" : "0");
    if (primary) {
      append(out, "slots", std::to_string(slots_of(topology, static_cast<NodeIndex>(i))));
      const std::string_view text = text_of(node.endpoint);
      append(out, "answered", text.empty() ? "0" : "1");
      for (const std::string_view figure : kFigures) {
        const std::string_view value = find_info_field(text, figure);
        if (!value.empty()) append(out, figure, value);
      }
      if (const std::string_view keys = find_info_field(text, "db0"); !keys.empty())
        out.append(",").append(keys);
    } else if (node.primary != kNoNode) {
      const Node& master = topology.node(node.primary);
      append(out, "master", master.id);
      const std::string_view state = replica_state(text_of(master.endpoint), node.endpoint);
      if (!state.empty()) out.append(",").append(state);
    }
    out += "\r\n";
  }
  return out;
}

}  // namespace slotway::routing
