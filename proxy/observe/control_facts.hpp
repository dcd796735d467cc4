// What the control plane knows and the admin pages show: plain data, taken at the moment of the request.
// Owner: the asker. Thread: control. Invariant: no secret is in here.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "routing/topology.hpp"

namespace slotway::proxy {

// How often the topology was asked for, by why and how it ended. Both become label values: few and fixed
// words.
struct RefreshCount {
  std::string reason;  // "periodic", "moved", ...
  std::string result;  // "changed", "unchanged", "failed"
  std::uint64_t count = 0;
};

struct ReloadCount {
  std::string result;  // "changed", "unchanged", "failed"
  std::uint64_t count = 0;
};

// What the control plane knows of one upstream.
struct UpstreamFacts {
  std::string name;
  std::shared_ptr<const routing::Topology> topology{};  // nullptr = none was learned yet
  // Since the last successful refresh; nullopt = none yet.
  std::optional<std::chrono::milliseconds> topology_age{};
  std::vector<RefreshCount> refreshes{};
  // What each node that was asked said, if the last refresh failed; "" = it succeeded, or none has ended yet.
  std::string refresh_error{};
};

struct ControlFacts {
  // What must come before clients are listened for, a sentence each; empty but at the start.
  std::vector<std::string> awaited{};
  bool listening = false;
  bool draining = false;
  std::vector<UpstreamFacts> upstreams{};                 // by number
  std::uint64_t clients_rejected = 0;                     // because there were limits.max_clients
  std::vector<ReloadCount> reloads{};                     // of the configuration, by how they ended
  std::chrono::system_clock::time_point config_loaded{};  // with success, at the start or later
};

}  // namespace slotway::proxy
