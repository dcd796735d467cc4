#include "tests/chaos/fault_run.hpp"

#include <algorithm>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace slotway::chaos {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kWarmUp = 5000;
constexpr std::chrono::seconds kUndisturbed(1);
constexpr std::uint64_t kAfterwards = 2000;
constexpr std::size_t kLogLines = 15;

std::string ms(std::chrono::nanoseconds time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count()) + " ms";
}

void judge_errors(const Expectation& expected, unsigned clients, const kit::LoadResult& load,
                  std::vector<std::string>& failures) {
  const std::uint64_t allowed = std::uint64_t{expected.losses} * clients * kMaxPipeline;
  std::uint64_t counted = 0;
  for (const auto& [text, times] : load.errors) {
    const bool is_loss = text.starts_with("connection: ");
    const bool is_cut = expected.between_pipelines && text.ends_with(kit::kInTheMiddle);
    if (!expected.loses_clients || !is_loss || is_cut) counted += times;
  }
  if (counted > allowed) {
    failures.push_back(std::to_string(counted) + " errors, allowed " + std::to_string(allowed));
  }
  if (load.read_errors > expected.read_errors) {
    failures.push_back(std::to_string(load.read_errors) + " errors of reads, allowed " +
                       std::to_string(expected.read_errors));
  }
}

void judge(const Expectation& expected, unsigned clients, FaultReport& report) {
  const kit::LoadResult& load = report.load;
  std::vector<std::string>& failures = report.findings.failures;
  if (load.wrong > 0) failures.push_back(std::to_string(load.wrong) + " wrong replies");
  judge_errors(expected, clients, load, failures);
  if (load.longest_wait > expected.longest_wait) {
    failures.push_back("a client waited for " + ms(load.longest_wait) + ", allowed " +
                       ms(expected.longest_wait));
  }
  if (expected.remarked_gap.count() > 0 && load.longest_wait > expected.remarked_gap) {
    report.findings.notes.push_back("a client waited for more than " + ms(expected.remarked_gap));
  }
  if (load.reopened > 0) {
    report.findings.notes.push_back(std::to_string(load.reopened) +
                                    " connections were closed between two pipelines, and opened again");
  }
  if (load.lost_increments > 0) {
    report.findings.notes.push_back(std::to_string(load.lost_increments) +
                                    " acknowledged INCRs went with the primary");
  }
}

std::vector<std::string> last_lines(const std::string& text, std::size_t count) {
  std::vector<std::string> lines;
  std::istringstream all(text);
  for (std::string line; std::getline(all, line);) lines.push_back(line);
  lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(std::min(count, lines.size())));
  return lines;
}

using Play = std::function<void(const kit::CheckedLoad&, Findings&)>;

// Clients come to `port`.
FaultReport run_at(const Fault& fault, std::uint16_t port, kit::SlotwayProcess& proxy, const Play& play,
                   const RunOptions& options, bool is_last) {
  FaultReport report{
      .name = std::string(fault.name), .seconds = 0, .load = {}, .findings = {}, .remarks = {}};
  const auto begin = Clock::now();
  kit::CheckedLoad load({.port = port,
                         .clients = options.clients,
                         .max_pipeline = kMaxPipeline,
                         .may_lose_writes = fault.expectation.may_lose_writes,
                         .reads_all_at_end = true});
  try {
    load.wait_for(kWarmUp);
    std::this_thread::sleep_until(begin + kUndisturbed);
    play(load, report.findings);
    if (report.findings.skipped.empty()) std::this_thread::sleep_until(begin + options.duration);
    load.wait_for(kAfterwards, kHoldLimit);
  } catch (const std::exception& error) {
    report.findings.failures.emplace_back(error.what());
  }
  report.load = load.stop();
  report.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  judge(fault.expectation, options.clients, report);
  if (!proxy.running()) report.findings.failures.emplace_back("the proxy has ended");
  if (is_last) {
    const std::string reason = end_in_order(proxy);
    if (!reason.empty()) report.findings.failures.push_back(reason);
  }
  if (report.failed()) report.remarks = last_lines(proxy.output(), kLogLines);
  return report;
}

}  // namespace

FaultReport run_fault(const Fault& fault, Stage& stage, const RunOptions& options, bool is_last) {
  const Play play = [&](const kit::CheckedLoad& load, Findings& findings) {
    Scene scene{stage, load, findings, options.seed};
    std::get<void (*)(Scene&)>(fault.play)(scene);
  };
  return run_at(fault, stage.proxy.port(), stage.proxy, play, options, is_last);
}

FaultReport run_fault(const Fault& fault, SentinelStage& stage, const RunOptions& options) {
  const Play play = [&](const kit::CheckedLoad&, Findings& findings) {
    SentinelScene scene{stage, findings};
    std::get<void (*)(SentinelScene&)>(fault.play)(scene);
  };
  return run_at(fault, stage.proxy.port(), stage.proxy, play, options, true);
}

FaultReport run_fault(const Fault& fault, FleetStage& stage, const RunOptions& options) {
  const Play play = [&](const kit::CheckedLoad&, Findings& findings) {
    FleetScene scene{stage, findings};
    std::get<void (*)(FleetScene&)>(fault.play)(scene);
  };
  return run_at(fault, stage.balancer->port(), stage.proxy(0), play, options, true);
}

FaultReport failed_report(const Fault& fault, const std::string& reason) {
  return {.name = std::string(fault.name),
          .seconds = 0,
          .load = {},
          .findings = {.notes = {}, .failures = {reason}, .skipped = {}},
          .remarks = {}};
}

FaultReport skipped_report(const Fault& fault, const std::string& reason) {
  FaultReport report = failed_report(fault, reason);
  report.findings.failures.clear();
  report.findings.skipped = reason;
  return report;
}

}  // namespace slotway::chaos
