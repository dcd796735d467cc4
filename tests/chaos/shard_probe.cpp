#include "tests/chaos/shard_probe.hpp"

#include <limits>
#include <optional>
#include <utility>

#include "tests/kit/test_client.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::chaos {
namespace {

constexpr std::chrono::seconds kPatience(45);
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

}  // namespace

ShardProbe::ShardProbe(std::uint16_t port, std::string key)
    : port_(port), key_(std::move(key)), wanted_(kNever), thread_([this] { run(); }) {
  try {
    first_good_after(Clock::now(), kPatience);
  } catch (...) {
    stopping_ = true;
    thread_.join();
    throw;
  }
}

ShardProbe::~ShardProbe() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

ShardProbe::Clock::time_point ShardProbe::first_good_after(Clock::time_point moment,
                                                           std::chrono::milliseconds limit) {
  found_ = 0;
  wanted_ = moment.time_since_epoch().count();
  kit::wait_until("a shard answers again", limit, [this] { return found_ != 0; });
  wanted_ = kNever;
  return Clock::time_point(Clock::duration(found_.load()));
}

void ShardProbe::run() {
  std::optional<kit::TestClient> client;
  last_good_ = Clock::now().time_since_epoch().count();
  for (std::uint64_t value = 0; !stopping_; ++value) {
    try {
      if (!client) client.emplace(port_, kPatience);
      if (client->command({"SET", key_, std::to_string(value)}).is_error()) {
        ++errors_;
      } else {
        on_good(Clock::now());
      }
    } catch (const kit::ClientError&) {
      ++errors_;
      client.reset();
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
}

void ShardProbe::on_good(Clock::time_point now) {
  const Clock::rep at = now.time_since_epoch().count();
  const Clock::rep wait = at - last_good_.exchange(at);
  if (wait > longest_wait_) longest_wait_ = wait;
  if (at > wanted_ && found_ == 0) found_ = at;
}

}  // namespace slotway::chaos
