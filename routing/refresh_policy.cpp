#include "routing/refresh_policy.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace slotway::routing {

using std::chrono::milliseconds;

std::string_view reason_name(RefreshReason reason) {
  constexpr std::array<std::string_view, static_cast<std::size_t>(RefreshReason::count_)> kNames = {
      "start",           "periodic",       "retry",          "moved",
      "connection_lost", "clusterdown",    "uncovered_slot", "primary_awaited",
      "unknown_command", "sentinel_event", "reload"};
  const auto i = static_cast<std::size_t>(reason);
  return i < kNames.size() ? kNames[i] : std::string_view{"none"};
}

// --- RefreshSchedule ---

RefreshSchedule::RefreshSchedule(milliseconds interval, milliseconds min_interval, TimePoint now)
    : interval_(interval), min_interval_(min_interval), timer_due_(now), earliest_(now) {}

void RefreshSchedule::request(RefreshReason reason) {
  if (!requested_) requested_ = reason;
  urgent_ |= reason == RefreshReason::primary_awaited || reason == RefreshReason::sentinel_event ||
             reason == RefreshReason::reload;
}

void RefreshSchedule::set_intervals(milliseconds interval, milliseconds min_interval, TimePoint now) {
  interval_ = interval;
  min_interval_ = min_interval;
  timer_due_ = std::min(timer_due_, now + interval);
}

TimePoint RefreshSchedule::due() const {
  if (!requested_ || (failures_ > 0 && !urgent_)) return timer_due_;
  return std::min(timer_due_, earliest_);
}

RefreshReason RefreshSchedule::begin(TimePoint now) {
  earliest_ = now + min_interval_;
  urgent_ = false;
  return std::exchange(requested_, std::nullopt).value_or(timer_reason_);
}

void RefreshSchedule::succeed(TimePoint now, std::uint64_t random) {
  failures_ = 0;
  timer_reason_ = RefreshReason::periodic;
  const auto tenth = std::chrono::duration_cast<std::chrono::microseconds>(interval_) / 10;
  const auto span = static_cast<std::uint64_t>(2 * tenth.count()) + 1;
  const std::chrono::microseconds jitter{static_cast<std::int64_t>((random >> 32) % span)};
  timer_due_ = now + interval_ - tenth + jitter;
}

void RefreshSchedule::fail(TimePoint now, std::uint64_t random) {
  if (timer_reason_ == RefreshReason::periodic) timer_reason_ = RefreshReason::retry;
  timer_due_ = std::max(now + kRetry.delay(failures_, random), earliest_);
  if (failures_ < UINT32_MAX) ++failures_;
}

// --- ask_order ---

namespace {

void append_rotated(std::vector<Endpoint>& out, std::span<const Endpoint> from, std::uint64_t turn) {
  for (std::size_t i = 0; i < from.size(); ++i) {
    const Endpoint& endpoint = from[(turn + i) % from.size()];
    if (std::find(out.begin(), out.end(), endpoint) == out.end()) out.push_back(endpoint);
  }
}

}  // namespace

std::vector<Endpoint> ask_order(const Topology* current, std::span<const Endpoint> seeds,
                                std::uint64_t turn) {
  std::vector<Endpoint> order;
  if (current != nullptr) {
    std::vector<Endpoint> healthy, failed;
    for (const Node& node : current->nodes()) (node.healthy ? healthy : failed).push_back(node.endpoint);
    append_rotated(order, healthy, turn);
    append_rotated(order, failed, turn);
    if (order.size() > kMaxAskedNodes) order.resize(kMaxAskedNodes);
  }
  append_rotated(order, seeds, turn);
  return order;
}

// --- ViewJudge ---

ViewJudge::Verdict ViewJudge::judge(const Topology* current, const Topology& candidate, bool state_ok,
                                    std::string_view voter, std::uint64_t refresh) {
  const std::uint32_t covered = candidate.covered_slots();
  if (covered == 0) return Verdict::no_slots;
  Verdict verdict = Verdict::accepted;
  if (current != nullptr) {
    const std::uint32_t current_covered = current->covered_slots();
    if (candidate.epoch() != 0 && candidate.epoch() < current->epoch()) {
      verdict = Verdict::older_epoch;
    } else if (covered < current_covered) {
      verdict = Verdict::fewer_slots;
    } else if (!state_ok && current_covered == kSlotCount) {
      if (candidate.same_as(*current)) return Verdict::confirmed;
      verdict = Verdict::cluster_failed;
    }
  }
  if (verdict != Verdict::accepted && !is_insisted_on(current, candidate, voter, refresh)) return verdict;
  doubtful_.reset();
  return Verdict::accepted;
}

bool ViewJudge::is_insisted_on(const Topology* current, const Topology& candidate, std::string_view voter,
                               std::uint64_t refresh) {
  if (!doubtful_ || !doubtful_->same_as(candidate)) {
    doubtful_ = candidate;
    voters_.clear();
    refreshes_ = 0;
  }
  if (refreshes_ == 0 || refresh != last_refresh_) ++refreshes_;
  last_refresh_ = refresh;
  voters_.emplace(voter);
  const std::size_t cluster_size = std::max(current->nodes().size(), candidate.nodes().size());
  return voters_.size() >= std::min(kVoters, cluster_size) || refreshes_ >= kPatience;
}

std::string_view verdict_text(ViewJudge::Verdict verdict) {
  switch (verdict) {
    case ViewJudge::Verdict::accepted: return "accepted";
    case ViewJudge::Verdict::confirmed: return "it says cluster_state:fail, but nothing has changed";
    case ViewJudge::Verdict::no_slots: return "no slot is assigned to a node that can be reached";
    case ViewJudge::Verdict::older_epoch: return "its epoch is older than that of the map in use";
    case ViewJudge::Verdict::cluster_failed: return "it says cluster_state:fail";
    case ViewJudge::Verdict::fewer_slots: return "it covers fewer slots than the map in use";
  }
  return "";
}

}  // namespace slotway::routing
