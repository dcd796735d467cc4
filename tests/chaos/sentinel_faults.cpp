#include "tests/chaos/sentinel_faults.hpp"

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>

#include "tests/chaos/fault.hpp"
#include "tests/chaos/shard_probe.hpp"

namespace slotway::chaos {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kElection(40);
constexpr std::chrono::seconds kWithoutSentinels(3);
// Of a replica that takes over; what is remarked is that it was longer.
constexpr std::chrono::milliseconds kFollowed(200);

std::string ms(Clock::duration time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count()) + " ms";
}

// Hears +switch-master from a sentinel, in the moment in which it says so.
class SwitchEvent {
 public:
  explicit SwitchEvent(const kit::SentinelProcess& sentinel) : client_(sentinel.port(), kElection) {
    client_.command({"SUBSCRIBE", "+switch-master"});
  }
  // Throws std::runtime_error if it does not come.
  Clock::time_point wait() {
    const kit::Reply message = client_.read();
    if (message.elements.size() != 3) throw std::runtime_error("the sentinel said something else");
    return Clock::now();
  }

 private:
  kit::TestClient client_;
};

// What clients see of a switch that `cause` brings about.
template <class Cause>
void watch_switch(SentinelScene& scene, Cause cause) {
  kit::SentinelGroup& group = scene.stage.group;
  const std::size_t before = group.primary_by(0);
  ShardProbe probe(scene.stage.proxy.port(), "chaos:probe");
  SwitchEvent event(group.sentinel(0));
  const auto begin = Clock::now();
  cause();
  const auto switched = event.wait();
  const auto served = probe.first_good_after(switched, kHoldLimit);
  scene.findings.notes.push_back("+switch-master after " + ms(switched - begin) + ", writes are served " +
                                 ms(served - switched) + " later; the probe saw " +
                                 std::to_string(probe.error_count()) + " errors, longest wait " +
                                 ms(probe.longest_wait()));
  if (served - switched > kFollowed) {
    scene.findings.notes.push_back("that is more than " + ms(kFollowed));
  }
  group.wait_for_primary_other_than(before);
}

using Act = void (kit::RedisProcess::*)();

void lose_primary(SentinelScene& scene, Act lose, Act bring_back) {
  kit::SentinelGroup& group = scene.stage.group;
  kit::RedisProcess& victim = group.server(group.primary_by(0));
  watch_switch(scene, [&] { (victim.*lose)(); });
  (victim.*bring_back)();
  group.wait_until_in_sync();
}

}  // namespace

void switch_primary(SentinelScene& scene) {
  kit::SentinelGroup& group = scene.stage.group;
  for (unsigned i = 0; i < kSwitchRounds; ++i) {
    watch_switch(scene, [&] {
      group.ask_sentinel(0, {"SENTINEL", "FAILOVER", kit::SentinelGroup::kMaster});
    });
    group.wait_until_in_sync();
  }
}

void kill_watched_primary(SentinelScene& scene) {
  lose_primary(scene, &kit::RedisProcess::kill, &kit::RedisProcess::restart);
}

// When it goes on it takes itself for the primary, until a sentinel tells it otherwise: nobody may ask it.
void freeze_watched_primary(SentinelScene& scene) {
  lose_primary(scene, &kit::RedisProcess::pause, &kit::RedisProcess::resume);
}

void kill_sentinels(SentinelScene& scene) {
  kit::SentinelGroup& group = scene.stage.group;
  for (const std::size_t victim : {1u, 2u}) group.sentinel(victim).kill();
  std::this_thread::sleep_for(kWithoutSentinels);
  for (const std::size_t victim : {1u, 2u}) group.sentinel(victim).restart();
  watch_switch(scene, [&] { group.failover(); });
  group.wait_until_in_sync();
}

}  // namespace slotway::chaos
