#include "tests/chaos/node_faults.hpp"

#include <algorithm>
#include <stdexcept>
#include <thread>

#include "tests/chaos/fault.hpp"
#include "tests/chaos/shard_probe.hpp"

namespace slotway::chaos {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr unsigned kMovedSlots = 300;
constexpr std::chrono::seconds kFreeze(4);
constexpr milliseconds kPulse(50);
constexpr int kPulses = 30;

std::string ms(Clock::duration time) {
  return std::to_string(std::chrono::duration_cast<milliseconds>(time).count()) + " ms";
}

}  // namespace

void play_nothing(Scene&) {}

void fail_over_each(Scene& scene) {
  kit::ClusterProcess& cluster = scene.stage.cluster;
  for (const std::size_t primary : cluster.primaries()) {
    cluster.failover(cluster.replica_of(primary));
    scene.stage.wait_until_whole();
  }
}

// From the node that has slot 0 to another one; the next time back, for the target's lowest are then these.
void reshard(Scene& scene) {
  kit::ClusterProcess& cluster = scene.stage.cluster;
  const std::size_t from = cluster.primary_of(0);
  const std::size_t home = cluster.primary_of(5000);
  const std::size_t to = from == home ? cluster.primary_of(10000) : home;
  const kit::CommandResult moved = cluster.reshard(from, to, kMovedSlots);
  if (moved.exit_code != 0) throw std::runtime_error("redis-cli cannot reshard: " + moved.output);
  scene.stage.wait_until_whole();
}

void kill_primary(Scene& scene) {
  kit::ClusterProcess& cluster = scene.stage.cluster;
  const std::size_t victim = cluster.primaries().front();
  const std::size_t heir = cluster.replica_of(victim);
  ShardProbe probe(scene.stage.proxy.port(), scene.stage.key_of(victim));
  cluster.node(victim).kill();
  const auto killed = Clock::now();
  scene.stage.wait_until_elected(heir);
  const auto elected = Clock::now();
  const auto served = probe.first_good_after(elected, kHoldLimit);
  scene.findings.notes.push_back("elected after " + ms(elected - killed) + ", the shard answers " +
                                 ms(served - elected) + " later; its probe saw " +
                                 std::to_string(probe.error_count()) + " errors");
  cluster.node(victim).restart();
  scene.stage.wait_until_whole();
}

void freeze_primary(Scene& scene) {
  kit::ClusterProcess& cluster = scene.stage.cluster;
  const std::vector<std::size_t> primaries = cluster.primaries();
  ShardProbe first(scene.stage.proxy.port(), scene.stage.key_of(primaries.at(1)));
  ShardProbe second(scene.stage.proxy.port(), scene.stage.key_of(primaries.at(2)));
  kit::RedisProcess& victim = cluster.node(primaries.front());
  victim.pause();
  std::this_thread::sleep_for(kFreeze);
  victim.resume();
  scene.stage.wait_until_whole();
  const std::uint64_t errors = first.error_count() + second.error_count();
  scene.findings.notes.push_back("clients of the other shards: " + std::to_string(errors) +
                                 " errors, longest wait " +
                                 ms(std::max(first.longest_wait(), second.longest_wait())) +
                                 " (all nodes say CLUSTERDOWN until the election)");
  if (errors > 0) scene.findings.failures.push_back("clients of other shards saw errors");
}

void restart_replica(Scene& scene) {
  kit::ClusterProcess& cluster = scene.stage.cluster;
  kit::RedisProcess& victim = cluster.node(cluster.replica_of(cluster.primaries().front()));
  victim.shut_down();
  victim.restart();
  scene.stage.wait_until_whole();
}

void restart_primary(Scene& scene) {
  kit::RedisProcess& victim = scene.stage.cluster.node(scene.stage.cluster.primaries().front());
  const auto begin = Clock::now();
  victim.shut_down();
  victim.restart();
  scene.findings.notes.push_back("down for " + ms(Clock::now() - begin));
  scene.stage.wait_until_whole();
}

void slow_node(Scene& scene) {
  kit::RedisProcess& victim = scene.stage.cluster.node(scene.stage.cluster.primaries().front());
  for (int i = 0; i < kPulses; ++i) {
    victim.pause();
    std::this_thread::sleep_for(kPulse);
    victim.resume();
    std::this_thread::sleep_for(kPulse);
  }
}

}  // namespace slotway::chaos
