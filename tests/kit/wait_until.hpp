// Waiting for what another process does: asks again every few milliseconds until the answer is yes.
// Thread: any. For real servers only; tests of our own code inject the clock instead.
#pragma once

#include <chrono>
#include <functional>
#include <string>

namespace slotway::kit {

// Throws std::runtime_error naming `what` if `condition` is still false after `limit`.
void wait_until(const std::string& what, std::chrono::milliseconds limit,
                const std::function<bool()>& condition);

}  // namespace slotway::kit
