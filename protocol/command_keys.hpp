// Where a command's keys are: a row's key specs applied to a request's arguments. Pure; any thread; no
// allocation beyond the caller's vector.
// Source: Redis documentation, "Command key specifications". Where an option's word may be another option's
// argument (SORT k BY store), the rows carry what a node's own search knows beyond the specs: OptionSkip.
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
  // numkeys is no number, negative, larger than the arguments left, or 0 where the command wants a key; or
  // there are fewer arguments than the specs say. The server words the error: any node will do.
  invalid,
};

// Calls for every key of `request`, in the order of the specs, and appends its argument index to `out` (which
// is cleared first). A command without keys, or with `invalid` arguments, leaves `out` empty. Duplicates are
// kept, and a keyword that is missing is no error: XREAD without STREAMS has no keys.
// REQUIRES: row.arity_ok(request.argc()). An MSET whose last key lacks a value is the caller's to refuse.
KeyError find_keys(const CommandRow& row, const RequestView& request, std::vector<std::uint32_t>& out);

}  // namespace slotway::protocol
