#include "tests/chaos/fleet_faults.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>

#include "tests/chaos/fault.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::chaos {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kUnscaled(3);
constexpr std::chrono::seconds kEvened(60);
constexpr std::chrono::seconds kScaled(5);

std::string seconds_since(Clock::time_point begin) {
  const auto tenths =
      std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin).count() / 100;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

std::string shares(const std::vector<std::size_t>& counts) {
  std::string out;
  for (const std::size_t count : counts) out += (out.empty() ? "" : " + ") + std::to_string(count);
  return out;
}

// Each has at least half of what would be its share.
bool is_even(const std::vector<std::size_t>& counts) {
  std::size_t all = 0;
  for (const std::size_t count : counts) all += count;
  return *std::min_element(counts.begin(), counts.end()) * 2 * counts.size() >= all && all > 0;
}

}  // namespace

void scale_out_and_in(FleetScene& scene) {
  FleetStage& fleet = scene.stage;
  std::vector<std::string>& notes = scene.findings.notes;
  std::this_thread::sleep_for(kUnscaled);

  // --- out ---
  const auto out = Clock::now();
  for (std::size_t i = 1; i < FleetStage::kMost; ++i) fleet.proxy(i).restart();
  kit::wait_until("the clients are spread evenly", kEvened, [&] { return is_even(fleet.client_counts()); });
  notes.push_back("two more proxies: clients are spread evenly after " + seconds_since(out) + " (" +
                  shares(fleet.client_counts()) + ")");
  std::this_thread::sleep_for(kScaled);
  notes.push_back("after a while: " + shares(fleet.client_counts()));

  // --- in ---
  const auto in = Clock::now();
  for (std::size_t i = 1; i < FleetStage::kMost; ++i) fleet.proxy(i).begin_stop();
  for (std::size_t i = 1; i < FleetStage::kMost; ++i) {
    const std::string reason = end_in_order(fleet.proxy(i));
    if (!reason.empty()) scene.findings.failures.push_back(reason);
  }
  notes.push_back("the two have ended after " + seconds_since(in) + ", their clients are at the first");
  std::this_thread::sleep_for(kScaled);
  notes.push_back(std::to_string(fleet.aged_count()) +
                  " connections had reached client_max_age at the first");
}

}  // namespace slotway::chaos
