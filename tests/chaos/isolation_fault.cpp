#include "tests/chaos/isolation_fault.hpp"

#include <stdexcept>

#include "tests/chaos/fault.hpp"
#include "tests/chaos/packet_filter.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::chaos {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kRepliesMeanwhile = 2000;

std::string ms(Clock::duration time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count()) + " ms";
}

PacketFilter isolate(kit::ClusterProcess& cluster, std::size_t victim) {
  std::vector<std::string> others;
  for (std::size_t i = 0; i < cluster.node_count(); ++i) {
    if (i != victim) others.push_back(cluster.node(i).address());
  }
  return PacketFilter::between(cluster.node(victim).address(), others);
}

bool says_primary(const kit::RedisProcess& node) {
  return node.command({"ROLE"}).elements.at(0).text == "master";
}

}  // namespace

void isolate_primary(Scene& scene) {
  scene.findings.skipped = PacketFilter::why_not();
  if (!scene.findings.skipped.empty()) return;
  kit::ClusterProcess& cluster = scene.stage.cluster;
  const std::size_t victim = cluster.primaries().front();
  const std::size_t heir = cluster.replica_of(victim);
  const std::string key = "{" + scene.stage.key_of(victim) + "}:isolated";
  {
    const auto begin = Clock::now();
    const PacketFilter filter = isolate(cluster, victim);
    scene.stage.wait_until_elected(heir);
    const auto elected = Clock::now();
    // The old primary still takes itself for one, and answers: only the place of a write tells who got it.
    if (!says_primary(cluster.node(victim))) throw std::runtime_error("the primary is not isolated");
    kit::TestClient client = scene.stage.proxy.client(kHoldLimit);
    kit::TestClient witness = cluster.node(heir).client();
    kit::wait_until("the proxy writes to the new primary", kHoldLimit, [&] {
      return client.text({"SET", key, "new"}) == "+OK" && witness.text({"GET", key}) == "\"new\"";
    });
    scene.findings.notes.push_back("elected after " + ms(elected - begin) +
                                   ", the proxy writes to the new primary " + ms(Clock::now() - elected) +
                                   " later");
    scene.load.wait_for(kRepliesMeanwhile);
    if (!says_primary(cluster.node(victim))) throw std::runtime_error("the primary did not stay isolated");
  }
  scene.stage.wait_until_whole();
}

}  // namespace slotway::chaos
