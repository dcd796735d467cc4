// Faults one after the other on one cluster and one proxy, for minutes: what the proxy holds has to stay the
// same. Owner: main. Thread: main's, and one that looks at the proxy each minute. Invariant: what is judged
// was taken between two faults, when the load's clients were gone.
#pragma once

#include <chrono>
#include <string>

#include "tests/chaos/fault_run.hpp"
#include "tests/chaos/report_table.hpp"

namespace slotway::chaos {

// True if no fault failed and the proxy did not grow.
bool soak(const std::string& slotway, std::chrono::minutes duration, const RunOptions& options,
          ReportTable& table);

}  // namespace slotway::chaos
