#include "proxy/client/cluster_view.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <tuple>

#include "config/units.hpp"
#include "protocol/reply_writer.hpp"

namespace slotway::proxy {

namespace {

using protocol::write_array_header;
using protocol::write_bulk;
using protocol::write_integer;
using protocol::write_map_header;
using routing::kNoNode;
using routing::Slot;

constexpr std::uint32_t kBusPortOffset = 10000;  // CLUSTER_PORT_INCR of Redis

// The slots of each node as ranges.
void add_ranges(const routing::Topology& topology, std::vector<ViewNode>& nodes) {
  std::uint32_t slot = 0;
  while (slot < routing::kSlotCount) {
    const routing::NodeIndex owner = topology.primary_of(static_cast<Slot>(slot));
    const std::uint32_t first = slot++;
    while (slot < routing::kSlotCount && topology.primary_of(static_cast<Slot>(slot)) == owner) ++slot;
    if (owner != kNoNode)
      nodes[owner].slots.emplace_back(static_cast<Slot>(first), static_cast<Slot>(slot - 1));
  }
}

std::uint32_t count_slots(const ViewNode& node) {
  std::uint32_t count = 0;
  for (const auto& [first, last] : node.slots) count += last - first + 1u;
  return count;
}

bool is_name(const std::string& host) {
  in6_addr ignored;
  return ::inet_pton(AF_INET, host.c_str(), &ignored) != 1 &&
         ::inet_pton(AF_INET6, host.c_str(), &ignored) != 1;
}

// Those of the primary first, as Redis lists them.
std::vector<const ViewNode*> shard_of(const ClusterView& view, std::size_t primary) {
  std::vector<const ViewNode*> nodes = {&view.nodes[primary]};
  for (const ViewNode& node : view.nodes) {
    if (!node.is_primary && node.primary == primary) nodes.push_back(&node);
  }
  return nodes;
}

void write_slots_node(const ViewNode& node, bool resp3, std::string& out) {
  write_array_header(out, 4);
  write_bulk(out, node.address.host);
  write_integer(out, node.address.port);
  write_bulk(out, node.id);
  write_map_header(out, resp3, 0);
}

void write_shard_node(const ViewNode& node, bool resp3, std::string& out) {
  const bool has_name = is_name(node.address.host);
  write_map_header(out, resp3, has_name ? 8 : 7);
  write_bulk(out, "id");
  write_bulk(out, node.id);
  write_bulk(out, "port");
  write_integer(out, node.address.port);
  write_bulk(out, "ip");
  write_bulk(out, node.address.host);
  write_bulk(out, "endpoint");
  write_bulk(out, node.address.host);
  if (has_name) {
    write_bulk(out, "hostname");
    write_bulk(out, node.address.host);
  }
  write_bulk(out, "role");
  write_bulk(out, node.is_primary ? "master" : "replica");
  write_bulk(out, "replication-offset");
  write_integer(out, 0);
  write_bulk(out, "health");
  write_bulk(out, node.healthy ? "online" : "fail");
}

}  // namespace

std::string node_id_of(const config::HostPort& address) {
  // FNV-1a, three times from different starts.
  const std::string text = config::print_host_port(address);
  constexpr char kHex[] = "0123456789abcdef";
  std::string id;
  for (std::uint64_t hash : {0xcbf29ce484222325u, 0x84222325cbf29ce4u, 0x9ce484222325cbf2u}) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    for (int shift = 60; shift >= 0 && id.size() < 40; shift -= 4) id += kHex[hash >> shift & 15];
  }
  return id;
}

ClusterView proxy_view(const config::HostPort& address, const routing::Topology* topology) {
  ClusterView view;
  ViewNode node;
  node.id = node_id_of(address);
  node.address = address;
  node.slots = {{Slot{0}, static_cast<Slot>(routing::kSlotCount - 1)}};
  view.nodes.push_back(std::move(node));
  if (topology) {
    view.covered_slots = topology->covered_slots();
    view.epoch = topology->epoch();
  }
  return view;
}

ClusterView nodes_view(const routing::Topology* topology) {
  ClusterView view;
  if (!topology) return view;
  for (const routing::Node& node : topology->nodes()) {
    ViewNode shown;
    shown.address = {node.endpoint.host, node.endpoint.port};
    shown.id = node.id.empty() ? node_id_of(shown.address) : node.id;
    if (node.endpoint.port + kBusPortOffset <= 0xFFFF) shown.bus_port = node.endpoint.port + kBusPortOffset;
    shown.is_primary = node.role == routing::NodeRole::primary;
    shown.healthy = node.healthy;
    shown.primary = node.primary;
    view.nodes.push_back(std::move(shown));
  }
  add_ranges(*topology, view.nodes);
  for (std::size_t i = 0; i < view.nodes.size(); ++i) {
    const ViewNode& node = view.nodes[i];
    view.covered_slots += count_slots(node);
    if (!node.healthy) view.failing_slots += count_slots(node);
    if (!node.slots.empty() && view.nodes[view.myself].slots.empty()) view.myself = i;
  }
  view.epoch = topology->epoch();
  return view;
}

void write_cluster_slots(const ClusterView& view, bool resp3, std::string& out) {
  std::vector<std::tuple<Slot, Slot, std::size_t>> ranges;
  for (std::size_t i = 0; i < view.nodes.size(); ++i) {
    for (const auto& [first, last] : view.nodes[i].slots) ranges.emplace_back(first, last, i);
  }
  std::sort(ranges.begin(), ranges.end());

  write_array_header(out, ranges.size());
  for (const auto& [first, last, primary] : ranges) {
    std::vector<const ViewNode*> nodes = shard_of(view, primary);
    // A replica that has failed is not listed (isReplicaAvailable in Redis); the primary always is.
    nodes.erase(std::remove_if(nodes.begin() + 1, nodes.end(), [](const ViewNode* n) { return !n->healthy; }),
                nodes.end());
    write_array_header(out, 2 + nodes.size());
    write_integer(out, first);
    write_integer(out, last);
    for (const ViewNode* node : nodes) write_slots_node(*node, resp3, out);
  }
}

void write_cluster_shards(const ClusterView& view, bool resp3, std::string& out) {
  const auto shards = std::count_if(view.nodes.begin(), view.nodes.end(),
                                    [](const ViewNode& node) { return node.is_primary; });
  write_array_header(out, static_cast<std::size_t>(shards));
  for (std::size_t i = 0; i < view.nodes.size(); ++i) {
    if (!view.nodes[i].is_primary) continue;
    write_map_header(out, resp3, 2);
    write_bulk(out, "slots");
    write_array_header(out, view.nodes[i].slots.size() * 2);
    for (const auto& [first, last] : view.nodes[i].slots) {
      write_integer(out, first);
      write_integer(out, last);
    }
    write_bulk(out, "nodes");
    const std::vector<const ViewNode*> nodes = shard_of(view, i);
    write_array_header(out, nodes.size());
    for (const ViewNode* node : nodes) write_shard_node(*node, resp3, out);
  }
}

std::string cluster_nodes_text(const ClusterView& view) {
  std::string text;
  for (std::size_t i = 0; i < view.nodes.size(); ++i) {
    const ViewNode& node = view.nodes[i];
    text += node.id + " " + node.address.host + ":" + std::to_string(node.address.port) + "@" +
            std::to_string(node.bus_port);
    if (is_name(node.address.host)) text += "," + node.address.host;
    text += i == view.myself ? " myself," : " ";
    text += node.is_primary ? "master" : "slave";
    if (!node.healthy) text += ",fail";
    text += " ";
    text += node.is_primary || node.primary >= view.nodes.size() ? "-" : view.nodes[node.primary].id;
    text += " 0 0 " + std::to_string(view.epoch) + (node.healthy ? " connected" : " disconnected");
    for (const auto& [first, last] : node.slots) {
      text += " " + std::to_string(first);
      if (last != first) text += "-" + std::to_string(last);
    }
    text += "\n";
  }
  return text;
}

std::string cluster_info_text(const ClusterView& view) {
  const auto serving = std::count_if(view.nodes.begin(), view.nodes.end(),
                                     [](const ViewNode& node) { return !node.slots.empty(); });
  const bool ok = view.covered_slots == routing::kSlotCount && view.failing_slots == 0;
  std::string text = std::string("cluster_state:") + (ok ? "ok" : "fail") + "\r\n";
  const auto field = [&text](const char* name, std::uint64_t value) {
    text.append(name).append(":").append(std::to_string(value)).append("\r\n");
  };
  field("cluster_slots_assigned", view.covered_slots);
  field("cluster_slots_ok", view.covered_slots - view.failing_slots);
  field("cluster_slots_pfail", 0);
  field("cluster_slots_fail", view.failing_slots);
  field("cluster_known_nodes", view.nodes.size());
  field("cluster_size", static_cast<std::uint64_t>(serving));
  field("cluster_current_epoch", view.epoch);
  field("cluster_my_epoch", view.epoch);
  field("cluster_stats_messages_sent", 0);
  field("cluster_stats_messages_received", 0);
  field("total_cluster_links_buffer_limit_exceeded", 0);
  return text;
}

}  // namespace slotway::proxy
