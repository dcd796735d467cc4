#include "routing/topology_parser.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace slotway::routing;
using slotway::protocol::ReplyReader;
using slotway::protocol::ReplyTree;
using slotway::protocol::ReplyType;

namespace {

const Endpoint kAsked{"10.9.9.9", 6379};

// --- replies, written as trees ---
ReplyTree nil() { return {}; }
ReplyTree text(std::string value) { return {.type = ReplyType::string, .text = std::move(value)}; }
ReplyTree number(std::int64_t value) { return {.type = ReplyType::integer, .integer = value}; }
ReplyTree list(std::vector<ReplyTree> elements) {
  return {.type = ReplyType::array, .elements = std::move(elements)};
}

struct ShardNode {
  std::string id;
  std::string endpoint;
  std::int64_t port;
  std::string role = "master";
  std::string health = "online";
  std::int64_t offset = 100;
};

ReplyTree shard_node(const ShardNode& n) {
  return list({text("id"), text(n.id), text("port"), number(n.port), text("ip"), text("10.1.1.1"),
               text("endpoint"), text(n.endpoint), text("role"), text(n.role), text("replication-offset"),
               number(n.offset), text("health"), text(n.health)});
}

ReplyTree shard(std::initializer_list<std::int64_t> bounds, std::initializer_list<ShardNode> nodes) {
  std::vector<ReplyTree> slots, members;
  for (const std::int64_t bound : bounds) slots.push_back(number(bound));
  for (const ShardNode& n : nodes) members.push_back(shard_node(n));
  return list({text("slots"), list(slots), text("nodes"), list(members)});
}

ReplyTree slots_node(ReplyTree host, std::int64_t port, std::string id) {
  return list({std::move(host), number(port), text(std::move(id)), list({})});
}

ReplyTree slots_entry(std::int64_t first, std::int64_t last, std::vector<ReplyTree> nodes) {
  nodes.insert(nodes.begin(), {number(first), number(last)});
  return list(std::move(nodes));
}

ReplyTree good_shards() {
  return list({shard({0, 8191}, {{"a", "10.0.0.1", 7001}, {"c", "10.0.0.3", 7003, "replica"}}),
               shard({8192, 10000, 10001, 16383}, {{"b", "10.0.0.2", 7002}})});
}

ReplyTree good_slots() {
  return list(
      {slots_entry(0, 8191,
                   {slots_node(text("10.0.0.1"), 7001, "a"), slots_node(text("10.0.0.3"), 7003, "c")}),
       slots_entry(8192, 10000, {slots_node(text("10.0.0.2"), 7002, "b")}),
       slots_entry(10001, 16383, {slots_node(text("10.0.0.2"), 7002, "b")})});
}

ReplyTree parse(std::string_view bytes) {
  ReplyReader reader;
  reader.feed(bytes);
  auto reply = reader.next();
  REQUIRE(reply.has_value());
  return std::move(*reply);
}

// "host:port" of the node that serves `slot`; "-" if none does.
std::string server_of(const Topology& t, Slot slot) {
  const NodeIndex i = t.primary_of(slot);
  return i == kNoNode ? "-" : t.node(i).endpoint.host + ":" + std::to_string(t.node(i).endpoint.port);
}

std::shared_ptr<Topology> shards(const ReplyTree& reply) {
  ParsedTopology parsed = parse_cluster_shards(reply, kAsked);
  INFO(parsed.error);
  REQUIRE(parsed.topology != nullptr);
  return parsed.topology;
}

std::shared_ptr<Topology> slots(const ReplyTree& reply) {
  ParsedTopology parsed = parse_cluster_slots(reply, kAsked);
  INFO(parsed.error);
  REQUIRE(parsed.topology != nullptr);
  return parsed.topology;
}

// What every result must keep, whatever came in.
void check_invariants(const ParsedTopology& parsed) {
  if (parsed.topology == nullptr) {
    REQUIRE_FALSE(parsed.error.empty());
    return;
  }
  const Topology& t = *parsed.topology;
  REQUIRE(parsed.error.empty());
  REQUIRE_FALSE(t.nodes().empty());
  for (const Node& n : t.nodes()) {
    REQUIRE_FALSE(n.endpoint.host.empty());
    REQUIRE(n.endpoint.port != 0);
    REQUIRE((n.primary == kNoNode || n.primary < t.nodes().size()));
    REQUIRE((n.role == NodeRole::replica || n.primary == kNoNode));
  }
  for (std::uint32_t slot = 0; slot < kSlotCount; ++slot) {
    const NodeIndex i = t.primary_of(static_cast<Slot>(slot));
    const bool is_fine = i == kNoNode || (i < t.nodes().size() && t.node(i).role == NodeRole::primary);
    if (!is_fine) FAIL("slot " << slot << " is served by " << i);
  }
}

// Calls `visit` with each copy of `reply` in which one element, at any depth, is replaced by `junk`.
template <typename Visit>
void with_each_element_replaced(ReplyTree& root, ReplyTree& node, const ReplyTree& junk, const Visit& visit) {
  for (ReplyTree& element : node.elements) {
    with_each_element_replaced(root, element, junk, visit);
    ReplyTree kept = element;
    element = junk;
    visit(root);
    element = std::move(kept);
  }
}

}  // namespace

TEST_CASE("CLUSTER SHARDS and CLUSTER SLOTS of one cluster give the same map") {
  const auto a = shards(good_shards());
  const auto b = slots(good_slots());
  CHECK(a->same_as(*b));
  CHECK(a->covered_slots() == kSlotCount);
  REQUIRE(a->nodes().size() == 3);
  const NodeIndex replica = a->find("10.0.0.3", 7003);
  REQUIRE(replica != kNoNode);
  CHECK(a->node(replica).role == NodeRole::replica);
  CHECK(a->node(replica).id == "c");
  CHECK(a->node(replica).primary == a->find("10.0.0.1", 7001));
  CHECK(server_of(*a, 8191) == "10.0.0.1:7001");
  CHECK(server_of(*a, 8192) == "10.0.0.2:7002");
}

TEST_CASE("Nodes are in the order of their ids, however they are listed") {
  ReplyTree reply = good_shards();
  std::swap(reply.elements[0], reply.elements[1]);
  const auto t = shards(reply);
  REQUIRE(t->nodes().size() == 3);
  CHECK(t->node(0).id == "a");
  CHECK(t->node(1).id == "b");
  CHECK(t->node(2).id == "c");
  CHECK(t->node(2).primary == 0);
  CHECK(t->primary_of(0) == 0);
  CHECK(t->primary_of(16383) == 1);
}

TEST_CASE("CLUSTER SLOTS as Redis 7.0 sends it: NULL hosts, host names, metadata in fourth place") {
  const auto t = slots(
      parse("*3\r\n"
            "*4\r\n:0\r\n:5460\r\n*4\r\n$-1\r\n:7001\r\n$1\r\na\r\n*2\r\n$2\r\nip\r\n$9\r\n127.0.0.1\r\n"
            "*4\r\n$-1\r\n:7004\r\n$1\r\nd\r\n*2\r\n$2\r\nip\r\n$9\r\n127.0.0.1\r\n"
            "*3\r\n:5461\r\n:10922\r\n*4\r\n$11\r\nredis-1.svc\r\n:7002\r\n$1\r\nb\r\n*2\r\n$2\r\nip\r\n"
            "$9\r\n127.0.0.1\r\n"
            "*3\r\n:10923\r\n:16383\r\n*4\r\n$9\r\n127.0.0.1\r\n:7003\r\n$1\r\nc\r\n*0\r\n"));
  CHECK(server_of(*t, 0) == "10.9.9.9:7001");
  CHECK(server_of(*t, 5461) == "redis-1.svc:7002");
  CHECK(server_of(*t, 16383) == "127.0.0.1:7003");
  CHECK(t->find("10.9.9.9", 7004) != kNoNode);
  CHECK(t->covered_slots() == kSlotCount);
}

TEST_CASE("CLUSTER SHARDS as Redis 7.0 sends it: TLS port, host name, an empty endpoint") {
  const auto t = shards(parse(
      "*1\r\n*4\r\n$5\r\nslots\r\n*2\r\n:0\r\n:16383\r\n$5\r\nnodes\r\n*2\r\n"
      "*18\r\n$2\r\nid\r\n$1\r\na\r\n$4\r\nport\r\n:6379\r\n$8\r\ntls-port\r\n:6390\r\n$2\r\nip\r\n$8\r\n"
      "10.0.0.1\r\n$8\r\nendpoint\r\n$11\r\nredis-0.svc\r\n$8\r\nhostname\r\n$11\r\nredis-0.svc\r\n$"
      "4\r\nrole\r\n"
      "$6\r\nmaster\r\n$18\r\nreplication-offset\r\n:602\r\n$6\r\nhealth\r\n$6\r\nonline\r\n"
      "*14\r\n$2\r\nid\r\n$1\r\nb\r\n$4\r\nport\r\n:6380\r\n$2\r\nip\r\n$8\r\n10.0.0.2\r\n$8\r\nendpoint\r\n"
      "$0\r\n\r\n$4\r\nrole\r\n$7\r\nreplica\r\n$18\r\nreplication-offset\r\n:0\r\n$6\r\nhealth\r\n"
      "$7\r\nloading\r\n"));
  CHECK(server_of(*t, 0) == "redis-0.svc:6379");
  const NodeIndex replica = t->find("10.9.9.9", 6380);
  REQUIRE(replica != kNoNode);
  CHECK_FALSE(t->node(replica).healthy);
  CHECK(t->node(t->primary_of(0)).healthy);
}

TEST_CASE("A node whose address is unknown is left out, its slots stay uncovered") {
  SECTION("SHARDS: ?") {
    const auto t = shards(list({shard({0, 99}, {{"a", "?", 7001}, {"c", "10.0.0.3", 7003, "replica"}}),
                                shard({100, 16383}, {{"b", "10.0.0.2", 7002}})}));
    CHECK(server_of(*t, 99) == "-");
    CHECK(t->covered_slots() == kSlotCount - 100);
    CHECK(t->nodes().size() == 2);
  }
  SECTION("SLOTS: ?") {
    const auto t = slots(list({slots_entry(0, 99, {slots_node(text("?"), 7001, "a")}),
                               slots_entry(100, 16383, {slots_node(text("10.0.0.2"), 7002, "b")})}));
    CHECK(server_of(*t, 99) == "-");
    CHECK(t->nodes().size() == 1);
  }
  SECTION("SHARDS: no plain port") {
    ReplyTree reply = good_shards();
    ReplyTree& node = reply.elements[1].elements[3].elements[0];
    node.elements[2] = text("tls-port");
    const auto t = shards(reply);
    CHECK(server_of(*t, 16383) == "-");
    CHECK(t->covered_slots() == 8192);
  }
  SECTION("port 0: the address was lost") {
    const auto t = shards(
        list({shard({}, {{"x", "", 0, "master", "fail"}}), shard({0, 16383}, {{"b", "10.0.0.2", 7002}})}));
    CHECK(t->nodes().size() == 1);
  }
}

TEST_CASE("Masters without slots are nodes") {
  const auto t =
      shards(list({shard({}, {{"n", "10.0.0.9", 7009}}), shard({0, 16383}, {{"a", "10.0.0.1", 7001}})}));
  REQUIRE(t->find("10.0.0.9", 7009) != kNoNode);
  CHECK(t->node(t->find("10.0.0.9", 7009)).role == NodeRole::primary);
  CHECK(t->covered_slots() == kSlotCount);
}

TEST_CASE("During a failover the master that is online serves, and never a replica") {
  struct Row {
    std::string name;
    ReplyTree reply;
    std::string server;
  };
  const ShardNode failed{"a", "10.0.0.1", 7001, "master", "fail", 900};
  const ShardNode promoted{"b", "10.0.0.2", 7002, "master", "online", 800};
  const ShardNode replica{"c", "10.0.0.3", 7003, "replica", "online", 950};
  const Row rows[] = {
      {"failed listed first", list({shard({0, 16383}, {failed, promoted, replica})}), "10.0.0.2:7002"},
      {"failed listed last", list({shard({0, 16383}, {replica, promoted, failed})}), "10.0.0.2:7002"},
      {"only the failed one", list({shard({0, 16383}, {failed, replica})}), "10.0.0.1:7001"},
      {"two online: more data",
       list({shard({0, 16383}, {promoted, {"d", "10.0.0.4", 7004, "master", "online", 801}})}),
       "10.0.0.4:7004"},
      {"two shards claim, failed first", list({shard({0, 16383}, {failed}), shard({0, 16383}, {promoted})}),
       "10.0.0.2:7002"},
      {"two shards claim, failed last", list({shard({0, 16383}, {promoted}), shard({0, 16383}, {failed})}),
       "10.0.0.2:7002"},
      {"two shards claim, both online: the first",
       list({shard({0, 16383}, {promoted}), shard({0, 16383}, {{"d", "10.0.0.4", 7004}})}), "10.0.0.2:7002"},
      {"no master at all", list({shard({0, 16383}, {replica})}), "-"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const auto t = shards(row.reply);
    CHECK(server_of(*t, 0) == row.server);
    CHECK(server_of(*t, 16383) == row.server);
  }
}

TEST_CASE("The replicas of a shard follow the master that was chosen") {
  const auto t = shards(list({shard({0, 16383}, {{"a", "10.0.0.1", 7001, "master", "fail"},
                                                 {"c", "10.0.0.3", 7003, "replica"},
                                                 {"b", "10.0.0.2", 7002}})}));
  CHECK(t->node(t->find("10.0.0.3", 7003)).primary == t->find("10.0.0.2", 7002));
}

TEST_CASE("A node that CLUSTER SLOTS lists as a replica first and as a master later is a master") {
  const auto t = slots(list(
      {slots_entry(0, 99, {slots_node(text("10.0.0.1"), 7001, "a"), slots_node(text("10.0.0.2"), 7002, "b")}),
       slots_entry(100, 199, {slots_node(text("10.0.0.2"), 7002, "b")})}));
  CHECK(t->nodes().size() == 2);
  CHECK(t->node(t->primary_of(100)).role == NodeRole::primary);
  CHECK(t->node(t->primary_of(100)).primary == kNoNode);
}

TEST_CASE("CLUSTER SLOTS of Redis 3, without ids") {
  const auto node = [](std::int64_t port) { return list({text("10.0.0.1"), number(port)}); };
  const auto t =
      slots(list({slots_entry(0, 99, {node(7001), node(7002)}), slots_entry(200, 299, {node(7001)})}));
  CHECK(t->nodes().size() == 2);
  CHECK(t->covered_slots() == 200);
}

TEST_CASE("Half-formed replies are errors that say what is wrong") {
  struct Row {
    ReplyTree reply;
    std::string error;
  };
  const auto range = [](ReplyTree first, ReplyTree last) {
    return list({list({std::move(first), std::move(last), slots_node(text("h"), 1, "a")})});
  };
  const std::string bad_range = "a slot range is not two ascending numbers below 16384";
  const Row slots_rows[] = {
      {nil(), "the reply is not an array"},
      {text("x"), "the reply is not an array"},
      {{.type = ReplyType::error, .text = "ERR no"}, "ERR no"},
      {list({}), "no node is listed"},
      {list({number(1)}), "an entry is not a range and a node"},
      {list({list({number(0), number(1)})}), "an entry is not a range and a node"},
      {range(number(-1), number(5)), bad_range},
      {range(number(5), number(4)), bad_range},
      {range(number(0), number(16384)), bad_range},
      {range(text("0"), number(5)), bad_range},
      {range(number(0), nil()), bad_range},
      {list({slots_entry(0, 1, {list({text("h")})})}), "a node is not a host and a port"},
      {list({slots_entry(0, 1, {slots_node(number(1), 1, "a")})}), "a node's host is not a string"},
      {list({slots_entry(0, 1, {slots_node(text("a b"), 1, "a")})}),
       "a node's host is not a name or an address"},
      {list({slots_entry(0, 1, {slots_node(text("a\n"), 1, "a")})}),
       "a node's host is not a name or an address"},
      {list({slots_entry(0, 1, {slots_node(text(std::string(256, 'x')), 1, "a")})}),
       "a node's host is not a name or an address"},
      {list({slots_entry(0, 1, {slots_node(text("h"), -1, "a")})}), "a node's port is not a port number"},
      {list({slots_entry(0, 1, {slots_node(text("h"), 65536, "a")})}), "a node's port is not a port number"},
      {list({slots_entry(0, 1, {slots_node(text("h"), 1, "")})}), "a node's id is not a word"},
      {list({slots_entry(0, 1, {slots_node(text("?"), 1, "a")})}),
       "no listed node has a known address and a plain port (1 left out)"},
      {list(std::vector<ReplyTree>(5, slots_entry(0, 16383, {slots_node(text("h"), 1, "a")}))),
       "slots are claimed many times over"},
  };
  for (const Row& row : slots_rows) {
    const ParsedTopology parsed = parse_cluster_slots(row.reply, kAsked);
    CHECK(parsed.topology == nullptr);
    CHECK(parsed.error == row.error);
  }
  ReplyTree odd = good_shards();
  odd.elements[0].elements[1].elements.pop_back();
  const Row shards_rows[] = {
      {list({list({})}), "a shard lacks its slots or its nodes"},
      {list({list({text("slots"), list({}), text("nodes"), nil()})}), "a shard lacks its slots or its nodes"},
      {list({list({text("slots"), list({}), text("nodes"), list({list({})})})}),
       "a node lacks its id or its role"},
      {list({shard({0, 1}, {{"a", "h", 1, "sentinel"}})}), "a node's role is neither master nor replica"},
      {odd, "a shard's slots are not pairs"},
  };
  for (const Row& row : shards_rows) {
    const ParsedTopology parsed = parse_cluster_shards(row.reply, kAsked);
    CHECK(parsed.topology == nullptr);
    CHECK(parsed.error == row.error);
  }
}

TEST_CASE("More nodes than any cluster has are an error") {
  std::vector<ReplyTree> nodes;
  for (std::size_t i = 0; i <= kMaxNodes; ++i)
    nodes.push_back(slots_node(text("h"), 1, "n" + std::to_string(i)));
  CHECK(parse_cluster_slots(list({slots_entry(0, 1, nodes)}), kAsked).error == "more than 8192 nodes");
  nodes.pop_back();
  CHECK(slots(list({slots_entry(0, 1, nodes)}))->nodes().size() == kMaxNodes);
}

TEST_CASE("Whatever stands in the place of any element, the result keeps its invariants") {
  const ReplyTree junk[] = {nil(),
                            text(""),
                            text("?"),
                            text(std::string(1, '\0')),
                            number(-1),
                            number(42),
                            number(INT64_MAX),
                            number(INT64_MIN),
                            list({}),
                            list({nil()}),
                            list({text("id"), text("a")}),
                            {.type = ReplyType::error, .text = "E"}};
  int seen = 0;
  for (const ReplyTree& replacement : junk) {
    ReplyTree a = good_shards();
    with_each_element_replaced(a, a, replacement, [&seen](const ReplyTree& reply) {
      check_invariants(parse_cluster_shards(reply, kAsked));
      check_invariants(parse_cluster_slots(reply, kAsked));
      ++seen;
    });
    ReplyTree b = good_slots();
    with_each_element_replaced(b, b, replacement, [&seen](const ReplyTree& reply) {
      check_invariants(parse_cluster_slots(reply, kAsked));
      check_invariants(parse_cluster_shards(reply, kAsked));
      ++seen;
    });
  }
  CHECK(seen > 1000);
}

TEST_CASE("CLUSTER INFO gives state and epoch") {
  struct Row {
    std::string text;
    bool state_ok;
    std::uint64_t epoch;
  };
  const Row rows[] = {
      {"cluster_state:ok\r\ncluster_slots_assigned:16384\r\ncluster_current_epoch:6\r\ncluster_my_epoch:"
       "1\r\n",
       true, 6},
      {"cluster_state:fail\r\ncluster_current_epoch:18446744073709551615\r\n", false, UINT64_MAX},
      {"", true, 0},
      {"\n\n\r\n:\r\n", true, 0},
      {"cluster_state:", false, 0},
      {"cluster_state", true, 0},
      {"cluster_current_epoch:6x\r\n", true, 0},
      {"cluster_current_epoch:-6\r\n", true, 0},
      {"cluster_current_epoch:99999999999999999999\r\n", true, 0},
      {"xcluster_state:fail\r\ncluster_current_epoch:7", true, 7},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const ClusterInfo info = parse_cluster_info(row.text);
    CHECK(info.state_ok == row.state_ok);
    CHECK(info.current_epoch == row.epoch);
  }
}

TEST_CASE("INFO gives the server's version") {
  CHECK(parse_server_version("# Server\r\nredis_version:7.0.15\r\nredis_mode:cluster\r\n") == "7.0.15");
  CHECK(parse_server_version("# Server\r\n") == "");
  CHECK(parse_server_version("redis_version:7 0\r\n") == "");
  CHECK(parse_server_version("redis_version:" + std::string(65, '7') + "\r\n") == "");
}
