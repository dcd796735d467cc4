// The admin port's decisions and texts, without sockets.
#include "proxy/observe/admin_pages.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>
#include <catch2/catch.hpp>

namespace slotway::proxy {
namespace {

std::string text_of(const boost::json::value& value) { return boost::json::value_to<std::string>(value); }

namespace json = boost::json;
using namespace std::chrono_literals;
using routing::Node;
using routing::NodeIndex;
using routing::NodeRole;
using routing::Slot;
using routing::Topology;

struct Range {
  Slot first, last;
  NodeIndex node;
};

std::shared_ptr<const Topology> topology_of(const std::vector<Range>& ranges) {
  auto topology = std::make_shared<Topology>();
  topology->add_node({.id = "id-a", .endpoint = {"10.0.0.1", 6379}});
  topology->add_node({.id = "id-b", .endpoint = {"fd00::2", 6379}});
  topology->add_node({.id = "id-c",
                      .endpoint = {"node-c", 7000},
                      .role = NodeRole::replica,
                      .primary = 0,
                      .healthy = false});
  for (const Range& range : ranges) topology->assign(range.first, range.last, range.node);
  topology->set_epoch(12);
  topology->set_server_version("7.0.15");
  return topology;
}

const std::vector<Range> kWhole{{0, 8191, 0}, {8192, 16383, 1}};

TEST_CASE("a target names a page, whatever its query and form") {
  struct Row {
    std::string_view target;
    std::optional<AdminPage> page;
  };
  const Row rows[] = {
      {"/", AdminPage::index},
      {"/metrics", AdminPage::metrics},
      {"/healthz", AdminPage::healthz},
      {"/readyz", AdminPage::readyz},
      {"/topology", AdminPage::topology},
      {"/drain", AdminPage::drain},
      {"/metrics?name[]=x", AdminPage::metrics},
      {"/?", AdminPage::index},
      {"http://host:9380/readyz?verbose", AdminPage::readyz},
      {"http://host:9380", AdminPage::index},
      {"http://", AdminPage::index},
      {"", std::nullopt},
      {"*", std::nullopt},
      {"metrics", std::nullopt},
      {"/metrics/", std::nullopt},
      {"/Metrics", std::nullopt},
      {"//metrics", std::nullopt},
      {"/../metrics", std::nullopt},
      {"https://host/metrics", std::nullopt},
  };
  for (const Row& row : rows) {
    INFO(row.target);
    CHECK(find_page(row.target) == row.page);
  }
}

TEST_CASE("pages are read, but for the one that acts, which a web page may not ask for") {
  struct Row {
    AdminPage page;
    std::string_view method;
    bool has_origin;
    unsigned status;  // 0 = it is taken
    std::string_view allow;
  };
  const Row rows[] = {
      {AdminPage::index, "GET", false, 0, ""},
      {AdminPage::metrics, "HEAD", true, 0, ""},
      {AdminPage::topology, "POST", false, 405, "GET, HEAD"},
      {AdminPage::readyz, "DELETE", false, 405, "GET, HEAD"},
      {AdminPage::drain, "POST", false, 0, ""},
      {AdminPage::drain, "POST", true, 403, ""},
      {AdminPage::drain, "GET", false, 405, "POST"},
      {AdminPage::drain, "HEAD", false, 405, "POST"},
      {AdminPage::drain, "PUT", true, 405, "POST"},
  };
  for (const Row& row : rows) {
    INFO(row.method << " " << static_cast<int>(row.page) << " " << row.has_origin);
    const auto refusal = refuse_request(row.page, row.method, row.has_origin);
    CHECK(refusal.has_value() == (row.status != 0));
    if (!refusal) continue;
    CHECK(refusal->status == row.status);
    CHECK(refusal->allow == row.allow);
  }
}

TEST_CASE("readiness names each fact that is missing") {
  struct Row {
    bool listening, draining;
    std::shared_ptr<const Topology> topology;
    std::vector<std::string> reasons;
  };
  const std::string not_listening = "the client port is not listening";
  const std::string draining = "draining";
  const std::string unknown = "no topology was learned yet: the first answer is awaited";
  const Row rows[] = {
      {true, false, topology_of(kWhole), {}},
      {false, false, topology_of(kWhole), {not_listening}},
      {true, true, topology_of(kWhole), {draining}},
      {true, false, nullptr, {unknown}},
      {true, false, topology_of({}), {"only 0 of 16384 slots have a node"}},
      {true, false, topology_of({{0, 16382, 0}}), {"only 16383 of 16384 slots have a node"}},
      {false, true, nullptr, {not_listening, draining, unknown}},
  };
  for (const Row& row : rows) {
    const ControlFacts facts{.listening = row.listening,
                             .draining = row.draining,
                             .upstreams = {{.name = "default", .topology = row.topology}}};
    CHECK(not_ready_reasons(facts) == row.reasons);
    const AdminReply reply = readyz_page(facts);
    CHECK(reply.status == (row.reasons.empty() ? 200u : 503u));
    const auto body = json::parse(reply.body);
    CHECK(body.at("ready").as_bool() == row.reasons.empty());
    CHECK(body.at("reasons").as_array().size() == row.reasons.size());
  }
}

TEST_CASE("without a topology the pages repeat what the nodes said") {
  ControlFacts facts{
      .listening = true,
      .upstreams = {{.name = "default", .refresh_error = "a:1: wrong username or password; b:2: \xff"}}};
  const std::string reason =
      "no topology was learned yet: a:1: wrong username or password; b:2: \xef\xbf\xbd";
  CHECK(not_ready_reasons(facts) == std::vector<std::string>{reason});
  CHECK(text_of(json::parse(readyz_page(facts).body).at("reasons").at(0)) == reason);
  CHECK(text_of(json::parse(topology_page(facts).body).at("upstreams").at(0).at("error")) == reason);
  // With one, a refresh that fails is no reason to send clients away: the last good map serves them.
  facts.upstreams[0].topology = topology_of(kWhole);
  CHECK(not_ready_reasons(facts).empty());
}

TEST_CASE("/readyz says what it was decided from") {
  const ControlFacts facts{
      .listening = true,
      .draining = true,
      .upstreams = {
          {.name = "default", .topology = topology_of({{0, 0, 0}, {5, 6, 1}}), .topology_age = 1500ms}}};
  CHECK(json::parse(readyz_page(facts).body) == json::parse(R"({"ready": false,
                        "reasons": ["draining", "only 3 of 16384 slots have a node"], "warnings": [],
                        "listening": true, "draining": true, "upstreams": [{"name": "default",
                        "slots_covered": 3, "slots_total": 16384, "topology_age_ms": 1500}]})"));
  const ControlFacts none{.upstreams = {{.name = "default"}}};
  CHECK(json::parse(readyz_page(none).body).at("upstreams").at(0).at("topology_age_ms").is_null());
}

TEST_CASE("an upstream that lacks slots keeps nobody from the others, and one that is not known does") {
  ControlFacts facts{.listening = true,
                     .upstreams = {{.name = "a", .topology = topology_of(kWhole)},
                                   {.name = "b", .topology = topology_of({{0, 0, 0}})}}};
  const std::string gap = "upstream b: only 1 of 16384 slots have a node";
  CHECK(not_ready_reasons(facts).empty());
  CHECK(coverage_gaps(facts) == std::vector<std::string>{gap});
  CHECK(text_of(json::parse(readyz_page(facts).body).at("warnings").at(0)) == gap);

  facts.upstreams[0].topology = topology_of({{0, 1, 0}});
  CHECK(not_ready_reasons(facts) ==
        std::vector<std::string>{"upstream a: only 2 of 16384 slots have a node", gap});

  facts.upstreams[0] = {.name = "a", .refresh_error = "refused"};
  facts.upstreams[1].topology = topology_of(kWhole);
  CHECK(not_ready_reasons(facts) ==
        std::vector<std::string>{"upstream a: no topology was learned yet: refused"});
  CHECK(topology_page(facts).status == 503);
}

TEST_CASE("slots become ranges") {
  struct Row {
    std::vector<Range> assigned;
    std::map<NodeIndex, std::vector<SlotRange>> ranges;
  };
  const Row rows[] = {
      {{}, {}},
      {{{0, 16383, 0}}, {{0, {{0, 16383}}}}},
      {kWhole, {{0, {{0, 8191}}}, {1, {{8192, 16383}}}}},
      {{{0, 0, 0}, {16383, 16383, 0}}, {{0, {{0, 0}, {16383, 16383}}}}},
      {{{0, 9, 0}, {5, 5, 1}}, {{0, {{0, 4}, {6, 9}}}, {1, {{5, 5}}}}},
      {{{1, 2, 0}, {3, 4, 0}, {6, 7, 0}}, {{0, {{1, 4}, {6, 7}}}}},
  };
  for (const Row& row : rows) CHECK(slot_ranges(*topology_of(row.assigned)) == row.ranges);
}

TEST_CASE("/topology shows nodes and their slots") {
  const ControlFacts facts{
      .upstreams = {{.name = "default",
                     .topology = topology_of({{0, 99, 0}, {100, 100, 1}, {101, 16383, 0}}),
                     .topology_age = 250ms}}};
  const AdminReply reply = topology_page(facts);
  CHECK(reply.status == 200);
  CHECK(reply.content_type == kJson);
  CHECK(json::parse(reply.body) == json::parse(R"({"upstreams": [{
    "name": "default", "epoch": 12, "age_ms": 250, "server_version": "7.0.15", "slots_covered": 16384, "slots_total": 16384,
    "nodes": [
      {"id": "id-a", "endpoint": "10.0.0.1:6379", "role": "primary", "primary": null, "healthy": true,
       "slots": [[0, 99], [101, 16383]]},
      {"id": "id-b", "endpoint": "[fd00::2]:6379", "role": "primary", "primary": null, "healthy": true,
       "slots": [[100, 100]]},
      {"id": "id-c", "endpoint": "node-c:7000", "role": "replica", "primary": "id-a", "healthy": false}]}]})"));
}

TEST_CASE("/topology without a topology is a 503 that says so") {
  const AdminReply reply = topology_page({.upstreams = {{.name = "default"}}});
  CHECK(reply.status == 503);
  CHECK(text_of(json::parse(reply.body).at("upstreams").at(0).at("error")) ==
        "no topology was learned yet: the first answer is awaited");
}

TEST_CASE("a node name of any bytes leaves the JSON readable") {
  auto topology = std::make_shared<Topology>();
  topology->add_node({.id = "quote\" \xff", .endpoint = {"line\nbreak", 1}});
  const ControlFacts facts{.upstreams = {{.name = "default", .topology = topology}}};
  const auto body = json::parse(topology_page(facts).body).at("upstreams").at(0);
  CHECK(text_of(body.at("nodes").at(0).at("id")) == "quote\" \xef\xbf\xbd");
  CHECK(text_of(body.at("nodes").at(0).at("endpoint")) == "line\nbreak:1");
}

TEST_CASE("/healthz is ok while the loops turn") {
  CHECK(healthz_page(true).status == 200);
  CHECK(healthz_page(true).body == "ok\n");
  CHECK(healthz_page(false).status == 503);
  CHECK(healthz_page(false).body == "a worker's loop did not answer in time\n");
}

TEST_CASE("the index names every page") {
  const AdminReply reply = index_page();
  CHECK(reply.status == 200);
  for (const char* page : {"/metrics", "/healthz", "/readyz", "/topology"}) {
    INFO(page);
    CHECK(reply.body.find(page) != std::string::npos);
  }
}

}  // namespace
}  // namespace slotway::proxy
