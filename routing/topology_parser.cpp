#include "routing/topology_parser.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace slotway::routing {
namespace {

using protocol::ReplyTree;
using protocol::ReplyType;

constexpr std::size_t kMaxHostLength = 255;
constexpr std::size_t kMaxIdLength = 64;
// Ranges may overlap in a half-formed map; together they may not claim more than a few maps' worth of slots.
constexpr std::uint64_t kMaxClaimedSlots = 4ull * kSlotCount;

bool is_printable_word(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

// What the reply says about one node, before it has an index.
struct NodeClaim {
  Node node;
  bool usable = true;  // false: its address is unknown to the cluster
  bool online = true;
  std::int64_t offset = 0;  // replication offset
};

// Collects nodes and slots of a view; remembers the first thing that was wrong.
class Builder {
 public:
  explicit Builder(const Endpoint& asked) : asked_(asked) {}

  bool fail(std::string text) {
    if (error_.empty()) error_ = std::move(text);
    return false;
  }

  // A host as it is announced: NULL and "" are the asked address, "?" is unknown.
  bool set_host(const ReplyTree& host, NodeClaim& claim) {
    if (host.type != ReplyType::nil && !host.is_text()) return fail("a node's host is not a string");
    if (host.text.size() > kMaxHostLength || !is_printable_word(host.text)) {
      return fail("a node's host is not a name or an address");
    }
    claim.node.endpoint.host = host.text.empty() ? asked_.host : host.text;
    if (host.text == "?") claim.usable = false;
    return true;
  }

  // Port 0 is that of a node whose address was lost (NOADDR), or that has only the other kind of port.
  bool set_port(const ReplyTree& port, NodeClaim& claim) {
    if (port.type != ReplyType::integer || port.integer < 0 || port.integer > 65535) {
      return fail("a node's port is not a port number");
    }
    claim.node.endpoint.port = static_cast<std::uint16_t>(port.integer);
    return true;
  }

  bool set_id(const ReplyTree& id, NodeClaim& claim) {
    if (!id.is_text() || id.text.empty() || id.text.size() > kMaxIdLength || !is_printable_word(id.text)) {
      return fail("a node's id is not a word");
    }
    claim.node.id = id.text;
    return true;
  }

  // The node's index: the one it has already, if it is listed again; kNoNode if it cannot be used.
  NodeIndex add(NodeClaim claim) {
    if (claim.node.endpoint.port == 0) claim.usable = false;
    if (!claim.usable) {
      ++skipped_;
      return kNoNode;
    }
    claim.node.healthy = claim.online;
    const auto [known, is_new] = indices_.try_emplace(identity(claim.node), kNoNode);
    if (is_new) {
      if (nodes_.size() >= kMaxNodes) {
        fail("more than " + std::to_string(kMaxNodes) + " nodes");
        return kNoNode;
      }
      known->second = static_cast<NodeIndex>(nodes_.size());
      nodes_.push_back(std::move(claim.node));
    } else if (claim.node.role == NodeRole::primary) {
      nodes_[known->second].role = NodeRole::primary;
      nodes_[known->second].primary = kNoNode;
    }
    return known->second;
  }

  void set_primary(NodeIndex replica, NodeIndex primary) {
    if (replica == kNoNode || replica == primary || nodes_[replica].role != NodeRole::replica) return;
    nodes_[replica].primary = primary;
  }

  // `node` may be kNoNode: the range is checked, and left uncovered.
  bool claim_slots(const ReplyTree& first, const ReplyTree& last, NodeIndex node) {
    if (first.type != ReplyType::integer || last.type != ReplyType::integer || first.integer < 0 ||
        last.integer < first.integer || last.integer >= kSlotCount) {
      return fail("a slot range is not two ascending numbers below 16384");
    }
    claimed_ += static_cast<std::uint64_t>(last.integer - first.integer) + 1;
    if (claimed_ > kMaxClaimedSlots) return fail("slots are claimed many times over");
    if (node == kNoNode) return true;
    ranges_.push_back({static_cast<Slot>(first.integer), static_cast<Slot>(last.integer), node});
    return true;
  }

  ParsedTopology finish() {
    if (error_.empty() && nodes_.empty()) {
      error_ = skipped_ == 0 ? "no node is listed"
                             : "no listed node has a known address and a plain port (" +
                                   std::to_string(skipped_) + " left out)";
    }
    if (!error_.empty()) return {nullptr, std::move(error_)};
    // A slot that two masters claim goes to the one that is online, else to the first: the last to be
    // assigned.
    const auto online = std::stable_partition(
        ranges_.begin(), ranges_.end(), [this](const Range& range) { return !nodes_[range.node].healthy; });
    std::reverse(ranges_.begin(), online);
    std::reverse(online, ranges_.end());
    return {build(), {}};
  }

  ParsedTopology failure() { return {nullptr, std::move(error_)}; }

 private:
  struct Range {
    Slot first, last;
    NodeIndex node;
  };

  // Nodes are put in order of their ids, so that the same node comes first whichever node was asked.
  std::shared_ptr<Topology> build() {
    std::vector<NodeIndex> order(nodes_.size());
    std::iota(order.begin(), order.end(), NodeIndex{0});
    std::stable_sort(order.begin(), order.end(),
                     [this](NodeIndex a, NodeIndex b) { return identity(nodes_[a]) < identity(nodes_[b]); });
    std::vector<NodeIndex> place(nodes_.size());
    for (std::size_t i = 0; i < order.size(); ++i) place[order[i]] = static_cast<NodeIndex>(i);

    auto topology = std::make_shared<Topology>();
    for (const NodeIndex index : order) {
      Node& node = nodes_[index];
      if (node.primary != kNoNode) node.primary = place[node.primary];
      topology->add_node(std::move(node));
    }
    for (const Range& range : ranges_) topology->assign(range.first, range.last, place[range.node]);
    return topology;
  }

  // Redis before 4.0 gives no ids in CLUSTER SLOTS.
  static std::string identity(const Node& node) {
    if (!node.id.empty()) return node.id;
    return node.endpoint.host + ' ' + std::to_string(node.endpoint.port);
  }

  const Endpoint& asked_;
  std::vector<Node> nodes_;
  std::unordered_map<std::string, NodeIndex> indices_;
  std::vector<Range> ranges_;
  std::uint64_t claimed_ = 0;
  std::size_t skipped_ = 0;
  std::string error_;
};

// One node of CLUSTER SHARDS: a map. `port` is missing if the node has only a TLS port; then it is left out.
bool read_shard_node(const ReplyTree& map, Builder& builder, NodeClaim& claim) {
  const ReplyTree* id = find_field(map, "id");
  const ReplyTree* role = find_field(map, "role");
  if (id == nullptr || role == nullptr || !role->is_text())
    return builder.fail("a node lacks its id or its role");
  if (!builder.set_id(*id, claim)) return false;
  if (role->text != "master" && role->text != "primary" && role->text != "replica" && role->text != "slave") {
    return builder.fail("a node's role is neither master nor replica");
  }
  const bool is_master = role->text == "master" || role->text == "primary";
  claim.node.role = is_master ? NodeRole::primary : NodeRole::replica;

  const ReplyTree* host = find_field(map, "endpoint");
  if (host == nullptr) host = find_field(map, "ip");
  if (host == nullptr) return builder.fail("a node lacks its endpoint");
  if (!builder.set_host(*host, claim)) return false;
  const ReplyTree* port = find_field(map, "port");
  if (port != nullptr && !builder.set_port(*port, claim)) return false;

  if (const ReplyTree* health = find_field(map, "health")) claim.online = health->text == "online";
  if (const ReplyTree* offset = find_field(map, "replication-offset")) claim.offset = offset->integer;
  return true;
}

// Which of a shard's nodes serves its slots: of several masters (the failed one and its successor) one that
// is online, of those the one with more data.
const NodeClaim* choose_primary(const std::vector<NodeClaim>& claims) {
  const NodeClaim* best = nullptr;
  for (const NodeClaim& claim : claims) {
    if (claim.node.role != NodeRole::primary) continue;
    const bool better = best == nullptr || (claim.online && !best->online) ||
                        (claim.online == best->online && claim.offset > best->offset);
    if (better) best = &claim;
  }
  return best;
}

bool read_shard(const ReplyTree& shard, Builder& builder) {
  const ReplyTree* slots = find_field(shard, "slots");
  const ReplyTree* nodes = find_field(shard, "nodes");
  if (slots == nullptr || nodes == nullptr || !slots->is_array() || !nodes->is_array()) {
    return builder.fail("a shard lacks its slots or its nodes");
  }
  if (nodes->elements.size() > kMaxNodes) return builder.fail("a shard has too many nodes");
  std::vector<NodeClaim> claims(nodes->elements.size());
  for (std::size_t i = 0; i < claims.size(); ++i) {
    if (!read_shard_node(nodes->elements[i], builder, claims[i])) return false;
  }

  // Nodes
  const NodeClaim* chosen = choose_primary(claims);
  NodeIndex primary = kNoNode;
  std::vector<NodeIndex> indices;
  for (const NodeClaim& claim : claims) {
    indices.push_back(builder.add(claim));
    if (&claim == chosen) primary = indices.back();
  }
  for (const NodeIndex index : indices) builder.set_primary(index, primary);

  // Slots
  const std::vector<ReplyTree>& bounds = slots->elements;
  if (bounds.size() % 2 != 0) return builder.fail("a shard's slots are not pairs");
  for (std::size_t i = 0; i < bounds.size(); i += 2) {
    if (!builder.claim_slots(bounds[i], bounds[i + 1], primary)) return false;
  }
  return true;
}

// One node of CLUSTER SLOTS: [host, port, id, metadata...]; what stands behind the id is of no use to us.
bool read_slots_node(const ReplyTree& node, NodeRole role, Builder& builder, NodeClaim& claim) {
  if (!node.is_array() || node.elements.size() < 2) return builder.fail("a node is not a host and a port");
  claim.node.role = role;
  if (!builder.set_host(node.elements[0], claim) || !builder.set_port(node.elements[1], claim)) return false;
  return node.elements.size() < 3 || builder.set_id(node.elements[2], claim);
}

bool read_slots_entry(const ReplyTree& entry, Builder& builder) {
  if (!entry.is_array() || entry.elements.size() < 3)
    return builder.fail("an entry is not a range and a node");
  NodeIndex primary = kNoNode;
  for (std::size_t i = 2; i < entry.elements.size(); ++i) {
    NodeClaim claim;
    const NodeRole role = i == 2 ? NodeRole::primary : NodeRole::replica;
    if (!read_slots_node(entry.elements[i], role, builder, claim)) return false;
    const NodeIndex index = builder.add(std::move(claim));
    if (i == 2) primary = index;
    builder.set_primary(index, primary);
  }
  return builder.claim_slots(entry.elements[0], entry.elements[1], primary);
}

// A node's error text, fit for a log line.
std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 0x7F; }, ' ');
  return text.empty() ? "an error without a text" : text;
}

template <typename ReadOne>
ParsedTopology parse_list(const ReplyTree& reply, const Endpoint& asked, ReadOne read_one) {
  Builder builder{asked};
  if (reply.is_error()) return {nullptr, one_line(reply.text)};
  if (!reply.is_array()) {
    builder.fail("the reply is not an array");
    return builder.failure();
  }
  for (const ReplyTree& element : reply.elements) {
    if (!read_one(element, builder)) return builder.failure();
  }
  return builder.finish();
}

// The value of "name:value" in lines that end in "\r\n"; nullopt if there is none.
std::optional<std::string_view> find_line(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.size() <= name.size() || !line.starts_with(name) || line[name.size()] != ':') continue;
    std::string_view value = line.substr(name.size() + 1);
    if (value.ends_with('\r')) value.remove_suffix(1);
    return value;
  }
  return std::nullopt;
}

// "" = it is not there, or is no word.
std::string find_word(std::string_view text, std::string_view name) {
  const std::string_view word = find_line(text, name).value_or(std::string_view{});
  return word.size() > kMaxIdLength || !is_printable_word(word) ? std::string{} : std::string{word};
}

}  // namespace

ParsedTopology parse_cluster_shards(const ReplyTree& reply, const Endpoint& asked) {
  return parse_list(reply, asked, read_shard);
}

ParsedTopology parse_cluster_slots(const ReplyTree& reply, const Endpoint& asked) {
  return parse_list(reply, asked, read_slots_entry);
}

ClusterInfo parse_cluster_info(std::string_view text) {
  ClusterInfo info;
  if (const auto state = find_line(text, "cluster_state")) info.state_ok = *state == "ok";
  if (const auto epoch = find_line(text, "cluster_current_epoch")) {
    std::uint64_t value = 0;
    const auto [stop, error] = std::from_chars(epoch->data(), epoch->data() + epoch->size(), value);
    if (error == std::errc{} && stop == epoch->data() + epoch->size()) info.current_epoch = value;
  }
  return info;
}

std::string parse_server_version(std::string_view text) { return find_word(text, "redis_version"); }
std::string parse_server_mode(std::string_view text) { return find_word(text, "redis_mode"); }
std::string parse_run_id(std::string_view text) { return find_word(text, "run_id"); }

}  // namespace slotway::routing
