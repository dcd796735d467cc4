#include "tests/kit/wait_until.hpp"

#include <stdexcept>
#include <thread>

namespace slotway::kit {

void wait_until(const std::string& what, std::chrono::milliseconds limit,
                const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) {
      throw std::runtime_error("waited " + std::to_string(limit.count()) + " ms in vain for: " + what);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

}  // namespace slotway::kit
