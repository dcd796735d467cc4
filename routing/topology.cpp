#include "routing/topology.hpp"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <optional>
#include <tuple>
#include <utility>

#include "protocol/decimal.hpp"

namespace slotway::routing {
namespace {

// Nodes in an order that does not depend on the node that was asked: CLUSTER SHARDS and SLOTS list them as a
// hash table happens to hold them.
std::vector<NodeIndex> sorted_by_identity(const std::vector<Node>& nodes) {
  std::vector<NodeIndex> order(nodes.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<NodeIndex>(i);
  const auto key = [&nodes](NodeIndex i) {
    const Node& n = nodes[i];
    return std::tie(n.id, n.endpoint.host, n.endpoint.port);
  };
  std::sort(order.begin(), order.end(), [&key](NodeIndex a, NodeIndex b) { return key(a) < key(b); });
  return order;
}

// For each node of `a` the index of the same node in `b`; nullopt if the two sets of nodes differ.
std::optional<std::vector<NodeIndex>> match_nodes(const std::vector<Node>& a, const std::vector<Node>& b) {
  if (a.size() != b.size()) return std::nullopt;
  const std::vector<NodeIndex> order_a = sorted_by_identity(a);
  const std::vector<NodeIndex> order_b = sorted_by_identity(b);
  std::vector<NodeIndex> match(a.size(), kNoNode);
  for (std::size_t i = 0; i < order_a.size(); ++i) {
    const Node& x = a[order_a[i]];
    const Node& y = b[order_b[i]];
    if (x.id != y.id || x.endpoint != y.endpoint || x.role != y.role || x.healthy != y.healthy)
      return std::nullopt;
    match[order_a[i]] = order_b[i];
  }
  return match;
}

}  // namespace

NodeIndex Topology::add_node(Node node) {
  if (nodes_.size() >= kNodeLimit) return kNoNode;
  nodes_.push_back(std::move(node));
  return static_cast<NodeIndex>(nodes_.size() - 1);
}

void Topology::assign(Slot first, Slot last, NodeIndex node) {
  assert(first <= last && last < kSlotCount && node < nodes_.size());
  slots_.assign(first, last, node);
}

NodeIndex Topology::find(std::string_view host, std::uint16_t port) const {
  const auto it = std::find_if(nodes_.begin(), nodes_.end(), [host, port](const Node& n) {
    return n.endpoint.port == port && n.endpoint.host == host;
  });
  return it == nodes_.end() ? kNoNode : static_cast<NodeIndex>(it - nodes_.begin());
}

std::vector<Slot> Topology::shard_slots() const {
  std::vector<Slot> lowest;
  std::vector<bool> seen(nodes_.size());
  NodeIndex last = kNoNode;
  for (Slot slot = 0; slot < kSlotCount; ++slot) {
    const NodeIndex owner = slots_[slot];
    if (owner == last) continue;
    last = owner;
    if (owner == kNoNode || seen[owner]) continue;
    seen[owner] = true;
    lowest.push_back(slot);
  }
  return lowest;
}

std::vector<Slot> Topology::other_shard_slots(const Endpoint& endpoint) const {
  std::vector<Slot> slots = shard_slots();
  std::erase_if(slots, [&](Slot slot) { return is_of_shard(endpoint, slot); });
  return slots;
}

bool Topology::is_of_shard(const Endpoint& endpoint, Slot slot) const {
  const NodeIndex node = find(endpoint.host, endpoint.port);
  const NodeIndex owner = slots_[slot];
  return node != kNoNode && owner != kNoNode && (node == owner || nodes_[node].primary == owner);
}

bool Topology::server_is_at_least(std::int64_t major, std::int64_t minor) const {
  const std::string_view version = server_version_;
  const std::size_t dot = version.find('.');
  if (dot == std::string_view::npos) return false;
  const auto its_major = protocol::parse_decimal(version.substr(0, dot));
  const std::string_view rest = version.substr(dot + 1);
  const auto its_minor = protocol::parse_decimal(rest.substr(0, rest.find('.')));
  return its_major && its_minor && std::pair(*its_major, *its_minor) >= std::pair(major, minor);
}

bool Topology::same_as(const Topology& other) const {
  const auto match = match_nodes(nodes_, other.nodes_);
  if (!match || databases_ != other.databases_) return false;
  const auto translated = [&match](NodeIndex i) { return i == kNoNode ? kNoNode : (*match)[i]; };
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (translated(nodes_[i].primary) != other.nodes_[(*match)[i]].primary) return false;
  }
  for (Slot slot = 0; slot < kSlotCount; ++slot) {
    if (translated(slots_[slot]) != other.slots_[slot]) return false;
  }
  return true;
}

bool Topology::has_same_owners(const Topology& other) const {
  // Slots come in runs of one owner: few pairs of endpoints are compared.
  NodeIndex mine = kNoNode;
  NodeIndex theirs = kNoNode;
  for (Slot slot = 0; slot < kSlotCount; ++slot) {
    if (slots_[slot] == mine && other.slots_[slot] == theirs) continue;
    mine = slots_[slot];
    theirs = other.slots_[slot];
    if ((mine == kNoNode) != (theirs == kNoNode)) return false;
    if (mine != kNoNode && nodes_[mine].endpoint != other.nodes_[theirs].endpoint) return false;
  }
  return true;
}

// `to` has taken the place of its primary `from`.
void Topology::hand_over(NodeIndex from, NodeIndex to) {
  slots_.hand_over(from, to);
  for (Node& node : nodes_) {
    if (node.primary == from) node.primary = to;
  }
  nodes_[from].role = NodeRole::replica;
  nodes_[from].primary = to;
}

std::shared_ptr<const Topology> Topology::with_slot(Slot slot, const Endpoint& endpoint) const {
  auto patched = std::make_shared<Topology>(*this);
  NodeIndex index = patched->find(endpoint.host, endpoint.port);
  if (index == kNoNode) index = patched->add_node(Node{.id = {}, .endpoint = endpoint});
  if (index == kNoNode) return patched;
  const NodeIndex before = slots_[slot];
  const bool promoted = before != kNoNode && patched->nodes_[index].primary == before;
  patched->nodes_[index].role = NodeRole::primary;
  patched->nodes_[index].primary = kNoNode;
  patched->assign(slot, slot, index);
  if (promoted) patched->hand_over(before, index);
  return patched;
}

}  // namespace slotway::routing
