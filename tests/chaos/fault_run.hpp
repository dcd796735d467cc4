// One fault under load: from the first request to the verdict. Thread: main's. Invariant: what a fault throws
// is a failure of its report, and the load is over when the report is there.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/chaos/fault.hpp"

namespace slotway::chaos {

struct RunOptions {
  unsigned clients = 40;
  std::chrono::seconds duration{15};  // at least; a fault may take longer
  std::uint32_t seed = 1;
};

struct FaultReport {
  std::string name;
  double seconds = 0;
  kit::LoadResult load;
  Findings findings;
  std::vector<std::string> remarks;  // of the proxy, if something failed: the end of its log

  bool failed() const { return !findings.failures.empty(); }
};

// `is_last`: the proxy is to end in order afterwards, which is a part of the verdict.
// REQUIRES: a fault of such a stage.
FaultReport run_fault(const Fault& fault, Stage& stage, const RunOptions& options, bool is_last);
FaultReport run_fault(const Fault& fault, SentinelStage& stage, const RunOptions& options);
FaultReport run_fault(const Fault& fault, FleetStage& stage, const RunOptions& options);
// The report of a fault whose stage could not be set up.
FaultReport failed_report(const Fault& fault, const std::string& reason);
// Of one that cannot be had on this machine.
FaultReport skipped_report(const Fault& fault, const std::string& reason);

}  // namespace slotway::chaos
