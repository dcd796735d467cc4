// What no value tells by itself: ranges, and options that must agree with each other.
// Owner: config_loader. Thread: any (pure function).
// Invariant: a configuration without problems needs no further check by the rooms that use it.
#pragma once

#include <vector>

#include "config/config.hpp"
#include "config/entry.hpp"
#include "config/origin.hpp"
#include "config/problem.hpp"

namespace slotway::config {

// Every problem, each blamed on the place that its value came from. Options that `origins` calls broken have
// been complained about already, and are left out. `entries`: those of all lists.
std::vector<Problem> validate(const Config& config, const Origins& origins,
                              const std::vector<LoadedEntry>& entries = {});

}  // namespace slotway::config
