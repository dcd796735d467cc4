// Where a command's keys are: a row's key specs applied to a request's arguments. Pure; any thread; no allocation
// beyond the caller's vector.
// Source: Redis documentation, "Command key specifications"; SORT's STORE, which the specs leave unknown, is ours.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "protocol/command_table.hpp"
#include "protocol/request.hpp"

namespace slotway::protocol {

enum class KeyError : std::uint8_t {
  none,
  invalid,  // Redis: "Invalid arguments specified for command": numkeys is no number, negative or too large
};

// Calls for every key of `request`, in the order of the specs, and appends its argument index to `out` (which is
// cleared first). A command without keys leaves `out` empty. Duplicates are kept.
KeyError find_keys(const CommandRow& row, const RequestView& request, std::vector<std::uint32_t>& out);

}  // namespace slotway::protocol
