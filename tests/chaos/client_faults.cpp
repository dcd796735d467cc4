#include "tests/chaos/client_faults.hpp"

#include <cmath>
#include <stdexcept>

#include "tests/chaos/connect_storm.hpp"
#include "tests/chaos/fault.hpp"
#include "tests/chaos/process_usage.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::chaos {
namespace {

constexpr int kReaders = 20;
constexpr std::size_t kLargeValue = std::size_t{256} << 10;
// Every second reader wants less than the proxy may hold for it, the others much more.
constexpr std::size_t kSomeReplies = 12;
constexpr std::size_t kManyReplies = 80;
constexpr std::size_t kMegabyte = std::size_t{1} << 20;
// The readers themselves do not see it: the end of the stream is behind what they have not read.
constexpr const char* kClosed = "slotway_client_connections_over_memory_total";
constexpr std::chrono::seconds kClosing(30);
constexpr std::uint64_t kRepliesMeanwhile = 2000;
constexpr double kConnectsPerSecond = 10000;
constexpr std::chrono::seconds kStorm(5);

// What may be held for all readers, and as much again for the allocator and for replies that are on their
// way.
constexpr std::size_t kAllowedGrowth = std::size_t{2} * kReaders * kMemoryPerClient;

std::string megabytes(std::size_t bytes) { return std::to_string(bytes / kMegabyte) + " MB"; }

// One for each shard; returns their keys.
std::vector<std::string> write_large_values(Stage& stage) {
  std::vector<std::string> keys;
  kit::TestClient writer = stage.proxy.client();
  for (const std::size_t primary : stage.cluster.primaries()) {
    keys.push_back("{" + stage.key_of(primary) + "}:large");
    const kit::Reply reply = writer.command({"SET", keys.back(), std::string(kLargeValue, 'x')});
    if (reply.is_error()) throw std::runtime_error("cannot write a large value: " + reply.text);
  }
  return keys;
}

std::string reads_of(const std::vector<std::string>& keys, std::size_t count) {
  std::string requests;
  for (std::size_t i = 0; i < count; ++i) requests += kit::encode({"GET", keys[i % keys.size()]});
  return requests;
}

}  // namespace

void kill_proxy(Scene& scene) {
  const auto begin = std::chrono::steady_clock::now();
  scene.stage.proxy.kill();
  scene.stage.proxy.restart();
  const auto down = std::chrono::steady_clock::now() - begin;
  scene.findings.notes.push_back(
      "ready again after " +
      std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(down).count()) + " ms");
}

void slow_readers(Scene& scene) {
  Stage& stage = scene.stage;
  const std::size_t before = usage_of(stage.proxy.pid()).rss;
  const double closed_before = stage.proxy.metric(kClosed);
  const std::vector<std::string> keys = write_large_values(stage);
  std::vector<kit::TestClient> readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.push_back(stage.proxy.client());
    readers.back().send_unread(reads_of(keys, i % 2 == 0 ? kSomeReplies : kManyReplies),
                               std::chrono::seconds(1));
  }
  kit::wait_until("the readers that ask for too much are closed", kClosing,
                  [&] { return stage.proxy.metric(kClosed) >= closed_before + kReaders / 2; });
  scene.load.wait_for(kRepliesMeanwhile);
  const std::size_t peak = usage_of(stage.proxy.pid()).peak_rss;
  scene.findings.notes.push_back("the proxy's RSS: " + megabytes(before) + " before, at most " +
                                 megabytes(peak) + ", allowed " + megabytes(before + kAllowedGrowth));
  if (peak > before + kAllowedGrowth) scene.findings.failures.push_back("the proxy's RSS is not bounded");
}

void storm_of_connections(Scene& scene) {
  Stage& stage = scene.stage;
  const std::size_t clients = stage.client_count();
  const std::size_t before = usage_of(stage.proxy.pid()).descriptors;
  ConnectStorm storm(stage.proxy.port(), kConnectsPerSecond, kStorm);
  storm.wait();
  kit::wait_until("the proxy has closed all connections of the storm", kClosing, [&] {
    return stage.client_count() <= clients && usage_of(stage.proxy.pid()).descriptors <= before;
  });
  scene.findings.notes.push_back(
      std::to_string(storm.opened()) + " connections, " + std::to_string(std::lround(storm.per_second())) +
      " per second, " + std::to_string(storm.answered()) + " PINGs answered, " +
      std::to_string(storm.failed()) + " failed; descriptors " + std::to_string(before) + " before, " +
      std::to_string(usage_of(stage.proxy.pid()).descriptors) + " afterwards");
  if (storm.failed() > 0 || storm.answered() == 0) {
    scene.findings.failures.emplace_back("connections of the storm failed");
  }
}

}  // namespace slotway::chaos
