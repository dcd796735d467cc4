// chaos: runs faults under checked load, one line of figures each. Exit code: 0 if all was as expected, 1 if
// not, 2 if the command line is wrong.
#include <cstdio>
#include <stdexcept>

#include "tests/chaos/chaos_options.hpp"
#include "tests/chaos/report_table.hpp"
#include "tests/chaos/soak.hpp"

namespace slotway::chaos {
namespace {

void list_faults() {
  for (const Fault& fault : all_faults()) {
    std::printf("%-16s %s\n", std::string(fault.name).c_str(), std::string(fault.what).c_str());
  }
}

FaultReport run_with_fleet(const Fault& fault, const ChaosOptions& options) {
  if (!Balancer::is_installed()) return skipped_report(fault, "HAProxy is not installed");
  FleetStage stage(options.slotway);
  return run_fault(fault, stage, options.run);
}

// Each on a stage of its own, so that none depends on what another left behind.
FaultReport run_alone(const Fault& fault, const ChaosOptions& options) {
  try {
    if (fault.has_sentinels()) {
      SentinelStage stage(options.slotway);
      return run_fault(fault, stage, options.run);
    }
    if (fault.has_fleet()) return run_with_fleet(fault, options);
    Stage stage(options.slotway);
    return run_fault(fault, stage, options.run, true);
  } catch (const std::exception& error) {
    return failed_report(fault, error.what());
  }
}

bool run(const ChaosOptions& options) {
  ReportTable table(options.as_markdown);
  table.print_heading();
  bool good = true;
  for (const Fault* fault : options.faults) {
    const FaultReport report = run_alone(*fault, options);
    table.print(report);
    good = good && !report.failed();
  }
  if (options.soak.count() > 0) good = soak(options.slotway, options.soak, options.run, table);
  table.print_rest();
  return good;
}

}  // namespace
}  // namespace slotway::chaos

int main(int argc, char** argv) {
  using namespace slotway::chaos;
  try {
    const ChaosOptions options = parse_options({argv + 1, argv + argc});
    if (options.lists) {
      list_faults();
      return 0;
    }
    return run(options) ? 0 : 1;
  } catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "chaos: %s\n%s", error.what(), kUsage);
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "chaos: %s\n", error.what());
    return 1;
  }
}
