#include "proxy/client/info_text.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/protocol/request_words.hpp"

using namespace slotway;
using namespace slotway::proxy;

namespace {

struct Stage {
  config::Config config;
  WorkerCounters first;
  WorkerCounters second;
  ProxyFacts facts{std::string(40, 'a'),
                   std::chrono::steady_clock::now() - std::chrono::hours(50),
                   {{{{"127.0.0.1", 6380}, {}}}},
                   {&first, &second}};

  std::string text(const std::vector<std::string>& sections,
                   const routing::Topology* topology = nullptr) const {
    std::vector<std::string> words = {"INFO"};
    words.insert(words.end(), sections.begin(), sections.end());
    return info_text(facts, 0, config, topology, routing::InfoSections(protocol::RequestWords(words).view()));
  }
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

TEST_CASE("to clients that asked for a primary or a replica Slotway is either") {
  Stage stage;
  CHECK(stage.text({"replication"}).find("role:master\r\n") != std::string::npos);
  stage.config.client.sentinel_view = true;
  CHECK(stage.text({"replication"}).find("role:") == std::string::npos);
}

TEST_CASE("The proxy's sections are those that were asked for") {
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
      {{"memory"}, {}},
      {{"nodes"}, {}},
      {{""}, {}},
  };
  Stage stage;
  for (const Case& c : cases) CHECK(sections_of(stage.text(c.asked)) == c.sections);
  CHECK(stage.text({"replication", "cluster"}) ==
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
  stage.first.tracking_clients.add(2);
  stage.second.tracking_clients.add(3);
  stage.first.tracked_keys.add(7);
  stage.second.tracked_items.add(8);
  stage.second.tracked_prefixes.add(9);
  CHECK(stage.text({"clients", "stats"}) ==
        "# Clients\r\nconnected_clients:7\r\nmaxclients:77\r\nblocked_clients:2\r\ntracking_clients:5\r\n\r\n"
        "# Stats\r\ntotal_connections_received:30\r\ntracking_total_keys:7\r\ntracking_total_items:8\r\n"
        "tracking_total_prefixes:9\r\n");
}

TEST_CASE("The Slotway section tells of the map and of what was done for it") {
  Stage stage;
  stage.first.in_flight.add(2);
  stage.second.in_flight.add(3);
  stage.first.redirects[index_of(protocol::RedirectKind::moved)].add(4);
  stage.second.redirects[index_of(protocol::RedirectKind::ask)].add(5);
  stage.first.fragments.add(6);
  stage.first.retries.add(7);
  stage.second.retried_writes.add(9);
  stage.first.held_requests.set(10);
  stage.second.buffer_bytes.add(8);
  stage.first.requests[0].add(100);
  stage.second.requests[index_of(protocol::Family::server)].add(3);
  stage.first.client_bytes_in.add(1'000);
  stage.second.client_bytes_out.add(2'000);
  stage.first.errors[0][0].add(5);
  stage.second.errors[0][index_of(ErrorClass::redirect)].add(6);
  const std::string head =
      "# Slotway\r\nslotway_version:" SLOTWAY_VERSION "\r\nslotway_uptime_in_seconds:180000\r\nworkers:2\r\n";
  const std::string counted =
      "clients:0\r\nclients_blocked:0\r\nrequests:103\r\nrequests_in_flight:5\r\nrequests_held:10\r\nerror_"
      "replies:11\r\nclient_"
      "bytes_in:1000\r\n"
      "client_bytes_out:2000\r\nredirects_followed:9\r\nfragments_sent:6\r\nreads_retried:7\r\nwrites_"
      "retried:9\r\nbuffer_bytes:"
      "8\r\n";
  CHECK(stage.text({"slotway"}) == head + "slots_covered:0\r\nnodes:0\r\n" + counted);

  routing::Topology topology;
  const routing::NodeIndex node = topology.add_node({.id = "a", .endpoint = {"10.0.0.1", 7001}});
  topology.add_node({.id = "b", .endpoint = {"10.0.0.1", 7002}});
  topology.assign(0, 99, node);
  CHECK(stage.text({"slotway"}, &topology) == head + "slots_covered:100\r\nnodes:2\r\n" + counted);
}

TEST_CASE("The Server section says whom the client talks to") {
  Stage stage;
  const std::string info = stage.text({"server"});
  CHECK(has_line(info, "redis_mode:standalone"));
  CHECK(has_line(info, "process_id:" + std::to_string(::getpid())));
  CHECK(has_line(info, "run_id:" + std::string(40, 'a')));
  CHECK(has_line(info, "tcp_port:6380"));
  stage.config.client.cluster_view = config::ClusterViewMode::nodes;
  CHECK(has_line(stage.text({"server"}), "redis_mode:cluster"));
}
