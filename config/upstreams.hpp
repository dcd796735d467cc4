// All upstreams and all listeners of a configuration, in the order that numbers them: an upstream's number is
// what workers and the control plane know it by. Owner: none (pure). Thread: any. Invariant: the numbers are
// the same until the restart: reloads keep names and their order.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "config/config.hpp"

namespace slotway::config {

// Of the section `upstream`.
inline constexpr std::string_view kDefaultUpstream = "default";

// The one of the section `upstream`, if it has seeds or is alone, then those of `upstreams`.
std::vector<NamedUpstream> every_upstream(const Config& config);

// That of `listen`, if it has addresses, then those of `listeners`.
std::vector<ListenerConfig> every_listener(const Config& config);

// Its place in every_upstream().
std::optional<std::size_t> upstream_number(const Config& config, std::string_view name);

// The one that a listener's keys are at which no route fits; it also answers what names no key. REQUIRES: the
// configuration is valid.
std::size_t home_of(const Config& config, const ListenerConfig& listener);

// The configuration as if this listener and its home were all there is.
Config view_at(const Config& config, const ListenerConfig& listener);

// Whether a listener's keys are at several upstreams.
bool is_routed(const Config& config, const ListenerConfig& listener);

}  // namespace slotway::config
