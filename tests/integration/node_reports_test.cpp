// What a client is told of the nodes of a real cluster, as if they were one server.
#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "tests/integration/proxied_cluster.hpp"
#include "tests/kit/redis_process.hpp"

namespace slotway::integration {
namespace {

using kit::ClusterProcess;
using kit::TestClient;

std::string field(const std::string& info, const std::string& name) {
  const std::size_t at = ("\r\n" + info).find("\r\n" + name + ":");
  if (at == std::string::npos) return "(none)";
  const std::size_t begin = at + name.size() + 1;
  return info.substr(begin, info.find("\r\n", begin) - begin);
}

std::string info_of(TestClient& client, const kit::Args& sections = {}) {
  kit::Args command = {"INFO"};
  command.insert(command.end(), sections.begin(), sections.end());
  return client.command(command).text;
}

// Of all primaries: what they say of one field, added up.
long long sum(ProxiedCluster& proxied, const std::string& section, const std::string& name) {
  long long total = 0;
  for (std::size_t i = 0; i < ClusterProcess::kPrimaries; ++i) {
    TestClient node = proxied.cluster.node(i).client();
    total += std::stoll(field(info_of(node, {section}), name));
  }
  return total;
}

std::vector<std::string> names_of(const std::string& info) {
  std::vector<std::string> names;
  for (std::size_t at = 0; at < info.size(); at = info.find('\n', at) + 1) {
    const std::string line = info.substr(at, info.find("\r\n", at) - at);
    if (line.starts_with("# ")) names.push_back(line.substr(2));
  }
  return names;
}

void set_keys(TestClient& client, int count) {
  for (int i = 0; i < count; ++i) REQUIRE(client.text({"SET", "k:" + std::to_string(i), "v"}) == "+OK");
}

}  // namespace

TEST_CASE("INFO has the sections of one server, with the figures of all primaries") {
  ProxiedCluster proxied;
  TestClient client = proxied.client();
  for (std::size_t i = 0; i < ClusterProcess::kPrimaries; ++i)
    proxied.cluster.node(i).client().text({"CONFIG", "RESETSTAT"});
  set_keys(client, 60);
  client.text({"PEXPIRE", "k:1", "10000000"});
  for (int i = 0; i < 30; ++i) client.text({"GET", "k:" + std::to_string(i)});
  for (int i = 0; i < 7; ++i) client.text({"GET", "nosuch:" + std::to_string(i)});
  client.text({"LPUSH", "k:1", "x"});  // WRONGTYPE

  const kit::RedisProcess one;
  TestClient plain = one.client();
  std::vector<std::string> expected = names_of(info_of(plain));
  // It has no key and no error of its own yet.
  expected.push_back("Slotway");
  const std::string info = info_of(client);
  CHECK(names_of(info) == expected);
  expected = names_of(info_of(plain, {"everything"}));
  expected.push_back("Slotway");
  CHECK(names_of(info_of(client, {"everything"})) == expected);
  CHECK(names_of(info_of(client, {"cpu", "KEYSPACE"})) == std::vector<std::string>{"CPU", "Keyspace"});
  CHECK(info_of(client, {"nosuch"}).empty());

  // --- figures ---
  CHECK(field(info, "keyspace_hits") == std::to_string(sum(proxied, "stats", "keyspace_hits")));
  CHECK(field(info, "keyspace_misses") == "7");
  CHECK(field(info, "db0").starts_with("keys=60,expires=1,avg_ttl="));
  CHECK(std::stoll(field(info, "used_memory")) > 3'000'000);
  CHECK(std::stoll(field(info, "total_commands_processed")) >= 90);
  CHECK(field(info, "redis_version") == field(info_of(plain), "redis_version"));
  CHECK(field(info, "redis_mode") == "standalone");
  CHECK(field(info, "role") == "master");
  CHECK(field(info, "connected_slaves") == "3");
  CHECK(field(info, "slave0") == "(none)");
  CHECK(field(info, "loading") == "0");
  CHECK(field(info, "connected_clients") == "1");
  CHECK(field(info, "maxclients") == "10000");
  CHECK(field(info, "tcp_port") == std::to_string(proxied.port()));
  CHECK(field(info, "cluster_enabled") == "1");
  CHECK(field(info, "errorstat_WRONGTYPE") == "count=1");
  CHECK(field(info, "maxmemory") == "0");
  CHECK(field(info, "primaries_silent") == "0");
  const std::string stats = info_of(client, {"commandstats"});
  CHECK(field(stats, "cmdstat_get").starts_with("calls=37,usec="));
  CHECK(field(stats, "cmdstat_set").starts_with("calls=60,usec="));
  CHECK(field(stats, "cmdstat_lpush").ends_with(",rejected_calls=0,failed_calls=1"));
}

TEST_CASE("INFO nodes tells of each node") {
  ProxiedCluster proxied;
  TestClient client = proxied.client();
  set_keys(client, 30);
  const std::string info = info_of(client, {"nodes"});
  REQUIRE(info.starts_with("# Nodes\r\n"));
  long long keys = 0;
  for (std::size_t i = 0; i < ClusterProcess::kNodes; ++i) {
    const std::string address = "addr=127.0.0.1:" + std::to_string(proxied.cluster.node(i).port()) + ",role=";
    const std::size_t at = info.find("id=" + proxied.cluster.id(i) + "," + address);
    REQUIRE(at != std::string::npos);
    const std::string line = info.substr(at, info.find("\r\n", at) - at);
    INFO(line);
    if (i < ClusterProcess::kPrimaries) {
      CHECK(line.find("role=master,healthy=1,slots=546") != std::string::npos);
      CHECK(line.find(",used_memory=") != std::string::npos);
      keys += std::stoll(line.substr(line.find(",keys=") + 6));
    } else {
      CHECK(line.find(",master=" + proxied.cluster.id(i - 3) + ",state=online,") != std::string::npos);
    }
  }
  CHECK(keys == 30);
}

TEST_CASE("the slow log is that of all nodes") {
  ProxiedCluster proxied;
  TestClient client = proxied.client();
  CHECK(client.text({"CONFIG", "SET", "slowlog-log-slower-than", "0"}) == "+OK");
  set_keys(client, 30);
  CHECK(client.text({"CONFIG", "SET", "slowlog-log-slower-than", "-1"}) == "+OK");
  CHECK(client.command({"SLOWLOG", "LEN"}).integer >= 30);
  CHECK(client.command({"SLOWLOG", "GET"}).elements.size() == 10);
  CHECK(client.command({"SLOWLOG", "GET", "2"}).elements.size() == 2);
  const kit::Reply log = client.command({"SLOWLOG", "GET", "-1"});
  CHECK(log.elements.size() >= 30);
  std::set<std::string> nodes;
  std::set<long long> ids;
  long long before = log.elements[0].elements[1].integer;
  for (const kit::Reply& entry : log.elements) {
    REQUIRE(entry.elements.size() == 6);
    CHECK(entry.elements[1].integer <= before);
    before = entry.elements[1].integer;
    CHECK(ids.insert(entry.elements[0].integer).second);
    nodes.insert(entry.elements[5].text);
  }
  std::set<std::string> expected;
  for (std::size_t i = 0; i < ClusterProcess::kPrimaries; ++i)
    expected.insert("127.0.0.1:" + std::to_string(proxied.cluster.node(i).port()));
  CHECK(nodes == expected);
  CHECK(client.text({"SLOWLOG", "RESET"}) == "+OK");
  CHECK(client.text({"SLOWLOG", "LEN"}) == ":0");
  CHECK(client.text({"SLOWLOG", "GET"}) == "[]");
  CHECK(client.text({"SLOWLOG", "GET", "-2"}) == "-ERR count should be greater than or equal to -1");
  CHECK(client.text({"SLOWLOG", "GET", "x"}) == "-ERR count should be greater than or equal to -1");
}

TEST_CASE("latency and memory are those of all nodes") {
  ProxiedCluster proxied;
  TestClient client = proxied.client();
  CHECK(client.text({"LATENCY", "LATEST"}) == "[]");
  CHECK(client.text({"LATENCY", "HISTORY", "command"}) == "[]");
  CHECK(client.text({"LATENCY", "GRAPH", "command"}) == "-ERR No samples available for event 'command'");
  set_keys(client, 30);
  const kit::Reply histogram = client.command({"LATENCY", "HISTOGRAM", "set"});
  REQUIRE(histogram.elements.size() == 2);
  CHECK(histogram.elements[1].elements[1].integer == 30);
  CHECK(histogram.elements[1].elements[3].elements.back().integer == 30);
  CHECK(client.command({"LATENCY", "DOCTOR"}).text.starts_with("# 127.0.0.1:"));
  CHECK(client.command({"MEMORY", "DOCTOR"}).text.find("\n\n# 127.0.0.1:") != std::string::npos);
  CHECK(client.command({"MEMORY", "MALLOC-STATS"}).text.starts_with("# 127.0.0.1:"));
  CHECK(client.command({"MEMORY", "USAGE", "k:1"}).integer > 0);
  CHECK(client.text({"MEMORY", "PURGE"}) == "+OK");
  const kit::Reply stats = client.command({"MEMORY", "STATS"});
  for (std::size_t i = 0; i < stats.elements.size(); i += 2) {
    if (stats.elements[i].text == "keys.count") CHECK(stats.elements[i + 1].integer == 30);
    if (stats.elements[i].text == "total.allocated") CHECK(stats.elements[i + 1].integer > 3'000'000);
  }
  CHECK(client.command({"LASTSAVE"}).integer > 1'700'000'000);
}

TEST_CASE("DEBUG is for those who allow it, in Slotway and in the nodes") {
  kit::ClusterProcess cluster({"--enable-debug-command", "yes"});
  kit::SlotwayProcess off(SLOTWAY_BINARY, cluster.seeds(), {"--workers", "1"});
  CHECK(off.client()
            .text({"DEBUG", "SLEEP", "0"})
            .starts_with("-ERR DEBUG command not allowed. Set debug_command"));
  kit::SlotwayProcess on(SLOTWAY_BINARY, cluster.seeds(), {"--workers", "1", "--debug-command", "allow"});
  TestClient client = on.client();
  CHECK(client.text({"DEBUG", "SLEEP", "0"}) == "+OK");
  CHECK(client.text({"DEBUG", "SET-ACTIVE-EXPIRE", "0"}) == "+OK");
  for (const std::string key : {"a", "b", "c", "d"}) {
    REQUIRE(client.text({"SET", key, "v"}) == "+OK");
    CHECK(client.text({"DEBUG", "OBJECT", key}).starts_with("+Value at:"));
  }
  CHECK(client.text({"DEBUG", "OBJECT", "nosuch"}) == "-ERR no such key");
  CHECK(client.text({"DEBUG", "JMAP"}).starts_with("-ERR"));
  CHECK(client.text({"CONFIG", "SET", "latency-monitor-threshold", "40"}) == "+OK");
  CHECK(client.text({"DEBUG", "SLEEP", "0.05"}) == "+OK");
  CHECK(client.text({"CONFIG", "SET", "latency-monitor-threshold", "0"}) == "+OK");
  // A busy machine may have been slow at something else as well.
  const kit::Reply latest = client.command({"LATENCY", "LATEST"});
  const auto command = std::ranges::find_if(
      latest.elements, [](const kit::Reply& event) { return event.elements[0].text == "command"; });
  REQUIRE(command != latest.elements.end());
  CHECK(command->elements[3].integer >= 50);
  CHECK(client.command({"LATENCY", "HISTORY", "command"}).elements.size() >= 1);
  CHECK(client.command({"LATENCY", "GRAPH", "command"}).text.starts_with("# 127.0.0.1:"));
  CHECK(client.command({"LATENCY", "RESET"}).integer >= 3);
  CHECK(client.text({"LATENCY", "LATEST"}) == "[]");
}

TEST_CASE("settings that keep Slotway connected stay, and everything else reaches all nodes") {
  ProxiedCluster proxied;
  TestClient client = proxied.client();
  CHECK(client.text({"CONFIG", "SET", "maxmemory", "100mb", "requirepass", "secret"}) ==
        "-ERR CONFIG SET failed (possibly related to argument 'requirepass') - Slotway logs "
        "in to the nodes with it; change it on the nodes, then in Slotway's configuration");
  CHECK(client.text({"CONFIG", "SET", "port", "1"})
            .starts_with("-ERR CONFIG SET failed (possibly related to "));
  CHECK(client.text({"CONFIG", "GET", "maxmemory"}) == "[\"maxmemory\", \"0\"]");
  CHECK(client.text({"CONFIG", "SET", "maxmemory", "100mb", "maxclients", "10000"}) == "+OK");
  for (std::size_t i = 0; i < ClusterProcess::kPrimaries; ++i)
    CHECK(proxied.cluster.node(i).client().text({"CONFIG", "GET", "maxmemory"}) ==
          "[\"maxmemory\", \"104857600\"]");
  CHECK(field(info_of(client, {"memory"}), "maxmemory") == "314572800");
  CHECK(client.text({"CONFIG", "SET", "maxmemory", "1", "maxmemory", "2"}) ==
        "-ERR CONFIG SET failed (possibly related to argument 'maxmemory') - duplicate parameter");
  // All that CONFIG GET shows may be set to what it shows, as on one server.
  const kit::Reply settings = client.command({"CONFIG", "GET", "*"});
  for (std::size_t i = 0; i < settings.elements.size(); i += 2) {
    const std::string reply =
        client.text({"CONFIG", "SET", settings.elements[i].text, settings.elements[i + 1].text});
    INFO(settings.elements[i].text << ": " << reply);
    CHECK((reply == "+OK" || reply.find("can't set immutable config") != std::string::npos ||
           reply.find("can't set protected config") != std::string::npos));
  }
  CHECK(client.text({"PING"}) == "+PONG");
  CHECK(client.text({"SET", "a", "b"}) == "+OK");
}

}  // namespace slotway::integration
