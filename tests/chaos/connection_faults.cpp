#include "tests/chaos/connection_faults.hpp"

#include <thread>

#include "tests/chaos/fault.hpp"
#include "tests/chaos/packet_filter.hpp"

namespace slotway::chaos {
namespace {

constexpr std::chrono::milliseconds kKillInterval(100);
constexpr std::chrono::seconds kCut(3);

}  // namespace

void kill_connections(Scene& scene) {
  std::vector<kit::TestClient> nodes;
  for (std::size_t i = 0; i < scene.stage.cluster.node_count(); ++i) {
    nodes.push_back(scene.stage.cluster.node(i).client());
  }
  long long killed = 0;
  auto next = std::chrono::steady_clock::now();
  for (unsigned round = 0; round < kKillRounds; ++round) {
    for (kit::TestClient& node : nodes) killed += node.command({"CLIENT", "KILL", "TYPE", "normal"}).integer;
    next += kKillInterval;
    std::this_thread::sleep_until(next);
  }
  scene.findings.notes.push_back(std::to_string(killed) + " connections killed");
}

// The cluster's bus is another port: the nodes see nothing of it but that the replica's link is silent.
void cut_off_node(Scene& scene) {
  scene.findings.skipped = PacketFilter::why_not();
  if (!scene.findings.skipped.empty()) return;
  {
    kit::ClusterProcess& cluster = scene.stage.cluster;
    const PacketFilter filter = PacketFilter::of_port(cluster.node(cluster.primaries().front()).port());
    std::this_thread::sleep_for(kCut);
  }
  scene.stage.wait_until_whole();
}

}  // namespace slotway::chaos
