#include "tests/kit/checked_load.hpp"

#include "tests/kit/load_client.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::kit {

std::uint64_t LoadResult::error_count() const {
  std::uint64_t count = 0;
  for (const auto& [text, times] : errors) count += times;
  return count;
}

void LoadResult::add(const LoadResult& other) {
  replies += other.replies;
  wrong += other.wrong;
  for (const std::string& example : other.wrong_examples) {
    if (wrong_examples.size() < 10) wrong_examples.push_back(example);
  }
  for (const auto& [text, times] : other.errors) errors[text] += times;
}

std::string LoadResult::summary() const {
  std::string out = std::to_string(replies) + " replies, " + std::to_string(wrong) + " wrong, " +
                    std::to_string(error_count()) + " errors\n";
  for (const std::string& example : wrong_examples) out += "  wrong: " + example + "\n";
  for (const auto& [text, times] : errors) out += "  " + std::to_string(times) + " x " + text + "\n";
  return out;
}

CheckedLoad::CheckedLoad(const LoadOptions& options) {
  for (unsigned i = 0; i < options.clients; ++i) clients_.push_back(std::make_unique<LoadClient>(options, i));
  for (const auto& client : clients_) {
    threads_.emplace_back([this, &client] { client->run(stopping_, replies_); });
  }
}

CheckedLoad::~CheckedLoad() { stop(); }

void CheckedLoad::wait_for(std::uint64_t more, std::chrono::milliseconds limit) const {
  const std::uint64_t goal = replies() + more;
  wait_until(std::to_string(more) + " more good replies", limit, [this, goal] { return replies() >= goal; });
}

LoadResult CheckedLoad::stop() {
  stopping_ = true;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  for (const auto& client : clients_) result_.add(client->result());
  clients_.clear();
  return result_;
}

}  // namespace slotway::kit
