// What a script says of itself in its first line: "#!lua flags=no-writes". Pure; any thread. Source: Redis
// documentation, "Script flags"; eval.c, evalExtractShebangFlags.
#pragma once

#include <string_view>

namespace slotway::protocol {

// False where it says nothing, or what no node would take.
bool declares_no_writes(std::string_view script);

}  // namespace slotway::protocol
