// The scrape's text: values, names, and that docs/metrics.md and promtool agree with it.
#include "proxy/observe/metrics.hpp"

#include <stdlib.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

namespace slotway::proxy {
namespace {

using namespace std::chrono_literals;
using Lines = std::set<std::string>;

Lines lines_of(const std::string& text) {
  Lines lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.insert(line);
  return lines;
}

std::shared_ptr<const routing::Topology> small_topology() {
  auto topology = std::make_shared<routing::Topology>();
  topology->add_node({.id = "a", .endpoint = {"10.0.0.1", 6379}});
  topology->add_node({.id = "b", .endpoint = {"10.0.0.2", 6379}});
  topology->add_node(
      {.id = "c", .endpoint = {"10.0.0.3", 6379}, .role = routing::NodeRole::replica, .primary = 0});
  topology->assign(0, 99, 0);
  topology->set_epoch(7);
  return topology;
}

// Two workers with something in every kind of figure.
struct Fixture {
  WorkerCounters first, second;

  MetricsInput input() {
    first.clients.set(3);
    second.clients.set(4);
    first.clients_accepted.add(10);
    second.clients_accepted.add(20);
    first.requests[index_of(protocol::Family::string)].add(5);
    second.requests[index_of(protocol::Family::string)].add(6);
    second.requests[index_of(protocol::Family::hash)].add(1);
    first.total_latency[index_of(protocol::Family::string)].observe_us(10);
    first.total_latency[index_of(protocol::Family::string)].observe_us(16);
    second.total_latency[index_of(protocol::Family::string)].observe_us(100'000'000);
    second.upstream_latency.observe_us(2'000'000);
    first.count_error(protocol::Family::string, ErrorClass::timeout);
    first.count_error(protocol::Family::string, ErrorClass::timeout);
    second.redirects[index_of(protocol::RedirectKind::ask)].add(9);
    first.buffer_bytes.set(4096);
    second.loop_turns.add(77);

    MetricsInput in;
    in.workers = {&first, &second};
    in.statuses = {{.upstreams = {{"10.0.0.1:6379", UpstreamState::ready, 2, 100},
                                  {"10.0.0.2:6379", UpstreamState::backoff, 0, 0, true}}},
                   {.upstreams = {{"10.0.0.1:6379", UpstreamState::ready, 3, 50}}}};
    in.facts = {.listening = true,
                .upstreams = {{.name = "default",
                               .topology = small_topology(),
                               .topology_age = 2500ms,
                               .refreshes = {{"periodic", "unchanged", 4}, {"moved", "changed", 1}}}},
                .clients_rejected = 12,
                .reloads = {{"changed", 2}, {"failed", 1}},
                .config_loaded = std::chrono::system_clock::time_point(1700000000s)};
    in.ready = true;
    in.admin_connections_rejected = 8;
    in.process = ProcessFacts{.cpu_seconds = 1.25,
                              .start_time_seconds = 1700000000.5,
                              .resident_bytes = 8192,
                              .virtual_bytes = 65536,
                              .open_fds = 11,
                              .max_fds = 1024};
    in.version = "1.2.3";
    return in;
  }
};

// --- what the text declares ---

struct Declared {
  std::string type;
  std::set<std::string> labels;
  friend bool operator==(const Declared&, const Declared&) = default;
};
using Catalogue = std::map<std::string, Declared>;

std::set<std::string> label_names(std::string_view sample) {
  std::set<std::string> names;
  const std::size_t open = sample.find('{');
  if (open == std::string_view::npos) return names;
  std::size_t at = open + 1;
  for (std::size_t equals; (equals = sample.find("=\"", at)) != std::string_view::npos;) {
    const std::string name(sample.substr(at, equals - at));
    if (name != "le") names.insert(name);
    at = sample.find('"', equals + 2) + 1;
    if (at < sample.size() && sample[at] == ',') ++at;
  }
  return names;
}

Catalogue catalogue_of_text(const std::string& text) {
  Catalogue catalogue;
  std::string current;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("# TYPE ")) {
      std::istringstream words(line.substr(7));
      words >> current;
      words >> catalogue[current].type;
    } else if (!line.starts_with('#') && !current.empty()) {
      catalogue[current].labels.merge(label_names(line));
    }
  }
  return catalogue;
}

std::string without_backticks(std::string cell) {
  std::erase(cell, '`');
  return cell;
}

// Rows of the form: | `name` | type | `label`, `label` | meaning |
Catalogue catalogue_of_docs() {
  Catalogue catalogue;
  std::ifstream in(SLOTWAY_SOURCE_DIR "/docs/metrics.md");
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("| `")) continue;
    std::vector<std::string> cells;
    std::istringstream row(line.substr(1));
    for (std::string cell; std::getline(row, cell, '|');) cells.push_back(without_backticks(cell));
    REQUIRE(cells.size() >= 4);
    std::string name, type;
    std::istringstream(cells[0]) >> name;
    std::istringstream(cells[1]) >> type;
    Declared& declared = catalogue[name];
    declared.type = type;
    std::istringstream labels(cells[2]);
    for (std::string label; labels >> label;) {
      std::erase(label, ',');
      if (label != "-") declared.labels.insert(label);
    }
  }
  return catalogue;
}

std::string names_of(const Catalogue& catalogue) {
  std::string names;
  for (const auto& [name, declared] : catalogue) names += name + " ";
  return names;
}

TEST_CASE("a scrape adds up the workers") {
  Fixture fixture;
  const Lines lines = lines_of(render_metrics(fixture.input()));
  for (const char* line : {
           R"(slotway_build_info{version="1.2.3"} 1)",
           "slotway_ready 1",
           "slotway_draining 0",
           "slotway_admin_connections_rejected_total 8",
           R"(slotway_config_reloads_total{result="changed"} 2)",
           R"(slotway_config_reloads_total{result="failed"} 1)",
           "slotway_config_loaded_timestamp_seconds 1700000000",
           "slotway_workers 2",
           "slotway_workers_responding 1",
           R"(slotway_worker_loop_turns_total{worker="0"} 0)",
           R"(slotway_worker_loop_turns_total{worker="1"} 77)",
           R"(slotway_clients{worker="0"} 3)",
           R"(slotway_clients{worker="1"} 4)",
           "slotway_client_connections_accepted_total 30",
           "slotway_client_connections_rejected_total 12",
           R"(slotway_requests_total{family="string"} 11)",
           R"(slotway_requests_total{family="hash"} 1)",
           R"(slotway_requests_total{family="set"} 0)",
           R"(slotway_request_errors_total{family="string",class="timeout"} 2)",
           R"(slotway_redirects_total{kind="ask"} 9)",
           R"(slotway_redirects_total{kind="moved"} 0)",
           "slotway_buffer_bytes 4096",
           R"(slotway_upstream_connections{upstream="default",node="10.0.0.1:6379",state="ready"} 2)",
           R"(slotway_upstream_connections{upstream="default",node="10.0.0.1:6379",state="backoff"} 0)",
           R"(slotway_upstream_connections{upstream="default",node="10.0.0.2:6379",state="backoff"} 1)",
           R"(slotway_upstream_in_flight_requests{upstream="default",node="10.0.0.1:6379"} 5)",
           R"(slotway_upstream_queued_bytes{upstream="default",node="10.0.0.1:6379"} 150)",
           R"(slotway_upstream_slow{upstream="default",node="10.0.0.1:6379"} 0)",
           R"(slotway_upstream_slow{upstream="default",node="10.0.0.2:6379"} 1)",
           R"(slotway_topology_age_seconds{upstream="default"} 2.5)",
           R"(slotway_topology_slots_covered{upstream="default"} 100)",
           R"(slotway_topology_epoch{upstream="default"} 7)",
           R"(slotway_topology_nodes{upstream="default",role="primary"} 2)",
           R"(slotway_topology_nodes{upstream="default",role="replica"} 1)",
           R"(slotway_topology_refreshes_total{upstream="default",reason="periodic",result="unchanged"} 4)",
           "process_cpu_seconds_total 1.25",
           "process_resident_memory_bytes 8192",
           "process_open_fds 11",
           "process_max_fds 1024",
           "process_start_time_seconds 1700000000.5",
       }) {
    INFO(line);
    CHECK(lines.contains(line));
  }
}

TEST_CASE("a histogram is cumulative, in seconds, and its count is that of its last bucket") {
  Fixture fixture;
  const Lines lines = lines_of(render_metrics(fixture.input()));
  for (const char* line : {
           R"(slotway_request_duration_seconds_bucket{family="string",le="1.6e-05"} 1)",
           R"(slotway_request_duration_seconds_bucket{family="string",le="3.2e-05"} 2)",
           R"(slotway_request_duration_seconds_bucket{family="string",le="16.777216"} 2)",
           R"(slotway_request_duration_seconds_bucket{family="string",le="+Inf"} 3)",
           R"(slotway_request_duration_seconds_count{family="string"} 3)",
           R"(slotway_request_duration_seconds_sum{family="string"} 100.000026)",
           R"(slotway_request_duration_seconds_count{family="geo"} 0)",
           R"(slotway_upstream_request_duration_seconds_bucket{le="1.048576"} 0)",
           R"(slotway_upstream_request_duration_seconds_bucket{le="2.097152"} 1)",
           "slotway_upstream_request_duration_seconds_sum 2",
       }) {
    INFO(line);
    CHECK(lines.contains(line));
  }
}

TEST_CASE("without the workers' answers the scrape says so and has no figures by node") {
  Fixture fixture;
  MetricsInput input = fixture.input();
  input.statuses.reset();
  const std::string text = render_metrics(input);
  CHECK(lines_of(text).contains("slotway_workers_responding 0"));
  CHECK(text.find("slotway_upstream_connections{") == std::string::npos);
  CHECK(lines_of(text).contains(R"(slotway_requests_total{family="string"} 11)"));
}

TEST_CASE("before the first topology its figures are zero and its age has no sample") {
  MetricsInput input;
  input.facts.upstreams = {{.name = "default"}};
  const std::string text = render_metrics(input);
  CHECK(lines_of(text).contains(R"(slotway_topology_slots_covered{upstream="default"} 0)"));
  CHECK(lines_of(text).contains("slotway_ready 0"));
  CHECK(text.find("\nslotway_topology_age_seconds{") == std::string::npos);
  CHECK(text.find("process_") == std::string::npos);
}

TEST_CASE("figures of several upstreams are told apart, also of nodes with one name") {
  MetricsInput input;
  input.facts.upstreams = {{.name = "a"}, {.name = "b", .topology = small_topology()}};
  UpstreamStatus of_a{"10.0.0.1:6379", UpstreamState::ready, 2, 0};
  UpstreamStatus of_b{"10.0.0.1:6379", UpstreamState::ready, 3, 0};
  of_b.upstream = 1;
  input.statuses = {{.upstreams = {of_a, of_b}}};
  const Lines lines = lines_of(render_metrics(input));
  for (const char* line : {
           R"(slotway_topology_slots_covered{upstream="a"} 0)",
           R"(slotway_topology_slots_covered{upstream="b"} 100)",
           R"(slotway_upstream_in_flight_requests{upstream="a",node="10.0.0.1:6379"} 2)",
           R"(slotway_upstream_in_flight_requests{upstream="b",node="10.0.0.1:6379"} 3)",
       }) {
    INFO(line);
    CHECK(lines.contains(line));
  }
}

TEST_CASE("a node name of any bytes stays inside its label") {
  MetricsInput input;
  input.facts.upstreams = {{.name = "default"}};
  input.statuses = {{.upstreams = {{"a\"b\\c\nd\xff:1", UpstreamState::idle, 0, 0}}}};
  CHECK(lines_of(render_metrics(input))
            .contains("slotway_upstream_queued_bytes{upstream=\"default\",node=\"a\\\"b\\\\c\\nd\xef\xbf\xbd:"
                      "1\"} 0"));
}

TEST_CASE("docs/metrics.md lists every metric with its type and labels, and no other") {
  Fixture fixture;
  const Catalogue rendered = catalogue_of_text(render_metrics(fixture.input()));
  const Catalogue documented = catalogue_of_docs();
  CHECK(names_of(rendered) == names_of(documented));
  for (const auto& [name, declared] : rendered) {
    const auto found = documented.find(name);
    if (found == documented.end()) continue;
    INFO(name);
    CHECK(found->second.type == declared.type);
    CHECK(found->second.labels == declared.labels);
  }
}

TEST_CASE("promtool finds nothing to say about the metrics") {
  if (std::system("command -v promtool >/dev/null 2>&1") != 0) {
    WARN("SKIP: promtool is not installed (Debian package prometheus)");
    return;
  }
  Fixture fixture;
  const MetricsInput full = fixture.input();
  MetricsInput degraded = full;
  degraded.statuses.reset();
  degraded.facts = {};
  for (const MetricsInput& input : {full, degraded, MetricsInput{}}) {
    char path[] = "/tmp/slotway-metrics-XXXXXX";
    const int fd = mkstemp(path);
    REQUIRE(fd >= 0);
    close(fd);
    std::ofstream(path) << render_metrics(input);
    const std::string command = "promtool check metrics < " + std::string(path) + " 2>&1";
    std::FILE* pipe = popen(command.c_str(), "r");
    REQUIRE(pipe != nullptr);
    std::string said;
    for (char chunk[512]; std::fgets(chunk, sizeof chunk, pipe) != nullptr;) said += chunk;
    const int status = pclose(pipe);
    std::remove(path);
    CHECK(said == "");
    CHECK(WEXITSTATUS(status) == 0);
  }
}

// --- process figures ---

TEST_CASE("a line of /proc/self/stat is read by field, whatever the program's name") {
  const std::string rest =
      " S 1 1 1 0 -1 4194560 10 0 0 0 250 50 0 0 20 0 5 0 123400 1048576 300 18446744073709551615 0 0\n";
  const KernelUnits units{.ticks_per_second = 100, .page_bytes = 4096, .boot_time_seconds = 1000};
  for (const std::string name : {"42 (slotway)", "42 (a b) c)", "42 ())", "42 (1 2 3 4)"}) {
    INFO(name);
    const auto facts = parse_process_stat(name + rest, units);
    REQUIRE(facts);
    CHECK(facts->cpu_seconds == 3.0);
    CHECK(facts->start_time_seconds == 2234.0);
    CHECK(facts->virtual_bytes == 1048576);
    CHECK(facts->resident_bytes == 300 * 4096);
  }
}

TEST_CASE("a malformed stat line is no facts") {
  for (const char* stat : {"", "42 slotway S 1", "42 (slotway)", "42 (slotway) S 1 2 3",
                           "42 (x) S 1 1 1 0 -1 4194560 10 0 0 0 two 50 0 0 20 0 5 0 123400 1048576 300 1"}) {
    INFO(stat);
    CHECK_FALSE(parse_process_stat(stat, {}).has_value());
  }
}

TEST_CASE("the machine's start is the btime line") {
  CHECK(parse_boot_time("cpu 1 2\nintr 5\nbtime 1700000000\nprocesses 9\n") == 1700000000.0);
  CHECK(parse_boot_time("btime 5") == 5.0);
  CHECK_FALSE(parse_boot_time("cpu btime 5\n").has_value());
  CHECK_FALSE(parse_boot_time("btime soon\n").has_value());
  CHECK_FALSE(parse_boot_time("").has_value());
}

TEST_CASE("this process has memory, descriptors and a start in the past") {
  const auto facts = read_process_facts();
  REQUIRE(facts);
  CHECK(facts->resident_bytes > 100'000);
  CHECK(facts->virtual_bytes > facts->resident_bytes);
  CHECK(facts->open_fds >= 1);
  CHECK(facts->max_fds >= static_cast<double>(facts->open_fds));
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  CHECK(facts->start_time_seconds > 1'600'000'000.0);
  CHECK(facts->start_time_seconds < now.count() + 2);
}

}  // namespace
}  // namespace slotway::proxy
