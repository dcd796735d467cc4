// What of a node's CONFIG GET is the proxy's own: limits that hold for its clients, and passwords, which it
// tells nobody. Pure. Thread: any. Invariant: the reply keeps its parameters, their names and their order.
#pragma once

#include <string>
#include <string_view>

#include "config/config.hpp"

namespace slotway::proxy {

// Appends a node's reply to CONFIG GET with the proxy's values in place of the node's; as it came if it is
// no list of names and values.
void write_with_own_settings(std::string& out, std::string_view reply, const config::Config& config);

}  // namespace slotway::proxy
