// What upstreams, listeners and routes must agree in: names, prefixes, addresses. Owner: config_validator.
// Thread: any (pure function).
#pragma once

#include <vector>

#include "config/config.hpp"
#include "config/entry.hpp"
#include "config/origin.hpp"
#include "config/problem.hpp"

namespace slotway::config {

std::vector<Problem> check_together(const Config& config, const Origins& origins,
                                    const std::vector<LoadedEntry>& entries);

}  // namespace slotway::config
