#include "tests/chaos/stage.hpp"

#include <chrono>

namespace slotway::chaos {
namespace {

std::string both_addresses(kit::ClusterProcess& cluster) {
  std::string seeds;
  for (const char* address : {kFirstAddress, kOtherAddress}) {
    for (std::size_t i = 0; i < kit::ClusterProcess::kNodes; ++i) {
      if (!seeds.empty()) seeds += ",";
      seeds += std::string(address) + ":" + std::to_string(cluster.node(i).port());
    }
  }
  return seeds;
}

}  // namespace

Stage::Stage(const std::string& slotway)
    : proxy(slotway, both_addresses(cluster),
            {"--workers", std::to_string(kWorkers), "--limits-max-output-per-client", "1mb",
             "--limits-max-memory-per-client", std::to_string(kMemoryPerClient)}) {}

std::string Stage::key_of(std::size_t primary) {
  for (int i = 0;; ++i) {
    std::string key = "chaos:" + std::to_string(i);
    if (cluster.primary_of(cluster.slot_of(key)) == primary) return key;
  }
}

void Stage::wait_until_whole() {
  constexpr std::chrono::seconds kLimit(40);
  cluster.wait_until_ok(kLimit);
  cluster.wait_until_in_sync(kLimit);
}

}  // namespace slotway::chaos
