// What the admin port answers, without its sockets: which page a target names, and each page's status and
// text. Pure; any thread. Invariant: no page shows a secret.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/observe/control_facts.hpp"
#include "routing/topology.hpp"

namespace slotway::proxy {

enum class AdminPage : std::uint8_t { index, metrics, healthz, readyz, topology, drain };

struct AdminReply {
  unsigned status = 200;
  std::string_view content_type;  // static
  std::string body;
  std::string_view allow{};  // static; of a 405
};

inline constexpr std::string_view kPlainText = "text/plain; charset=utf-8";
inline constexpr std::string_view kMetricsText = "text/plain; version=0.0.4; charset=utf-8";
inline constexpr std::string_view kJson = "application/json";

// `target` as in the request line (RFC 9112 section 3.2: origin form or absolute form), a query ignored.
// nullopt = no such page.
std::optional<AdminPage> find_page(std::string_view target);

// Why no traffic should be sent here; empty = ready. Plain sentences, each naming a fact. An upstream that
// lacks slots keeps nobody from the others.
std::vector<std::string> not_ready_reasons(const ControlFacts& facts);
// The slots that no node has, a sentence for each upstream.
std::vector<std::string> coverage_gaps(const ControlFacts& facts);

// The slots of each node that has some, as ranges: both bounds inclusive, ascending, none touching the next.
using SlotRange = std::pair<routing::Slot, routing::Slot>;
std::map<routing::NodeIndex, std::vector<SlotRange>> slot_ranges(const routing::Topology& topology);

// What to say to a request that the page does not take; nullopt = it takes it. All pages are read but /drain,
// which is done, and not by a page of the web that a browser shows: that one sends an Origin.
std::optional<AdminReply> refuse_request(AdminPage page, std::string_view method, bool has_origin);

AdminReply index_page();
AdminReply error_page(unsigned status, std::string_view text);
AdminReply healthz_page(bool loops_turn);
AdminReply readyz_page(const ControlFacts& facts);
AdminReply drain_page();
AdminReply topology_page(const ControlFacts& facts);

}  // namespace slotway::proxy
