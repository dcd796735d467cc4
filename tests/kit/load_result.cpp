#include "tests/kit/load_result.hpp"

#include <algorithm>

namespace slotway::kit {

std::uint64_t LoadResult::error_count() const {
  std::uint64_t count = 0;
  for (const auto& [text, times] : errors) count += times;
  return count;
}

void LoadResult::add(const LoadResult& other) {
  requests += other.requests;
  replies += other.replies;
  wrong += other.wrong;
  for (const std::string& example : other.wrong_examples) {
    if (wrong_examples.size() < 10) wrong_examples.push_back(example);
  }
  for (const auto& [text, times] : other.errors) errors[text] += times;
  read_errors += other.read_errors;
  unknown += other.unknown;
  reopened += other.reopened;
  lost_increments += other.lost_increments;
  latency.add(other.latency);
  longest_wait = std::max(longest_wait, other.longest_wait);
  longest_gap = std::max(longest_gap, other.longest_gap);
}

std::string LoadResult::summary() const {
  std::string out = std::to_string(replies) + " replies, " + std::to_string(wrong) + " wrong, " +
                    std::to_string(error_count()) + " errors\n";
  for (const std::string& example : wrong_examples) out += "  wrong: " + example + "\n";
  for (const auto& [text, times] : errors) out += "  " + std::to_string(times) + " x " + text + "\n";
  return out;
}

}  // namespace slotway::kit
