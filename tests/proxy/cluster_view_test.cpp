#include "proxy/client/cluster_view.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace slotway;
using namespace slotway::proxy;

namespace {

const std::string kIdA(40, 'a');
const std::string kIdB(40, 'b');
const std::string kIdC(40, 'c');

// a: 0-99 and 200; b: 100-199, failing; c: a replica of a; the rest uncovered.
routing::Topology topology() {
  using routing::NodeRole;
  routing::Topology map;
  const auto a = map.add_node({kIdA, {"10.0.0.1", 7001}, NodeRole::primary, routing::kNoNode, true});
  const auto b = map.add_node({kIdB, {"node-b", 7002}, NodeRole::primary, routing::kNoNode, false});
  map.add_node({kIdC, {"::1", 60003}, NodeRole::replica, a, true});
  map.assign(0, 99, a);
  map.assign(100, 199, b);
  map.assign(200, 200, a);
  map.set_epoch(9);
  return map;
}

std::string bulk(const std::string& text) {
  return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}

std::string slots_node(const std::string& host, int port, const std::string& id) {
  return "*4\r\n" + bulk(host) + ":" + std::to_string(port) + "\r\n" + bulk(id) + "*0\r\n";
}

std::string shard_node(const std::string& host, int port, const std::string& id, const std::string& role,
                       const std::string& health, const std::string& name = {}) {
  return (name.empty() ? "*14\r\n" : "*16\r\n") + bulk("id") + bulk(id) + bulk("port") + ":" +
         std::to_string(port) + "\r\n" + bulk("ip") + bulk(host) + bulk("endpoint") + bulk(host) +
         (name.empty() ? "" : bulk("hostname") + bulk(name)) + bulk("role") + bulk(role) +
         bulk("replication-offset") + ":0\r\n" + bulk("health") + bulk(health);
}

std::string slots_of(const ClusterView& view) {
  std::string out;
  write_cluster_slots(view, false, out);
  return out;
}

std::string shards_of(const ClusterView& view) {
  std::string out;
  write_cluster_shards(view, false, out);
  return out;
}

bool has_line(const std::string& text, const std::string& line) {
  return ("\r\n" + text).find("\r\n" + line + "\r\n") != std::string::npos;
}

}  // namespace

TEST_CASE("A node's id depends on its address only, and is 40 hex digits") {
  const std::string id = node_id_of({"127.0.0.1", 6380});
  CHECK(id.size() == 40);
  CHECK(id.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(node_id_of({"127.0.0.1", 6380}) == id);
  CHECK(node_id_of({"127.0.0.1", 6381}) != id);
  CHECK(node_id_of({"127.0.0.2", 6380}) != id);
  // Its three parts are not one.
  CHECK(id.substr(0, 8) != id.substr(16, 8));
  CHECK(id.substr(16, 8) != id.substr(32, 8));
}

TEST_CASE("In view proxy all slots are at one address, which has no replica") {
  const config::HostPort address{"10.1.2.3", 6380};
  const std::string id = node_id_of(address);
  const routing::Topology map = topology();
  for (const routing::Topology* known : {&map, static_cast<const routing::Topology*>(nullptr)}) {
    const ClusterView view = proxy_view(address, known);
    CHECK(slots_of(view) == "*1\r\n*3\r\n:0\r\n:16383\r\n" + slots_node("10.1.2.3", 6380, id));
    CHECK(shards_of(view) == "*1\r\n*4\r\n" + bulk("slots") + "*2\r\n:0\r\n:16383\r\n" + bulk("nodes") +
                                 "*1\r\n" + shard_node("10.1.2.3", 6380, id, "master", "online"));
    CHECK(cluster_nodes_text(view) == id + " 10.1.2.3:6380@0 myself,master - 0 0 " +
                                          std::to_string(known ? 9 : 0) + " connected 0-16383\n");
    CHECK(view.nodes.at(view.myself).id == id);
  }
}

TEST_CASE("A name that is announced stands where Redis has hostnames, and no address beside it") {
  const config::HostPort address{"slotway.example", 6380};
  const std::string id = node_id_of(address);
  const ClusterView view = proxy_view(address, nullptr);
  CHECK(slots_of(view) == "*1\r\n*3\r\n:0\r\n:16383\r\n" + slots_node("slotway.example", 6380, id));
  CHECK(shards_of(view) ==
        "*1\r\n*4\r\n" + bulk("slots") + "*2\r\n:0\r\n:16383\r\n" + bulk("nodes") + "*1\r\n" +
            shard_node("slotway.example", 6380, id, "master", "online", "slotway.example"));
  CHECK(cluster_nodes_text(view) ==
        id + " slotway.example:6380@0,slotway.example myself,master - 0 0 0 connected 0-16383\n");
}

TEST_CASE("In view nodes each range names its primary and the replicas that are well") {
  const routing::Topology map = topology();
  const ClusterView view = nodes_view(&map);
  const std::string a = slots_node("10.0.0.1", 7001, kIdA) + slots_node("::1", 60003, kIdC);
  CHECK(slots_of(view) == "*3\r\n*4\r\n:0\r\n:99\r\n" + a + "*3\r\n:100\r\n:199\r\n" +
                              slots_node("node-b", 7002, kIdB) + "*4\r\n:200\r\n:200\r\n" + a);
  CHECK(shards_of(view) == "*2\r\n*4\r\n" + bulk("slots") + "*4\r\n:0\r\n:99\r\n:200\r\n:200\r\n" +
                               bulk("nodes") + "*2\r\n" +
                               shard_node("10.0.0.1", 7001, kIdA, "master", "online") +
                               shard_node("::1", 60003, kIdC, "replica", "online") + "*4\r\n" +
                               bulk("slots") + "*2\r\n:100\r\n:199\r\n" + bulk("nodes") + "*1\r\n" +
                               shard_node("node-b", 7002, kIdB, "master", "fail", "node-b"));
  CHECK(cluster_nodes_text(view) ==
        kIdA + " 10.0.0.1:7001@17001 myself,master - 0 0 9 connected 0-99 200\n" + kIdB +
            " node-b:7002@17002,node-b master,fail - 0 0 9 disconnected 100-199\n" + kIdC +
            " ::1:60003@0 slave " + kIdA + " 0 0 9 connected\n");
}

TEST_CASE("A replica that has failed is in no range, and a primary without slots in none either") {
  routing::Topology map;
  const auto empty = map.add_node({kIdB, {"10.0.0.2", 1}});
  const auto full = map.add_node({kIdA, {"10.0.0.1", 1}});
  map.add_node({kIdC, {"10.0.0.3", 1}, routing::NodeRole::replica, full, false});
  map.assign(0, routing::kSlotCount - 1, full);
  const ClusterView view = nodes_view(&map);
  CHECK(view.myself == full);
  CHECK(view.nodes.at(empty).slots.empty());
  CHECK(slots_of(view) == "*1\r\n*3\r\n:0\r\n:16383\r\n" + slots_node("10.0.0.1", 1, kIdA));
  CHECK(shards_of(view).starts_with("*2\r\n*4\r\n" + bulk("slots") + "*0\r\n"));
  CHECK(has_line(cluster_info_text(view), "cluster_size:1"));
  CHECK(has_line(cluster_info_text(view), "cluster_known_nodes:3"));
}

TEST_CASE("A node of which only the address is known gets an id made of it") {
  routing::Topology map;
  map.assign(0, 0, map.add_node({{}, {"10.0.0.9", 7009}}));
  CHECK(slots_of(nodes_view(&map)) ==
        "*1\r\n*3\r\n:0\r\n:0\r\n" + slots_node("10.0.0.9", 7009, node_id_of({"10.0.0.9", 7009})));
}

TEST_CASE("CLUSTER INFO is ok when every slot has a node that is well") {
  routing::Topology whole;
  whole.assign(0, routing::kSlotCount - 1, whole.add_node({kIdA, {"10.0.0.1", 1}}));
  whole.set_epoch(5);
  const routing::Topology holes = topology();
  struct Case {
    ClusterView view;
    std::vector<std::string> lines;
  };
  const Case cases[] = {
      {nodes_view(&whole),
       {"cluster_state:ok", "cluster_slots_assigned:16384", "cluster_slots_ok:16384", "cluster_slots_fail:0",
        "cluster_current_epoch:5"}},
      {nodes_view(&holes),
       {"cluster_state:fail", "cluster_slots_assigned:201", "cluster_slots_ok:101", "cluster_slots_fail:100",
        "cluster_known_nodes:3", "cluster_size:2"}},
      {nodes_view(nullptr), {"cluster_state:fail", "cluster_slots_assigned:0", "cluster_known_nodes:0"}},
      {proxy_view({"h", 1}, &whole), {"cluster_state:ok", "cluster_known_nodes:1", "cluster_size:1"}},
      {proxy_view({"h", 1}, &holes), {"cluster_state:fail", "cluster_slots_assigned:201"}},
      {proxy_view({"h", 1}, nullptr), {"cluster_state:fail", "cluster_slots_assigned:0"}},
  };
  for (const Case& c : cases) {
    const std::string text = cluster_info_text(c.view);
    INFO(text);
    for (const std::string& line : c.lines) CHECK(has_line(text, line));
  }
  CHECK(slots_of(nodes_view(nullptr)) == "*0\r\n");
  CHECK(shards_of(nodes_view(nullptr)) == "*0\r\n");
  CHECK(cluster_nodes_text(nodes_view(nullptr)).empty());
}
