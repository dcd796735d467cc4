#include "tests/chaos/stage.hpp"

#include <chrono>
#include <optional>

#include "tests/kit/wait_until.hpp"

namespace slotway::chaos {
namespace {

std::string both_networks(kit::ClusterProcess& cluster) {
  std::string seeds;
  for (const char* network : {kFirstNetwork, kOtherNetwork}) {
    for (std::size_t i = 0; i < kit::ClusterProcess::kNodes; ++i) {
      if (!seeds.empty()) seeds += ",";
      seeds += kit::ClusterProcess::address_in(network, i) + ":" + std::to_string(cluster.node(i).port());
    }
  }
  return seeds;
}

// The line that says it; empty if there is none.
std::string sanitizer_finding(const std::string& output) {
  for (const char* sign : {"Sanitizer: ", ": runtime error: "}) {
    const std::size_t found = output.find(sign);
    if (found == std::string::npos) continue;
    const std::size_t begin = output.rfind('\n', found) + 1;  // npos + 1 = 0
    return output.substr(begin, output.find('\n', found) - begin);
  }
  return "";
}

}  // namespace

Stage::Stage(const std::string& slotway)
    : proxy(slotway, both_networks(cluster),
            {"--workers", std::to_string(kWorkers), "--limits-max-output-per-client", "1mb",
             "--limits-max-memory-per-client", std::to_string(kMemoryPerClient)}) {}

SentinelStage::SentinelStage(const std::string& slotway)
    : proxy(slotway, group.seeds(), group.slotway_arguments()) {}

FleetStage::FleetStage(const std::string& slotway) {
  std::vector<Balancer::Place> places;
  for (std::size_t i = 0; i < kMost; ++i) {
    proxies.push_back(std::make_unique<kit::SlotwayProcess>(
        slotway, cluster.seeds(),
        std::vector<std::string>{"--workers", "1", "--client-max-age", "5s", "--drain-delay", "1s",
                                 "--timeouts-drain", "5s"}));
    places.push_back({proxies.back()->port(), proxies.back()->admin_port()});
  }
  for (std::size_t i = 1; i < kMost; ++i) proxy(i).stop();
  balancer = std::make_unique<Balancer>(places);
}

std::vector<std::size_t> FleetStage::client_counts() const {
  std::vector<std::size_t> out;
  for (const auto& proxy : proxies)
    out.push_back(static_cast<std::size_t>(proxy->metric("slotway_clients{worker=\"0\"}")));
  return out;
}

std::size_t FleetStage::aged_count() const {
  return static_cast<std::size_t>(proxies[0]->metric("slotway_client_connections_aged_total"));
}

std::string Stage::key_of(std::size_t primary) {
  for (int i = 0;; ++i) {
    std::string key = "chaos:" + std::to_string(i);
    if (cluster.primary_of(cluster.slot_of(key)) == primary) return key;
  }
}

// A sanitizer that goes on after a finding tells of it in the exit code, UBSan in its text only; of leaks it
// tells at the end.
std::string end_in_order(kit::SlotwayProcess& proxy) {
  const std::optional<int> code = proxy.stop();
  const std::string finding = sanitizer_finding(proxy.output());
  if (!finding.empty()) return "a sanitizer says: " + finding;
  if (!code) return "the proxy does not end";
  return *code == 0 ? "" : "the proxy ended with exit code " + std::to_string(*code);
}

std::size_t Stage::client_count() const {
  double clients = 0;
  for (int i = 0; i < kWorkers; ++i) {
    clients += proxy.metric("slotway_clients{worker=\"" + std::to_string(i) + "\"}");
  }
  return static_cast<std::size_t>(clients);
}

void Stage::wait_until_elected(std::size_t replica) {
  kit::TestClient client = cluster.node(replica).client();
  kit::wait_until("a replica is elected", std::chrono::seconds(30),
                  [&] { return client.command({"ROLE"}).elements.at(0).text == "master"; });
}

void Stage::wait_until_whole() {
  constexpr std::chrono::seconds kLimit(40);
  cluster.wait_until_ok(kLimit);
  cluster.wait_until_in_sync(kLimit);
}

}  // namespace slotway::chaos
