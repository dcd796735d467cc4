#include "config/environment_source.hpp"

#include <algorithm>
#include <vector>

#include "config/nearest_name.hpp"

namespace slotway::config {
namespace {

constexpr std::string_view kPrefix = "SLOTWAY_";
constexpr std::string_view kConfigFile = "SLOTWAY_CONFIG";

// "tcp://10.0.0.1:6380"
bool is_service_url(std::string_view value) {
  return value.starts_with("tcp://") || value.starts_with("udp://") || value.starts_with("sctp://");
}

// "6380_TCP", "6380_TCP_ADDR", "6380_TCP_PORT", "6380_TCP_PROTO"
bool is_port_and_protocol(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits == 0) return false;
  std::string_view rest = text.substr(digits);
  for (const std::string_view protocol : {"_TCP", "_UDP", "_SCTP"}) {
    if (!rest.starts_with(protocol)) continue;
    rest.remove_prefix(protocol.size());
    return rest.empty() || rest == "_ADDR" || rest == "_PORT" || rest == "_PROTO";
  }
  return false;
}

Complaint unknown_variable(const std::string& name) {
  // Compared without the prefix, which all have in common.
  std::vector<std::string> known{std::string(kConfigFile.substr(kPrefix.size()))};
  for (const Option& option : options()) known.push_back(environment_name(option).substr(kPrefix.size()));
  const std::string near = nearest_name(name.substr(kPrefix.size()), known);
  if (near.empty())
    return {"is not a known variable", "unset it, or see slotway.example.yaml for the options"};
  return {"is not a known variable", "did you mean " + std::string(kPrefix) + near + "?"};
}

}  // namespace

Environment environment_map(const char* const* environment) {
  Environment out;
  for (; *environment != nullptr; ++environment) {
    const std::string_view entry = *environment;
    const std::size_t equals = entry.find('=');
    if (equals == std::string_view::npos) continue;
    out.emplace(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return out;
}

bool is_kubernetes_variable(std::string_view name, std::string_view value) {
  if (!name.starts_with(kPrefix)) return false;
  if (name.ends_with("_SERVICE_HOST") || name.ends_with("_SERVICE_PORT")) return true;
  if (name.find("_SERVICE_PORT_") != std::string_view::npos) return true;
  if (name.ends_with("_PORT") && is_service_url(value)) return true;
  for (std::size_t at = name.find("_PORT_"); at != std::string_view::npos; at = name.find("_PORT_", at + 1)) {
    if (is_port_and_protocol(name.substr(at + 6))) return true;
  }
  return false;
}

EnvironmentResult read_environment(const Environment& environment) {
  EnvironmentResult result;
  for (auto entry = environment.lower_bound(std::string(kPrefix)); entry != environment.end(); ++entry) {
    const auto& [name, value] = *entry;
    if (!name.starts_with(kPrefix)) break;
    const Origin origin{Source::environment, name, 0};
    const auto option = std::find_if(options().begin(), options().end(),
                                     [&name = name](const Option& o) { return environment_name(o) == name; });
    if (option != options().end()) {
      result.source.settings.push_back({&*option, origin, split_pieces(*option, value)});
    } else if (name == kConfigFile) {
      result.config_file = value;
    } else if (!is_kubernetes_variable(name, value)) {
      result.source.problems.push_back({origin, "", unknown_variable(name)});
    }
  }
  return result;
}

}  // namespace slotway::config
