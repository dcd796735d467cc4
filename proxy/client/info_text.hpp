// What the proxy says of itself in INFO: fields in which it, not the nodes, is the server that the client
// talks to, and a section of its own, `# Slotway`, which is the last. The nodes' answers are joined to it
// (routing/info_merger). Thread: worker; reads every worker's counters. Source: Redis 7.0's INFO,
// "field:value" lines, sections by name.
#pragma once

#include <string>
#include <string_view>

#include "config/config.hpp"
#include "proxy/client/proxy_facts.hpp"
#include "routing/info_sections.hpp"
#include "routing/topology.hpp"

namespace slotway::proxy {

// `listener`: the number of that at which the client is. `topology` may be nullptr.
std::string info_text(const ProxyFacts& facts, unsigned listener, const config::Config& config,
                      const routing::Topology* topology, const routing::InfoSections& sections);

// What it is to its clients by cluster_view: "standalone" or "cluster" (redis_mode; HELLO's mode).
std::string_view server_mode(const config::Config& config);

}  // namespace slotway::proxy
