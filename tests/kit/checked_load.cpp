#include "tests/kit/checked_load.hpp"

#include "tests/kit/load_client.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::kit {

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
  if (!stopping_) replies_.end();
  stopping_ = true;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  for (const auto& client : clients_) result_.add(client->result());
  clients_.clear();
  result_.longest_gap = replies_.longest_gap();
  return result_;
}

}  // namespace slotway::kit
