#include "proxy/observe/admin_pages.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "config/units.hpp"
#include "proxy/observe/utf8.hpp"

namespace slotway::proxy {
namespace {

namespace json = boost::json;
using routing::kNoNode;
using routing::kSlotCount;
using routing::Node;
using routing::NodeIndex;
using routing::NodeRole;
using routing::Slot;
using routing::Topology;

std::uint32_t covered_slots(const UpstreamFacts& facts) {
  return facts.topology ? facts.topology->covered_slots() : 0;
}

bool is_covered(const UpstreamFacts& facts) { return covered_slots(facts) == kSlotCount; }

// What a text about one of several begins with.
std::string where(const ControlFacts& facts, const UpstreamFacts& upstream) {
  return facts.upstreams.size() == 1 ? "" : "upstream " + upstream.name + ": ";
}

std::string host_port(const routing::Endpoint& endpoint) {
  return to_valid_utf8(config::print_host_port(endpoint.host, endpoint.port));
}

std::string why_no_topology(const UpstreamFacts& facts) {
  const bool is_asking = facts.refresh_error.empty();
  return "no topology was learned yet: " +
         (is_asking ? "the first answer is awaited" : to_valid_utf8(facts.refresh_error));
}

json::value age_ms(const UpstreamFacts& facts) {
  if (!facts.topology_age) return nullptr;
  return facts.topology_age->count();
}

json::object node_json(const Topology& topology, const Node& node, const std::vector<SlotRange>& ranges) {
  const bool is_primary = node.role == NodeRole::primary;
  json::object out{{"id", to_valid_utf8(node.id)},
                   {"endpoint", host_port(node.endpoint)},
                   {"role", is_primary ? "primary" : "replica"},
                   {"primary", nullptr},
                   {"healthy", node.healthy}};
  if (node.primary != kNoNode) out["primary"] = to_valid_utf8(topology.node(node.primary).id);
  if (is_primary) {
    json::array& slots = out["slots"].emplace_array();
    for (const auto& [first, last] : ranges) slots.emplace_back(json::array{first, last});
  }
  return out;
}

json::object topology_json(const UpstreamFacts& facts) {
  if (!facts.topology) return {{"name", facts.name}, {"error", why_no_topology(facts)}};
  const Topology& topology = *facts.topology;
  const auto ranges = slot_ranges(topology);

  json::array nodes;
  for (std::size_t i = 0; i < topology.nodes().size(); ++i) {
    const auto found = ranges.find(static_cast<NodeIndex>(i));
    nodes.emplace_back(node_json(topology, topology.nodes()[i],
                                 found == ranges.end() ? std::vector<SlotRange>{} : found->second));
  }
  return {{"name", facts.name},
          {"epoch", topology.epoch()},
          {"age_ms", age_ms(facts)},
          {"server_version", to_valid_utf8(topology.server_version())},
          {"slots_covered", topology.covered_slots()},
          {"slots_total", kSlotCount},
          {"nodes", std::move(nodes)}};
}

AdminReply json_page(unsigned status, const json::object& body) {
  return {.status = status, .content_type = kJson, .body = json::serialize(body) + "\n"};
}

}  // namespace

std::optional<AdminPage> find_page(std::string_view target) {
  // --- absolute form: skip scheme and authority ---
  constexpr std::string_view kScheme = "http://";
  if (target.starts_with(kScheme)) {
    const std::size_t slash = target.find('/', kScheme.size());
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  const std::string_view path = target.substr(0, target.find_first_of("?#"));

  if (path == "/") return AdminPage::index;
  if (path == "/metrics") return AdminPage::metrics;
  if (path == "/healthz") return AdminPage::healthz;
  if (path == "/readyz") return AdminPage::readyz;
  if (path == "/topology") return AdminPage::topology;
  if (path == "/drain") return AdminPage::drain;
  return std::nullopt;
}

std::vector<std::string> not_ready_reasons(const ControlFacts& facts) {
  if (!facts.awaited.empty()) return facts.awaited;
  std::vector<std::string> reasons;
  if (!facts.listening) reasons.emplace_back("the client port is not listening");
  if (facts.draining) reasons.emplace_back("draining");
  for (const UpstreamFacts& upstream : facts.upstreams) {
    if (!upstream.topology) reasons.push_back(where(facts, upstream) + why_no_topology(upstream));
  }
  const bool any_serves = std::any_of(facts.upstreams.begin(), facts.upstreams.end(), is_covered);
  if (any_serves) return reasons;
  const auto gaps = coverage_gaps(facts);
  reasons.insert(reasons.end(), gaps.begin(), gaps.end());
  return reasons;
}

std::vector<std::string> coverage_gaps(const ControlFacts& facts) {
  std::vector<std::string> gaps;
  for (const UpstreamFacts& upstream : facts.upstreams) {
    if (!upstream.topology || is_covered(upstream)) continue;
    gaps.push_back(where(facts, upstream) + "only " + std::to_string(covered_slots(upstream)) + " of " +
                   std::to_string(kSlotCount) + " slots have a node");
  }
  return gaps;
}

std::map<NodeIndex, std::vector<SlotRange>> slot_ranges(const Topology& topology) {
  std::map<NodeIndex, std::vector<SlotRange>> ranges;
  NodeIndex previous = kNoNode;
  for (std::uint32_t i = 0; i < kSlotCount; ++i) {
    const auto slot = static_cast<Slot>(i);
    const NodeIndex owner = topology.primary_of(slot);
    if (owner != kNoNode && owner == previous) {
      ranges[owner].back().second = slot;
    } else if (owner != kNoNode) {
      ranges[owner].emplace_back(slot, slot);
    }
    previous = owner;
  }
  return ranges;
}

AdminReply index_page() {
  return {.content_type = kPlainText,
          .body = "slotway " SLOTWAY_VERSION
                  "\n\n"
                  "/metrics   metrics in Prometheus text format\n"
                  "/healthz   200 while every worker's loop turns\n"
                  "/readyz    200 while clients can be served, with reasons if not (JSON)\n"
                  "/topology  the upstreams as they are known here (JSON)\n"
                  "/drain     POST: ends Slotway as SIGTERM does, without losing a reply\n"};
}

std::optional<AdminReply> refuse_request(AdminPage page, std::string_view method, bool has_origin) {
  const bool acts = page == AdminPage::drain;
  const bool is_taken = acts ? method == "POST" : method == "GET" || method == "HEAD";
  if (!is_taken) {
    AdminReply reply = error_page(405, acts ? "only POST" : "only GET and HEAD");
    reply.allow = acts ? "POST" : "GET, HEAD";
    return reply;
  }
  if (acts && has_origin)
    return error_page(403, "not for web pages (it has an Origin); ask with curl -X POST");
  return std::nullopt;
}

AdminReply drain_page() {
  return {.status = 202,
          .content_type = kPlainText,
          .body = "draining; Slotway ends when its clients have gone\n"};
}

AdminReply error_page(unsigned status, std::string_view text) {
  return {.status = status, .content_type = kPlainText, .body = std::string(text) + "\n"};
}

AdminReply healthz_page(bool loops_turn) {
  if (!loops_turn) return error_page(503, "a worker's loop did not answer in time");
  return {.content_type = kPlainText, .body = "ok\n"};
}

AdminReply readyz_page(const ControlFacts& facts) {
  const auto reasons = not_ready_reasons(facts);
  json::array upstreams;
  for (const UpstreamFacts& upstream : facts.upstreams) {
    upstreams.emplace_back(json::object{{"name", upstream.name},
                                        {"slots_covered", covered_slots(upstream)},
                                        {"slots_total", kSlotCount},
                                        {"topology_age_ms", age_ms(upstream)}});
  }
  const auto gaps = reasons.empty() ? coverage_gaps(facts) : std::vector<std::string>{};
  const json::object body{{"ready", reasons.empty()},
                          {"reasons", json::array(reasons.begin(), reasons.end())},
                          {"warnings", json::array(gaps.begin(), gaps.end())},
                          {"listening", facts.listening},
                          {"draining", facts.draining},
                          {"upstreams", std::move(upstreams)}};
  return json_page(reasons.empty() ? 200 : 503, body);
}

AdminReply topology_page(const ControlFacts& facts) {
  json::array upstreams;
  bool has_all = true;
  for (const UpstreamFacts& upstream : facts.upstreams) {
    has_all = has_all && upstream.topology;
    upstreams.emplace_back(topology_json(upstream));
  }
  return json_page(has_all ? 200 : 503, {{"upstreams", std::move(upstreams)}});
}

}  // namespace slotway::proxy
