#include "routing/info_merger.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/protocol/request_words.hpp"

namespace slotway::routing {
namespace {

using protocol::RequestWords;

InfoSections sections(const std::vector<std::string>& names) {
  std::vector<std::string> words = {"INFO"};
  words.insert(words.end(), names.begin(), names.end());
  return InfoSections(RequestWords(words).view());
}

std::vector<NodeReport> reports(std::size_t answered, std::size_t failed = 0) {
  std::vector<NodeReport> out;
  for (std::size_t i = 0; i < answered + failed; ++i) {
    out.push_back({static_cast<Slot>(i * 100), "10.0.0." + std::to_string(i + 1) + ":7000",
                   i < answered ? "$0\r\n\r\n" : "-ERR no\r\n"});
  }
  return out;
}

std::string merge(const std::vector<std::string>& texts, const ReportWish& wish) {
  return merge_info(reports(texts.size()), texts, wish);
}

}  // namespace

TEST_CASE("sections and fields keep their order, and what only one node has comes behind") {
  const std::vector<std::string> texts = {
      "# Stats\r\nkeyspace_hits:1\r\nexpired_keys:2\r\n\r\n# Commandstats\r\ncmdstat_get:calls=1,usec=5\r\n",
      "# Stats\r\nkeyspace_hits:10\r\nnew_figure:3\r\nexpired_keys:20\r\n\r\n"
      "# Commandstats\r\ncmdstat_set:calls=2,usec=6\r\ncmdstat_get:calls=3,usec=7\r\n\r\n# Other\r\nx:y\r\n"};
  ReportWish wish;
  wish.sections = sections({"stats"});
  CHECK(merge(texts, wish) ==
        "# Stats\r\nkeyspace_hits:11\r\nexpired_keys:22\r\nnew_figure:3\r\n\r\n"
        "# Commandstats\r\ncmdstat_get:calls=4,usec=12\r\ncmdstat_set:calls=2,usec=6\r\n\r\n# "
        "Other\r\nx:y\r\n");
}

TEST_CASE("what the proxy says of itself replaces, adds, or stands behind") {
  const std::vector<std::string> texts = {
      "# Clients\r\nconnected_clients:5\r\nkeyspace_hits:1\r\nrun_id:x\r\n",
      "# Clients\r\nconnected_clients:6\r\nkeyspace_hits:2\r\nrun_id:y\r\n"};
  ReportWish wish;
  wish.sections = sections({"clients"});
  wish.own_info = "# Clients\r\nconnected_clients:100\r\nkeyspace_hits:4\r\nmine:1\r\n";
  // run_id is the proxy's own too, and it says nothing of it
  CHECK(merge(texts, wish) == "# Clients\r\nconnected_clients:100\r\nkeyspace_hits:7\r\nmine:1\r\n");
}

TEST_CASE("figures that follow from others are made of the sums") {
  const std::vector<std::string> texts = {
      "# Memory\r\nused_memory:2000\r\nused_memory_human:1.95K\r\nused_memory_rss:5000\r\n"
      "used_memory_peak:4000\r\nused_memory_peak_perc:50.00%\r\nused_memory_startup:1000\r\n"
      "used_memory_dataset:500\r\nused_memory_dataset_perc:50.00%\r\nmem_fragmentation_ratio:2.50\r\n"
      "rss_overhead_ratio:1.00\r\n",
      "# Memory\r\nused_memory:3000\r\nused_memory_human:2.93K\r\nused_memory_rss:5000\r\n"
      "used_memory_peak:4000\r\nused_memory_peak_perc:75.00%\r\nused_memory_startup:1000\r\n"
      "used_memory_dataset:1000\r\nused_memory_dataset_perc:50.00%\r\nmem_fragmentation_ratio:1.67\r\n"
      "rss_overhead_ratio:1.00\r\n"};
  ReportWish wish;
  wish.sections = sections({"memory"});
  CHECK(merge(texts, wish) ==
        "# Memory\r\nused_memory:5000\r\nused_memory_human:4.88K\r\nused_memory_rss:10000\r\n"
        "used_memory_peak:8000\r\nused_memory_peak_perc:62.50%\r\nused_memory_startup:2000\r\n"
        "used_memory_dataset:1500\r\nused_memory_dataset_perc:50.00%\r\nmem_fragmentation_ratio:2.00\r\n"
        "rss_overhead_ratio:0.00\r\n");
}

TEST_CASE("each module is listed once") {
  const std::vector<std::string> texts = {"# Modules\r\nmodule:name=a,ver=1\r\nmodule:name=b,ver=1\r\n",
                                          "# Modules\r\nmodule:name=a,ver=1\r\nmodule:name=c,ver=2\r\n"};
  ReportWish wish;
  wish.sections = sections({"modules"});
  CHECK(merge(texts, wish) ==
        "# Modules\r\nmodule:name=a,ver=1\r\nmodule:name=b,ver=1\r\nmodule:name=c,ver=2\r\n");
}

TEST_CASE("the section Slotway says how many primaries were asked and how many are silent") {
  ReportWish wish;
  wish.own_info = "# Slotway\r\nworkers:2\r\n";
  const std::vector<std::string> texts = {"# Stats\r\nkeyspace_hits:1\r\n", "# Stats\r\nkeyspace_hits:2\r\n",
                                          ""};
  CHECK(merge_info(reports(2, 1), texts, wish) ==
        "# Stats\r\nkeyspace_hits:3\r\n\r\n# "
        "Slotway\r\nworkers:2\r\nprimaries_asked:3\r\nprimaries_silent:1\r\n");
}

TEST_CASE("INFO nodes has a line for each node, and no section but those that were asked for") {
  auto topology = std::make_shared<Topology>();
  const NodeIndex first = topology->add_node({.id = "a", .endpoint = {"10.0.0.1", 7000}});
  const NodeIndex second = topology->add_node({.id = "b", .endpoint = {"10.0.0.2", 7000}});
  topology->add_node({.id = "c",
                      .endpoint = {"10.0.0.3", 7000},
                      .role = NodeRole::replica,
                      .primary = first,
                      .healthy = false});
  topology->assign(0, 99, first);
  topology->assign(100, 101, second);
  ReportWish wish;
  wish.topology = topology;
  wish.sections = sections({"nodes", "stats"});
  const std::vector<std::string> texts = {
      "# Stats\r\nkeyspace_hits:1\r\n\r\n# Memory\r\nused_memory:7\r\n\r\n# Replication\r\n"
      "slave0:ip=10.0.0.3,port=7000,state=online,offset=14,lag=1\r\n\r\n"
      "# Keyspace\r\ndb0:keys=3,expires=0,avg_ttl=0\r\n",
      ""};
  CHECK(merge_info(reports(1, 1), texts, wish) ==
        "# Stats\r\nkeyspace_hits:1\r\n\r\n# Nodes\r\n"
        "node0:id=a,addr=10.0.0.1:7000,role=master,healthy=1,slots=100,answered=1,used_memory=7,keyspace_"
        "hits=1,"
        "keys=3,expires=0,avg_ttl=0\r\n"
        "node1:id=b,addr=10.0.0.2:7000,role=master,healthy=1,slots=2,answered=0\r\n"
        "node2:id=c,addr=10.0.0.3:7000,role=slave,healthy=0,master=a,state=online,offset=14,lag=1\r\n");
}

TEST_CASE("the sections that are asked for, of the proxy and of the nodes") {
  struct Case {
    std::vector<std::string> asked;
    bool slotway, stats, nodes, asks_nodes;
    std::string node_request;
  };
  const std::vector<Case> cases = {
      {{}, true, true, false, true, "INFO"},
      {{"all"}, true, true, false, true, "INFO all"},
      {{"Default"}, true, true, false, true, "INFO default"},
      {{"EVERYTHING"}, true, true, false, true, "INFO everything"},
      {{"stats", "cpu"}, false, true, false, true, "INFO stats cpu"},
      {{"nosuch", "all"}, true, true, false, true, "INFO nosuch all"},
      {{"nosuch"}, false, false, false, true, "INFO nosuch"},
      {{"slotway"}, true, false, false, false, "INFO"},
      {{"Slotway", "stats"}, true, true, false, true, "INFO stats"},
      {{"nodes"}, false, false, true, true, "INFO default"},
      {{"nodes", "commandstats"}, false, false, true, true, "INFO default commandstats"},
      {{"nodes", "all"}, true, true, true, true, "INFO all"},
      {{"nodes", "slotway"}, true, false, true, true, "INFO default"},
  };
  for (const Case& c : cases) {
    INFO((c.asked.empty() ? "none" : c.asked.front()));
    const InfoSections asked = sections(c.asked);
    CHECK(asked.wants("slotway") == c.slotway);
    CHECK(asked.wants("stats") == c.stats);
    CHECK(asked.wants_nodes() == c.nodes);
    CHECK(asked.asks_nodes() == c.asks_nodes);
    CHECK(asked.node_request() == RequestWords(protocol::split_words(c.node_request)).view().bytes());
  }
  // of what a node has answered for the lines of INFO nodes, only what was asked for is shown
  CHECK(sections({"nodes", "cpu"}).shows("cpu"));
  CHECK_FALSE(sections({"nodes", "cpu"}).shows("stats"));
  CHECK(sections({"cpu"}).shows("stats"));
}

}  // namespace slotway::routing
