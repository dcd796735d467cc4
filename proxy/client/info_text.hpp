// INFO's text: the sections that a proxy can answer for, in Redis's form, and one of its own, `# Slotway`.
// Thread: worker; reads every worker's counters. Source: Redis 7.0's INFO, "field:value" lines, sections by
// name.
#pragma once

#include <string>
#include <vector>

#include "proxy/client/proxy_facts.hpp"
#include "routing/topology.hpp"

namespace slotway::proxy {

// `sections`: lower case; empty = the default ones; "all", "default" and "everything" are all of them.
// `topology` may be nullptr.
std::string info_text(const ProxyFacts& facts, const routing::Topology* topology,
                      const std::vector<std::string>& sections);

}  // namespace slotway::proxy
