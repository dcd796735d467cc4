#include "tests/chaos/grow_fault.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>

#include "tests/chaos/fault.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::chaos {
namespace {

using Clock = std::chrono::steady_clock;

constexpr unsigned kMovedSlots = 400;  // to each of the new primaries
constexpr std::uint64_t kRepliesMeanwhile = 2000;
// The proxy looks at the cluster each 10 s, give or take a tenth, if nothing tells it to look earlier.
constexpr std::chrono::seconds kNextLook(25);

using Nodes = std::vector<std::unique_ptr<kit::RedisProcess>>;

std::string seconds_since(Clock::time_point begin) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - begin).count()) +
         " s";
}

std::string address_of(const kit::RedisProcess& node) {
  return node.address() + ":" + std::to_string(node.port());
}

void move_slots(kit::ClusterProcess& cluster, std::size_t from, std::size_t to) {
  const kit::CommandResult moved = cluster.reshard(from, to, kMovedSlots);
  if (moved.exit_code != 0) throw std::runtime_error("redis-cli cannot reshard: " + moved.output);
}

// Connections of clients at the node, without the one that asks: all are the proxy's.
std::ptrdiff_t connections_at(const kit::RedisProcess& node) {
  const std::string list = node.command({"CLIENT", "LIST"}).text;
  return std::count(list.begin(), list.end(), '\n') - 1;
}

// A key of a slot that the node has is written, so that the proxy needs a connection to it.
void wait_until_used(Stage& stage, std::size_t node) {
  kit::TestClient client = stage.proxy.client();
  const std::string key = stage.key_of(node);
  kit::wait_until("the proxy uses a new node", kNextLook, [&] {
    return client.text({"SET", key, "new"}) == "+OK" && connections_at(stage.cluster.node(node)) > 0;
  });
  if (client.text({"DEL", key}) != ":1") throw std::runtime_error("a key of a new node is lost");
}

// In how many of its two pages the proxy tells of the node.
int pages_with(const Stage& stage, const kit::RedisProcess& node) {
  const auto has = [&](const char* page, const std::string& text) {
    return stage.proxy.get(page).body.find(text) != std::string::npos;
  };
  return int{has("/topology", std::to_string(node.port()))} +
         int{has("/metrics", "node=\"" + address_of(node) + "\"")};
}

void wait_until_retired(const Stage& stage, const Nodes& gone) {
  const auto is_left = [&](const auto& node) {
    return pages_with(stage, *node) > 0 || connections_at(*node) > 0;
  };
  kit::wait_until("the proxy has retired the nodes that are gone", kNextLook,
                  [&] { return std::none_of(gone.begin(), gone.end(), is_left); });
}

}  // namespace

void grow_and_shrink(Scene& scene) {
  kit::ClusterProcess& cluster = scene.stage.cluster;
  const auto begin = Clock::now();
  // It grows.
  const std::vector<std::size_t> old = cluster.primaries();
  std::vector<std::size_t> added;
  for (std::size_t i = 0; i < old.size(); ++i) added.push_back(cluster.add_primary());
  for (std::size_t i = 0; i < old.size(); ++i) move_slots(cluster, old[i], added[i]);
  for (const std::size_t node : added) {
    wait_until_used(scene.stage, node);
    kit::wait_until("the proxy tells of a new node", kNextLook,
                    [&] { return pages_with(scene.stage, cluster.node(node)) == 2; });
  }
  scene.load.wait_for(kRepliesMeanwhile);
  // It shrinks. The nodes run on alone, and say that they have a cluster without slots.
  for (std::size_t i = 0; i < old.size(); ++i) move_slots(cluster, added[i], old[i]);
  Nodes gone;
  for (std::size_t i = 0; i < added.size(); ++i) gone.push_back(cluster.release_last());
  scene.findings.notes.push_back("moved " + std::to_string(2 * old.size() * kMovedSlots) + " slots in " +
                                 seconds_since(begin));
  const auto left = Clock::now();
  wait_until_retired(scene.stage, gone);
  scene.findings.notes.push_back("the proxy let go of the last node that was removed after " +
                                 seconds_since(left));
  gone.clear();
  scene.stage.wait_until_whole();
}

}  // namespace slotway::chaos
