#include "tests/chaos/address_faults.hpp"

#include "tests/chaos/fault.hpp"

namespace slotway::chaos {
namespace {

// Not among the seeds: the proxy hears of it from the other nodes only.
constexpr const char* kUnknownNetwork = "127.0.2";

}  // namespace

void move_primary(Scene& scene) {
  kit::ClusterProcess& cluster = scene.stage.cluster;
  const std::size_t moved = cluster.primaries().front();
  const std::string from = cluster.node(moved).address();
  const bool is_away = from == kit::ClusterProcess::address_in(kUnknownNetwork, moved);
  cluster.move(moved, is_away ? kFirstNetwork : kUnknownNetwork);
  scene.findings.notes.push_back(from + " -> " + cluster.node(moved).address());
  scene.stage.wait_until_whole();
}

// Nothing answers at the old addresses; of the new ones the proxy knows by its seeds.
void move_all_nodes(Scene& scene) {
  kit::ClusterProcess& cluster = scene.stage.cluster;
  const bool is_away = cluster.node(0).address() == kit::ClusterProcess::address_in(kOtherNetwork, 0);
  cluster.move_all(is_away ? kFirstNetwork : kOtherNetwork);
  scene.stage.wait_until_whole();
}

}  // namespace slotway::chaos
