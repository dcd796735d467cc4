// The SLOTWAY_* environment variables as a source of settings.
// Owner: config_loader. Thread: before the threads start.
// Invariant: each SLOTWAY_* variable is a setting, a problem, or one that Kubernetes made up for a Service.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "config/setting.hpp"

namespace slotway::config {

using Environment = std::map<std::string, std::string>;

// The process's environment, from the `environ` of unistd.h, as a map.
Environment environment_map(const char* const* environment);

struct EnvironmentResult {
  SourceResult source;
  std::optional<std::string> config_file;  // SLOTWAY_CONFIG
};

EnvironmentResult read_environment(const Environment& environment);

// Kubernetes gives each container the variables of the Services of its namespace: for one named "slotway" or
// "slotway-admin" they begin with SLOTWAY_ (Kubernetes documentation, "Service", "Environment variables").
bool is_kubernetes_variable(std::string_view name, std::string_view value);

}  // namespace slotway::config
