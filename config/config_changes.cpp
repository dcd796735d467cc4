#include "config/config_changes.hpp"

#include "config/problem.hpp"

namespace slotway::config {

std::string Change::text() const {
  std::string out = std::string(option->path) + ": ";
  // Two secrets that differ are printed alike.
  if (before == after) {
    out += "changed";
  } else {
    out += printable(before, before.size()) + " -> " + printable(after, after.size());
  }
  return out + (option->needs_restart ? " (needs a restart)" : "");
}

std::vector<Change> changes_between(const Config& running, const Config& wanted) {
  std::vector<Change> changes;
  for (const Option& option : options()) {
    if (option.same(running, wanted)) continue;
    changes.push_back({&option, option.print(running), option.print(wanted)});
  }
  return changes;
}

Config without_restarts(const Config& running, const Config& wanted) {
  Config out = wanted;
  for (const Option& option : options()) {
    if (option.needs_restart) option.copy(running, out);
  }
  return out;
}

}  // namespace slotway::config
