// What most integration tests start: a real cluster with the real program in front of it.
// Owner: a test case, one each. Thread: the test's. Invariant: both serve when the constructor returns.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tests/kit/cluster_process.hpp"
#include "tests/kit/slotway_process.hpp"
#include "tests/kit/test_client.hpp"

namespace slotway::integration {

struct ProxiedCluster {
  kit::ClusterProcess cluster;
  kit::SlotwayProcess slotway;

  // `arguments` are Slotway's, after --upstream, --listen and --admin.
  explicit ProxiedCluster(std::vector<std::string> arguments = {"--workers", "2"})
      : slotway(SLOTWAY_BINARY, cluster.seeds(), std::move(arguments)) {}

  std::uint16_t port() const { return slotway.port(); }
  kit::TestClient client() const { return slotway.client(); }
  double redirects(const std::string& kind) const {
    return slotway.metric("slotway_redirects_total{kind=\"" + kind + "\"}");
  }
};

// "SET a 1" as arguments.
inline kit::Args words(const std::string& line) {
  kit::Args out;
  std::size_t begin = 0;
  while (begin < line.size()) {
    const std::size_t end = std::min(line.find(' ', begin), line.size());
    if (end > begin) out.push_back(line.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

}  // namespace slotway::integration
