#include "tests/chaos/soak.hpp"

#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "tests/chaos/process_usage.hpp"
#include "tests/chaos/usage_trend.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::chaos {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kClosing(10);

std::string text_of(const ProcessUsage& usage) {
  return "RSS " + std::to_string(usage.rss >> 10) + " KB, " + std::to_string(usage.descriptors) +
         " descriptors";
}

void print(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

// Prints what a process holds, each minute, while it lives. Thread: its own.
class MinuteLog {
 public:
  explicit MinuteLog(pid_t pid) : thread_([this, pid] { run(pid); }) {}
  ~MinuteLog() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }
  MinuteLog(const MinuteLog&) = delete;
  MinuteLog& operator=(const MinuteLog&) = delete;

 private:
  void run(pid_t pid) {
    std::unique_lock lock(mutex_);
    for (int minute = 1; !changed_.wait_for(lock, std::chrono::minutes(1), [this] { return stopping_; });
         ++minute) {
      print("minute " + std::to_string(minute) + ": " + text_of(usage_of(pid)));
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::thread thread_;
};

// Between two faults: the load's clients have closed, and the proxy has seen it.
ProcessUsage usage_at_rest(const Stage& stage) {
  kit::wait_until("the proxy has no clients", kClosing, [&] { return stage.client_count() == 0; });
  return usage_of(stage.proxy.pid());
}

// All faults; false if one failed. In the first round the proxy warms up, the second is what later ones are
// held against.
bool run_round(int round, Stage& stage, Clock::time_point end, const RunOptions& options, ReportTable& table,
               UsageTrend& trend) {
  bool good = true;
  RunOptions of_round = options;
  of_round.seed += 1000 * static_cast<std::uint32_t>(round - 1);  // what is random differs
  for (const Fault& fault : all_faults()) {
    if (!fault.in_soak || fault.has_sentinels() || fault.has_fleet() || Clock::now() >= end) continue;
    const FaultReport report = run_fault(fault, stage, of_round, false);
    table.print(report);
    good = good && !report.failed();
    if (!stage.proxy.running()) throw std::runtime_error("the proxy has ended");
    const ProcessUsage usage = usage_at_rest(stage);
    print("    at rest: " + text_of(usage));
    if (round == 2) trend.add_early(usage);
    if (round > 2) trend.add(usage);
  }
  return good;
}

}  // namespace

bool soak(const std::string& slotway, std::chrono::minutes duration, const RunOptions& options,
          ReportTable& table) {
  Stage stage(slotway);
  const auto end = Clock::now() + duration;
  const MinuteLog log(stage.proxy.pid());
  UsageTrend trend;
  bool good = true;
  for (int round = 1; Clock::now() < end; ++round) {
    good = run_round(round, stage, end, options, table, trend) && good;
  }
  const std::string reason = end_in_order(stage.proxy);
  if (!reason.empty()) print("FAILED: " + reason);
  const std::string growth = trend.growth(all_faults().size());
  if (!trend.is_known()) {
    print("too short to tell whether the proxy grows");
  } else {
    print(growth.empty() ? "ok: the proxy did not grow" : "FAILED: " + growth);
  }
  return good && reason.empty() && growth.empty();
}

}  // namespace slotway::chaos
