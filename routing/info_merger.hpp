// One INFO of all primaries' and the proxy's own: sections and fields in the order in which they first occur,
// each field by its rule (info_rules). Pure. Thread: any. Invariant: the text has the form of one server's:
// "# Section", "field:value", an empty line between sections.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "routing/node_report.hpp"

namespace slotway::routing {

// `texts`: what each of `reports` says, "" if it failed.
std::string merge_info(std::span<const NodeReport> reports, std::span<const std::string> texts,
                       const ReportWish& wish);

// Of INFO nodes: the section "Nodes", a line for each node of the map.
std::string node_lines(std::span<const NodeReport> reports, std::span<const std::string> texts,
                       const Topology& topology);

// A field's value in an INFO text; "" = it has none.
std::string_view find_info_field(std::string_view text, std::string_view name);

}  // namespace slotway::routing
