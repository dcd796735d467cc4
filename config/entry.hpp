// The entries of `upstreams`, `listeners` and `routes`: which keys they may have. They stand in the file
// only. Most keys are options of the top level (config_options), of which each upstream or listener may have
// its own: `upstreams.cache.seeds` is `upstream.seeds`, `upstreams.cache.timeouts.request` is
// `timeouts.request`. So that the same functions read and print them, an option works on a view: a
// configuration whose top level is the entry. Owner: static data. Thread: any.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "config/config_options.hpp"
#include "config/origin.hpp"

namespace slotway::config {

enum class EntryKind { upstream, listener, route };

// "upstreams", "listeners", "routes".
std::string_view list_name(EntryKind kind);

// The keys of an entry, in the order of the table.
std::vector<const Option*> entry_options(EntryKind kind);
// "seeds" of upstream.seeds, "timeouts.request" of itself.
std::string_view entry_key(const Option& option);
// nullptr: an entry has no such key.
const Option* find_entry_option(EntryKind kind, std::string_view key);
// True for "timeouts" and the like.
bool is_entry_section(EntryKind kind, std::string_view key);

std::size_t entry_count(EntryKind kind, const Config& config);
// The view of an entry that says nothing yet.
Config view_of_new(EntryKind kind, const Config& base);
Config view_of(EntryKind kind, const Config& config, std::size_t index);
// Makes what a view has the entry; `index` may be one behind the last.
void put_entry(EntryKind kind, const Config& view, std::size_t index, Config& config);

// Where an entry and what it says came from.
struct LoadedEntry {
  EntryKind kind = EntryKind::upstream;
  std::size_t index = 0;  // in its list
  std::string path;       // "upstreams.cache", "listeners[0]"
  Origin origin;
  Origins origins;
};

}  // namespace slotway::config
