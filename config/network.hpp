// Networks as text, "10.0.1.0/24", and whether an address is in one. Pure; any thread.
#pragma once

#include <string>

namespace slotway::config {

// A network with a length that its kind of address has; one without a length is an address, or a name: any
// text.
bool is_network(const std::string& network);

// `host` is in the network, or the same text.
bool network_has(const std::string& network, const std::string& host);

}  // namespace slotway::config
