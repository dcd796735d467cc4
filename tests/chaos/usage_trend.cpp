#include "tests/chaos/usage_trend.hpp"

#include <algorithm>

namespace slotway::chaos {
namespace {

constexpr double kMayGrowTo = 1.25;
// Connections to nodes that are just being opened or closed.
constexpr std::size_t kMoreDescriptors = 8;

std::size_t median(const std::vector<ProcessUsage>& looks, std::size_t ProcessUsage::*figure) {
  std::vector<std::size_t> values;
  for (const ProcessUsage& look : looks) values.push_back(look.*figure);
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::size_t least_rss(const std::vector<ProcessUsage>& looks) {
  return std::ranges::min_element(looks, {}, &ProcessUsage::rss)->rss;
}

}  // namespace

std::string UsageTrend::growth(std::size_t count) const {
  if (!is_known()) return "";
  const auto size = static_cast<std::ptrdiff_t>(std::min(count, later_.size()));
  const std::vector<ProcessUsage> last(later_.end() - size, later_.end());
  const std::size_t rss = least_rss(early_);
  const std::size_t last_rss = least_rss(last);
  if (static_cast<double>(last_rss) > kMayGrowTo * static_cast<double>(rss)) {
    return "the least RSS grew from " + std::to_string(rss >> 10) + " KB to " +
           std::to_string(last_rss >> 10) + " KB";
  }
  const std::size_t descriptors = median(early_, &ProcessUsage::descriptors);
  const std::size_t last_descriptors = median(last, &ProcessUsage::descriptors);
  if (last_descriptors > descriptors + kMoreDescriptors) {
    return "open descriptors grew from " + std::to_string(descriptors) + " to " +
           std::to_string(last_descriptors);
  }
  return "";
}

}  // namespace slotway::chaos
