// What differs between two configurations, and what of it a process that runs can take over.
// Owner: the control plane, at a reload. Thread: any (pure functions). Invariant: no text shows a secret.
#pragma once

#include <string>
#include <vector>

#include "config/config.hpp"
#include "config/config_options.hpp"

namespace slotway::config {

struct Change {
  std::string path;
  bool needs_restart;
  std::string before;  // as the file would have it
  std::string after;

  // "limits.max_clients: 100 -> 200", "workers: 2 -> 4 (needs a restart)", "requirepass: changed"
  std::string text() const;
};

// In the order of the table of options, then those of upstreams, listeners and routes.
std::vector<Change> changes_between(const Config& running, const Config& wanted);

// `wanted`, but what needs a restart is as in `running`. Both are valid, and so is this: of options that must
// agree with each other either all need one or none.
Config without_restarts(const Config& running, const Config& wanted);

}  // namespace slotway::config
