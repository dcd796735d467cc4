// What a node's refusal of AUTH means, in words for the log: the node's own text is never repeated, for a
// node that does not know AUTH quotes its arguments, cut off after 128 bytes (server.c, rejectCommandFormat).
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace slotway::proxy {

// `text`: the error, without '-' and line end. `options`: what the options of the user name and password
// begin with.
std::string explain_auth_error(std::string_view text, std::string_view options = "upstream.");

}  // namespace slotway::proxy
