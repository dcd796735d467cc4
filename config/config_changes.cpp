#include "config/config_changes.hpp"

#include <iterator>
#include <utility>

#include "config/entry.hpp"
#include "config/problem.hpp"
#include "config/upstreams.hpp"

namespace slotway::config {
namespace {

std::string names_of(const Config& config) {
  std::string out;
  for (const NamedUpstream& upstream : every_upstream(config))
    out += (out.empty() ? "" : ",") + upstream.name;
  return out;
}

std::string print_routes(const std::vector<RouteConfig>& routes) {
  std::string out;
  for (const RouteConfig& route : routes) {
    out += (out.empty() ? "" : ",") + quoted(route.prefix) + " to " + route.upstream;
    if (route.strip_prefix) out += " stripped";
  }
  return out.empty() ? "(not set)" : out;
}

// As a reload can follow: the numbers stay.
bool has_same_upstreams(const Config& running, const Config& wanted) {
  return names_of(running) == names_of(wanted);
}

bool has_same_listeners(const Config& running, const Config& wanted) {
  return running.listeners.size() == wanted.listeners.size();
}

std::string entry_path(EntryKind kind, const Config& config, std::size_t index) {
  if (kind == EntryKind::upstream) return "upstreams." + config.upstreams[index].name;
  return std::string(list_name(kind)) + "[" + std::to_string(index) + "]";
}

void add_changed_entries(std::vector<Change>& changes, EntryKind kind, const Config& running,
                         const Config& wanted) {
  for (std::size_t i = 0; i < entry_count(kind, running); ++i) {
    const Config before = view_of(kind, running, i);
    const Config after = view_of(kind, wanted, i);
    for (const Option* option : entry_options(kind)) {
      if (option->same(before, after)) continue;
      changes.push_back({entry_path(kind, running, i) + "." + std::string(entry_key(*option)),
                         option->needs_restart, option->print(before), option->print(after)});
    }
  }
}

void keep_what_needs_restart(EntryKind kind, const Config& running, Config& out) {
  for (std::size_t i = 0; i < entry_count(kind, running); ++i) {
    const Config before = view_of(kind, running, i);
    Config view = view_of(kind, out, i);
    for (const Option* option : entry_options(kind)) {
      if (option->needs_restart) option->copy(before, view);
    }
    put_entry(kind, view, i, out);
  }
}

}  // namespace

std::string Change::text() const {
  std::string out = path + ": ";
  // Two secrets that differ are printed alike.
  if (before == after) {
    out += "changed";
  } else {
    out += printable(before, before.size()) + " -> " + printable(after, after.size());
  }
  return out + (needs_restart ? " (needs a restart)" : "");
}

std::vector<Change> changes_between(const Config& running, const Config& wanted) {
  std::vector<Change> changes;
  for (const Option& option : options()) {
    if (option.same(running, wanted)) continue;
    changes.push_back(
        {std::string(option.path), option.needs_restart, option.print(running), option.print(wanted)});
  }
  const bool same_upstreams = has_same_upstreams(running, wanted);
  if (same_upstreams) {
    add_changed_entries(changes, EntryKind::upstream, running, wanted);
  } else {
    changes.push_back({"upstreams", true, names_of(running), names_of(wanted)});
  }
  if (has_same_listeners(running, wanted)) {
    add_changed_entries(changes, EntryKind::listener, running, wanted);
  } else {
    changes.push_back({"listeners", true, std::to_string(running.listeners.size()),
                       std::to_string(wanted.listeners.size())});
  }
  if (running.routes != wanted.routes) {
    const bool needs_restart = !same_upstreams || running.routes.empty() != wanted.routes.empty();
    changes.push_back({"routes", needs_restart, print_routes(running.routes), print_routes(wanted.routes)});
  }
  return changes;
}

Config without_restarts(const Config& running, const Config& wanted) {
  Config out = wanted;
  for (const Option& option : options()) {
    if (option.needs_restart) option.copy(running, out);
  }
  const bool same_upstreams = has_same_upstreams(running, wanted);
  if (same_upstreams) {
    keep_what_needs_restart(EntryKind::upstream, running, out);
  } else {
    out.upstreams = running.upstreams;
    out.upstream.seeds = running.upstream.seeds;
  }
  if (has_same_listeners(running, wanted)) {
    keep_what_needs_restart(EntryKind::listener, running, out);
  } else {
    out.listeners = running.listeners;
  }
  if (!same_upstreams || running.routes.empty() != wanted.routes.empty()) out.routes = running.routes;
  return out;
}

}  // namespace slotway::config
