// What CLUSTER tells through Slotway, compared with what the cluster's own nodes tell.
#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

#include "tests/integration/proxied_cluster.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::integration {

namespace {

using kit::Reply;

// Replicas and shards stand in no order of their own, and offsets grow.
void normalise(Reply& reply) {
  for (Reply& element : reply.elements) normalise(element);
  for (std::size_t i = 0; i + 1 < reply.elements.size(); ++i) {
    if (reply.elements[i].text == "replication-offset") reply.elements[i + 1].integer = 0;
  }
  if (std::all_of(reply.elements.begin(), reply.elements.end(), [](const Reply& element) {
        return element.type == Reply::Type::array && element.elements.size() >= 3;
      })) {
    std::sort(reply.elements.begin(), reply.elements.end(),
              [](const Reply& a, const Reply& b) { return kit::to_text(a) < kit::to_text(b); });
  }
}

std::string normalised(Reply reply) {
  normalise(reply);
  return kit::to_text(reply);
}

// "id address role primary slots…" of each line.
std::set<std::string> nodes_in(const std::string& text) {
  std::set<std::string> nodes;
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
    kit::Args fields = words(text.substr(at, text.find('\n', at) - at));
    REQUIRE(fields.size() >= 8);
    if (fields[2].starts_with("myself,")) fields[2].erase(0, 7);
    fields.erase(fields.begin() + 4, fields.begin() + 7);  // ping, pong and the node's epoch
    std::string node;
    for (const std::string& field : fields) node += field + " ";
    nodes.insert(node);
  }
  return nodes;
}

}  // namespace

TEST_CASE("in view nodes CLUSTER tells what the nodes tell") {
  kit::ClusterProcess cluster;
  // A replica that has received nothing yet counts as loading: each primary gets a key.
  for (int i = 0; i < 20; ++i) {
    for (std::size_t primary = 0; primary < kit::ClusterProcess::kPrimaries; ++primary)
      cluster.node(primary).command({"SET", "k" + std::to_string(i), "x"});
  }
  for (std::size_t i = 0; i < kit::ClusterProcess::kNodes; ++i) {
    kit::wait_until("every replica is online", std::chrono::seconds(30), [&] {
      return cluster.node(i).client().text({"CLUSTER", "SHARDS"}).find("loading") == std::string::npos;
    });
  }
  const kit::SlotwayProcess proxy(SLOTWAY_BINARY, cluster.seeds(), {"--cluster-view", "nodes"});
  kit::TestClient slotway = proxy.client();
  kit::TestClient node = cluster.node(0).client();
  CHECK(nodes_in(slotway.command({"CLUSTER", "NODES"}).text) ==
        nodes_in(node.command({"CLUSTER", "NODES"}).text));
  CHECK(normalised(slotway.command({"CLUSTER", "SLOTS"})) == normalised(node.command({"CLUSTER", "SLOTS"})));
  CHECK(normalised(slotway.command({"CLUSTER", "SHARDS"})) ==
        normalised(node.command({"CLUSTER", "SHARDS"})));
  for (const char* line : {"cluster_state:ok\r\n", "cluster_slots_ok:16384\r\n", "cluster_known_nodes:6\r\n",
                           "cluster_size:3\r\n"}) {
    CHECK(slotway.command({"CLUSTER", "INFO"}).text.find(line) != std::string::npos);
    CHECK(node.command({"CLUSTER", "INFO"}).text.find(line) != std::string::npos);
  }
}

TEST_CASE("in view proxy no reply of CLUSTER names a node") {
  ProxiedCluster proxied;
  kit::TestClient client = proxied.client();
  const std::string own = std::to_string(proxied.port());
  for (const char* sub : {"SLOTS", "SHARDS", "NODES"}) {
    const std::string text = client.text({"CLUSTER", sub});
    INFO(text);
    CHECK(text.find(own) != std::string::npos);
    for (std::size_t i = 0; i < kit::ClusterProcess::kNodes; ++i) {
      CHECK(text.find(std::to_string(proxied.cluster.node(i).port())) == std::string::npos);
      CHECK(text.find(proxied.cluster.id(i)) == std::string::npos);
    }
  }
}

TEST_CASE("keys of a slot are counted and named by the slot's node") {
  ProxiedCluster proxied;
  kit::TestClient client = proxied.client();
  for (const char* tag : {"a", "b", "c"}) {
    const std::string first = std::string("{") + tag + "}1";
    const std::string second = std::string("{") + tag + "}2";
    client.command({"MSET", first, "x", second, "y"});
    const std::string slot = std::to_string(client.command({"CLUSTER", "KEYSLOT", first}).integer);
    CHECK(slot == std::to_string(proxied.cluster.slot_of(first)));
    CHECK(client.text({"CLUSTER", "COUNTKEYSINSLOT", slot}) == ":2");
    CHECK(client.command({"CLUSTER", "GETKEYSINSLOT", slot, "10"}).elements.size() == 2);
    CHECK(client.command({"CLUSTER", "GETKEYSINSLOT", slot, "1"}).elements.size() == 1);
  }
  // What is no slot a node words itself.
  CHECK(client.text({"CLUSTER", "COUNTKEYSINSLOT", "16384"}) == "-ERR Invalid slot");
  CHECK(client.text({"CLUSTER", "COUNTKEYSINSLOT", "x"}) == "-ERR value is not an integer or out of range");
  CHECK(client.text({"CLUSTER", "GETKEYSINSLOT", "0", "-1"}) == "-ERR Invalid slot or number of keys");
}

}  // namespace slotway::integration
