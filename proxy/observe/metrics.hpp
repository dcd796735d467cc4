// The workers' counters and the control plane's facts as Prometheus text, version 0.0.4.
// Owner: the admin port's scrape. Thread: control. Invariant: every name is listed in docs/metrics.md (a test
// compares them); counters are read relaxed, so a scrape sees each of them at a slightly different moment.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/observe/control_facts.hpp"
#include "proxy/observe/counters.hpp"
#include "proxy/observe/process_facts.hpp"
#include "proxy/observe/worker_status.hpp"

namespace slotway::proxy {

struct MetricsInput {
  std::vector<const WorkerCounters*> workers;
  std::optional<std::vector<WorkerStatus>> statuses;  // nullopt = a worker's loop did not answer in time
  ControlFacts facts;
  bool ready = false;  // what /readyz says
  std::uint64_t admin_connections_rejected = 0;
  std::optional<ProcessFacts> process;
  std::string version;
};

std::string render_metrics(const MetricsInput& input);

// Label values.
std::string_view upstream_state_name(UpstreamState state);
std::string_view error_class_name(ErrorClass error);

}  // namespace slotway::proxy
