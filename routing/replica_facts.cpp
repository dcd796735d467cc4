#include "routing/replica_facts.hpp"

#include <algorithm>

#include "protocol/decimal.hpp"

namespace slotway::routing {

namespace {

// The text behind "name:" up to the end of the line.
std::optional<std::string_view> line_of(std::string_view info, std::string_view name) {
  std::size_t at = 0;
  while (at < info.size()) {
    const std::size_t end = std::min(info.find('\n', at), info.size());
    std::string_view line = info.substr(at, end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with(name) && line.substr(name.size()).starts_with(':'))
      return line.substr(name.size() + 1);
    at = end + 1;
  }
  return std::nullopt;
}

// Of "ip=127.0.0.1,port=6380".
std::string_view value_of(std::string_view fields, std::string_view name) {
  while (!fields.empty()) {
    const std::size_t comma = std::min(fields.find(','), fields.size());
    const std::string_view field = fields.substr(0, comma);
    if (field.starts_with(name) && field.substr(name.size()).starts_with('='))
      return field.substr(name.size() + 1);
    fields.remove_prefix(std::min(comma + 1, fields.size()));
  }
  return {};
}

std::uint64_t number(std::string_view text) {
  const auto value = protocol::parse_decimal(text);
  return value && *value > 0 ? static_cast<std::uint64_t>(*value) : 0;
}

// Which of the report's is the map's node: by address, else by a port that no other one has, for a replica
// may announce another address to its primary than the map has for it.
const ReplicaReport* report_of(const ReplicationReport& report, const Endpoint& node) {
  const ReplicaReport* by_port = nullptr;
  std::size_t same_port = 0;
  for (const ReplicaReport& replica : report.replicas) {
    if (replica.endpoint == node) return &replica;
    if (replica.endpoint.port != node.port) continue;
    by_port = &replica;
    ++same_port;
  }
  return same_port == 1 ? by_port : nullptr;
}

}  // namespace

std::optional<ReplicationReport> parse_replication(std::string_view info) {
  const auto role = line_of(info, "role");
  if (!role) return std::nullopt;
  ReplicationReport report;
  report.is_primary = *role == "master";
  report.offset = number(line_of(info, "master_repl_offset").value_or(""));
  const std::uint64_t count = number(line_of(info, "connected_slaves").value_or(""));
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto fields = line_of(info, "slave" + std::to_string(i));
    if (!fields) break;
    const std::uint64_t port = number(value_of(*fields, "port"));
    if (port == 0 || port > 65535) continue;
    report.replicas.push_back({{std::string(value_of(*fields, "ip")), static_cast<std::uint16_t>(port)},
                               value_of(*fields, "state") == "online",
                               number(value_of(*fields, "offset")),
                               std::chrono::seconds(number(value_of(*fields, "lag")))});
  }
  return report;
}

std::string_view announced_zone(std::string_view info) {
  return line_of(info, "availability_zone").value_or("");
}

std::string_view ReplicaFacts::zone_of(const Endpoint& node) const {
  const auto it =
      std::find_if(zones.begin(), zones.end(), [&](const NodeZone& zone) { return zone.endpoint == node; });
  return it == zones.end() ? std::string_view{} : it->zone;
}

const ReplicaFact* ReplicaFacts::find(const Endpoint& replica) const {
  const auto it = std::find_if(replicas.begin(), replicas.end(),
                               [&](const ReplicaFact& fact) { return fact.endpoint == replica; });
  return it == replicas.end() ? nullptr : &*it;
}

ReplicaTracker::History& ReplicaTracker::history_of(const Endpoint& primary) {
  auto it = std::find_if(histories_.begin(), histories_.end(),
                         [&](const History& history) { return history.primary == primary; });
  if (it == histories_.end()) it = histories_.insert(it, History{primary, {}});
  return *it;
}

void ReplicaTracker::observe(const Topology& map, NodeIndex primary, const ReplicationReport& report,
                             FactTime asked, FactTime now, std::vector<ReplicaFact>& out) {
  std::erase_if(histories_, [&map](const History& history) {
    return map.find(history.primary.host, history.primary.port) == kNoNode;
  });
  std::deque<Poll>& polls = history_of(map.node(primary).endpoint).polls;
  // Offsets that go back are another history.
  if (!polls.empty() && report.offset < polls.back().offset) polls.clear();
  polls.push_back({asked, report.offset});
  if (polls.size() > kPolls) polls.pop_front();
  for (const Node& node : map.nodes()) {
    if (node.primary != primary) continue;
    const ReplicaReport* replica = report.is_primary ? report_of(report, node.endpoint) : nullptr;
    if (!replica) continue;
    ReplicaFact fact{node.endpoint, replica->online, 0, now - replica->silence, {}};
    fact.lag_bytes = report.offset > replica->offset ? report.offset - replica->offset : 0;
    for (const Poll& poll : polls) {
      if (poll.offset <= replica->offset) fact.fresh = poll.asked;
    }
    out.push_back(fact);
  }
}

}  // namespace slotway::routing
