#include "proxy/client/info_text.hpp"

#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace slotway;
using namespace slotway::proxy;

namespace {

struct Stage {
  config::Config config;
  WorkerCounters first;
  WorkerCounters second;
  ProxyFacts facts{config,
                   std::string(40, 'a'),
                   std::chrono::steady_clock::now() - std::chrono::hours(50),
                   6380,
                   {&first, &second}};
};

bool has_line(const std::string& text, const std::string& line) {
  return ("\r\n" + text).find("\r\n" + line + "\r\n") != std::string::npos;
}

std::vector<std::string> sections_of(const std::string& text) {
  std::vector<std::string> names;
  for (std::size_t at = text.find("# "); at != std::string::npos; at = text.find("# ", at + 1)) {
    names.push_back(text.substr(at + 2, text.find("\r\n", at) - at - 2));
  }
  return names;
}

}  // namespace

TEST_CASE("INFO's sections are those that were asked for, in Redis's order") {
  const std::vector<std::string> all = {"Server", "Clients", "Stats", "Replication", "Cluster", "Slotway"};
  struct Case {
    std::vector<std::string> asked;
    std::vector<std::string> sections;
  };
  const Case cases[] = {
      {{}, all},
      {{"all"}, all},
      {{"default"}, all},
      {{"everything"}, all},
      {{"nosuch", "all"}, all},
      {{"server"}, {"Server"}},
      {{"slotway", "clients"}, {"Clients", "Slotway"}},
      {{"stats", "stats"}, {"Stats"}},
      {{"replication"}, {"Replication"}},
      {{"cluster"}, {"Cluster"}},
      {{"nosuch"}, {}},
      {{""}, {}},
  };
  Stage stage;
  for (const Case& c : cases) CHECK(sections_of(info_text(stage.facts, nullptr, c.asked)) == c.sections);
  CHECK(info_text(stage.facts, nullptr, {"nosuch"}).empty());
}

TEST_CASE("Sections are separated by an empty line, fields are lines") {
  Stage stage;
  CHECK(info_text(stage.facts, nullptr, {"replication", "cluster"}) ==
        "# Replication\r\nrole:master\r\n\r\n# Cluster\r\ncluster_enabled:1\r\n");
}

TEST_CASE("The counters of all workers are added") {
  Stage stage;
  stage.config.limits.max_clients = 77;
  stage.first.clients.add(3);
  stage.second.clients_postponed.add(2);
  stage.second.clients.add(4);
  stage.first.clients_accepted.add(10);
  stage.second.clients_accepted.add(20);
  stage.first.requests[0].add(100);
  stage.first.requests[1].add(20);
  stage.second.requests[index_of(protocol::Family::server)].add(3);
  stage.first.client_bytes_in.add(1'000);
  stage.second.client_bytes_out.add(2'000);
  stage.first.errors[0][0].add(5);
  stage.second.errors[0][index_of(ErrorClass::redirect)].add(6);
  const std::string info = info_text(stage.facts, nullptr, {"clients", "stats"});
  CHECK(info ==
        "# Clients\r\nconnected_clients:7\r\nmaxclients:77\r\nblocked_clients:2\r\n\r\n"
        "# "
        "Stats\r\ntotal_connections_received:30\r\ntotal_commands_processed:123\r\ntotal_net_input_bytes:"
        "1000\r\n"
        "total_net_output_bytes:2000\r\ntotal_error_replies:11\r\n");
}

TEST_CASE("The Slotway section tells of the map and of what was done for it") {
  Stage stage;
  stage.first.in_flight.add(2);
  stage.second.in_flight.add(3);
  stage.first.redirects[index_of(protocol::RedirectKind::moved)].add(4);
  stage.second.redirects[index_of(protocol::RedirectKind::ask)].add(5);
  stage.first.fragments.add(6);
  stage.first.retries.add(7);
  stage.second.buffer_bytes.add(8);
  const std::string counted =
      "requests_in_flight:5\r\nredirects_followed:9\r\nfragments_sent:6\r\nreads_retried:7\r\nbuffer_bytes:"
      "8\r\n";
  CHECK(info_text(stage.facts, nullptr, {"slotway"}) == "# Slotway\r\nslotway_version:" SLOTWAY_VERSION
                                                        "\r\nworkers:2\r\nslots_covered:0\r\nnodes:0\r\n" +
                                                            counted);

  routing::Topology topology;
  const routing::NodeIndex node = topology.add_node({.id = "a", .endpoint = {"10.0.0.1", 7001}});
  topology.add_node({.id = "b", .endpoint = {"10.0.0.1", 7002}});
  topology.assign(0, 99, node);
  CHECK(info_text(stage.facts, &topology, {"slotway"}) ==
        "# Slotway\r\nslotway_version:" SLOTWAY_VERSION "\r\nworkers:2\r\nslots_covered:100\r\nnodes:2\r\n" +
            counted);
}

TEST_CASE("The Server section has the nodes' version and the proxy's own facts") {
  Stage stage;
  std::string info = info_text(stage.facts, nullptr, {"server"});
  CHECK(has_line(info, "redis_version:0.0.0"));
  CHECK(has_line(info, "redis_mode:standalone"));
  CHECK(has_line(info, "process_id:" + std::to_string(::getpid())));
  CHECK(has_line(info, "run_id:" + std::string(40, 'a')));
  CHECK(has_line(info, "tcp_port:6380"));
  CHECK(has_line(info, "uptime_in_days:2"));
  CHECK(info.find("\r\nuptime_in_seconds:180") != std::string::npos);  // 50 hours are 180,000 seconds

  routing::Topology topology;
  CHECK(has_line(info_text(stage.facts, &topology, {"server"}), "redis_version:0.0.0"));
  topology.set_server_version("7.0.15");
  CHECK(has_line(info_text(stage.facts, &topology, {"server"}), "redis_version:7.0.15"));
}
