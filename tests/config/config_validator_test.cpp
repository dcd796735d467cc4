#include "config/config_validator.hpp"

#include <catch2/catch.hpp>
#include <functional>

#include "tests/config/config_kit.hpp"

namespace slotway::config {
namespace {

using Change = std::function<void(Config&)>;

Config valid_config() {
  Config config;
  config.upstream.seeds = {{"127.0.0.1", 7000}};
  return config;
}

ListenAddress tcp(std::string host, std::uint16_t port) {
  return {.tcp = {std::move(host), port}, .path = {}};
}

ListenAddress unix_socket(std::string path) { return {.tcp = {}, .path = std::move(path)}; }

Texts problems_after(const Change& change) {
  Config config = valid_config();
  change(config);
  return texts_of(validate(config, Origins{}));
}

TEST_CASE("the defaults and a seed are valid") {
  CHECK(problems_after([](Config&) {}) == Texts{});
}

TEST_CASE("the ends of each range are valid") {
  const Change change = GENERATE(values<Change>({
      [](Config& c) { c.client.backlog = 1; },
      [](Config& c) { c.client.backlog = 65535; },
      [](Config& c) { c.client.listen = {tcp("::1", 0)}; },
      [](Config& c) { c.workers = 256; },
      [](Config& c) { c.admin.reset(); },
      [](Config& c) { c.limits.max_clients = 1000000; },
      [](Config& c) { c.limits.max_bulk_bytes = c.limits.max_request_bytes = 1024; },
      [](Config& c) { c.limits.max_bulk_bytes = c.limits.max_request_bytes = (4ull << 30) - 1; },
      [](Config& c) { c.limits.max_arguments = 0x7fffffff; },
      [](Config& c) { c.timeouts.client_idle = c.timeouts.drain = milliseconds(0); },
      [](Config& c) { c.timeouts.upstream_idle_ping = milliseconds(0); },
      [](Config& c) { c.timeouts.tcp_keepalive = c.timeouts.tcp_user_timeout = milliseconds(0); },
      [](Config& c) { c.timeouts.tcp_keepalive = milliseconds(1000); },
      [](Config& c) { c.topology.refresh_interval = c.topology.min_refresh_interval; },
      [](Config& c) { c.upstream.username = "u", c.upstream.password = "p"; },
      [](Config& c) { c.client.listen[0].tcp.port = c.admin->port = 0; },
      [](Config& c) {
        c.client.listen = {tcp("127.0.0.2", c.admin->port), unix_socket("/run/a")};
      },
      [](Config& c) {
        c.client.listen = {tcp("0.0.0.0", 1), tcp("::", 1), tcp("0.0.0.0", 2)};
      },
      [](Config& c) {
        c.client.listen = {tcp("127.0.0.1", 0), tcp("127.0.0.1", 0)};
      },
      [](Config& c) {
        c.client.listen = {unix_socket("/run/a"), unix_socket("/run/b")};
      },
  }));
  CHECK(problems_after(change) == Texts{});
}

TEST_CASE("what is out of range says what would be in it") {
  const auto [change, problem] = GENERATE(table<Change, std::string>({
      {[](Config& c) { c.client.backlog = 0; }, "backlog: 0 is too small; write 1 to 65535"},
      {[](Config& c) { c.client.backlog = 65536; }, "backlog: 65536 is too large; write 1 to 65535"},
      {[](Config& c) { c.workers = 257; }, "workers: 257 is too large; write 1 to 256"},
      {[](Config& c) { c.limits.max_clients = 0; }, "limits.max_clients: 0 is too small; write 1 to 1000000"},
      {[](Config& c) { c.limits.max_bulk_bytes = 1023; },
       "limits.max_bulk: 1023 is too small; write 1kb to 4294967295"},
      {[](Config& c) { c.limits.max_request_bytes = 4ull << 30; },
       "limits.max_request: 4gb is too large; write 1kb to 4294967295"},
      {[](Config& c) { c.limits.max_arguments = 0; },
       "limits.max_arguments: 0 is too small; write 1 to 2147483647"},
      {[](Config& c) { c.limits.max_inflight_per_client = 0; },
       "limits.max_inflight_per_client: 0 is too small; write 1 to 1048576"},
      {[](Config& c) { c.limits.max_inflight_bytes_per_client = 1; },
       "limits.max_inflight_bytes_per_client: 1 is too small; write 1kb to 1024gb"},
      {[](Config& c) { c.limits.max_output_bytes_per_client = 1; },
       "limits.max_output_per_client: 1 is too small; write 1kb to 1024gb"},
      {[](Config& c) { c.limits.max_memory_bytes_per_client = 1025ull << 30; },
       "limits.max_memory_per_client: 1025gb is too large; write 1kb to 1024gb"},
      {[](Config& c) { c.limits.max_subscriber_output_bytes = 1; },
       "limits.max_subscriber_output: 1 is too small; write 1kb to 1024gb"},
      {[](Config& c) { c.timeouts.connect = milliseconds(0); },
       "timeouts.connect: 0 is too small; write 1ms to 1h"},
      {[](Config& c) { c.timeouts.request = milliseconds(3600001); },
       "timeouts.request: 3600001ms is too large; write 1ms to 1h"},
      {[](Config& c) { c.timeouts.upstream_idle_ping = std::chrono::hours(25); },
       "timeouts.upstream_idle_ping: 25h is too large; write 0, or 1ms to 24h"},
      {[](Config& c) { c.timeouts.client_idle = std::chrono::hours(8761); },
       "timeouts.client_idle: 8761h is too large; write 0, or 1ms to 8760h"},
      {[](Config& c) { c.timeouts.drain = std::chrono::hours(25); },
       "timeouts.drain: 25h is too large; write 0, or 1ms to 24h"},
      {[](Config& c) { c.timeouts.tcp_keepalive = milliseconds(999); },
       "timeouts.tcp_keepalive: 999ms is too small; write 0, or 1s to 32767s"},
      {[](Config& c) { c.timeouts.tcp_user_timeout = std::chrono::hours(25); },
       "timeouts.tcp_user_timeout: 25h is too large; write 0, or 1ms to 24h"},
      {[](Config& c) { c.topology.refresh_interval = std::chrono::hours(25); },
       "topology.refresh_interval: 25h is too large; write 1ms to 24h"},
      {[](Config& c) { c.topology.min_refresh_interval = milliseconds(0); },
       "topology.min_refresh_interval: 0 is too small; write 1ms to 24h"},
  }));
  CHECK(problems_after(change) == Texts{problem});
}

TEST_CASE("options that contradict each other are a problem") {
  const auto [change, problem] = GENERATE(table<Change, std::string>({
      {[](Config& c) { c.upstream.seeds.clear(); },
       "upstream.seeds: nothing that is behind Slotway is given; name at least one node (or the sentinels) "
       "with "
       "--upstream HOST:PORT, SLOTWAY_UPSTREAM, or upstream.seeds in the file"},
      {[](Config& c) {
         c.upstream.mode = UpstreamMode::standalone;
         c.upstream.seeds = {{"a", 1}, {"b", 1}};
       },
       "upstream.seeds: there are several servers in mode standalone; name the one that holds the data, or "
       "set "
       "upstream.mode to cluster or sentinel"},
      {[](Config& c) {
         c.upstream.mode = UpstreamMode::sentinel;
         c.upstream.master_name.clear();
       },
       "upstream.master_name: is empty; write the name that the sentinels have for the primary"},
      {[](Config& c) {
         c.upstream.mode = UpstreamMode::standalone;
         c.client.cluster_view = ClusterViewMode::nodes;
       },
       "cluster_view: cluster_view is nodes, and there is no cluster; remove cluster_view, or set "
       "upstream.mode "
       "to cluster"},
      {[](Config& c) {
         c.upstream.mode = UpstreamMode::standalone;
         c.upstream.read_from = ReadFrom::any;
       },
       "upstream.read_from: there are no replicas in mode standalone; remove read_from, or set upstream.mode "
       "to "
       "cluster or sentinel"},
      {[](Config& c) {
         c.upstream.zones = {{"10.0.0.0/33", "a"}};
       },
       "upstream.zones: '10.0.0.0/33' is not a network; write it as 10.0.1.0/24 or fd00:1::/64, one address, "
       "or a "
       "node's name"},
      {[](Config& c) { c.upstream.sentinel_username = "u"; },
       "upstream.sentinel_username: there is a user name but no password; set "
       "upstream.sentinel_password_file "
       "or upstream.sentinel_password, or remove the user name"},
      {[](Config& c) { c.upstream.username = "u"; },
       "upstream.username: there is a user name but no password; set upstream.password_file or "
       "upstream.password, or "
       "remove the user name"},
      {[](Config& c) { c.client.listen[0].tcp.host = "localhost"; },
       "listen: 'localhost' is not a numeric address; write one of this machine, such as 127.0.0.1 or [::1], "
       "or "
       "0.0.0.0 for all"},
      {[](Config& c) { c.admin->host = "1.2.3"; },
       "admin: '1.2.3' is not a numeric address; write one of this machine, such as 127.0.0.1 or [::1], or "
       "0.0.0.0 "
       "for all"},
      {[](Config& c) { c.client.listen.clear(); },
       "listen: there is no address; write at least one, such as 127.0.0.1:6380"},
      {[](Config& c) {
         c.client.listen = {tcp("127.0.0.1", 1), tcp("127.0.0.1", 2), tcp("127.0.0.1", 1)};
       },
       "listen: '127.0.0.1:1' is there twice; keep one of the two"},
      {[](Config& c) {
         c.client.listen = {unix_socket("/run/a"), unix_socket("/run/a")};
       },
       "listen: 'unix:/run/a' is there twice; keep one of the two"},
      {[](Config& c) {
         c.client.listen = {tcp("::", 1), tcp("::1", 1)};
       },
       "listen: '[::1]:1' and '[::]:1' exclude each other; keep one of the two"},
      {[](Config& c) { c.client.listen[0].tcp.port = c.admin->port; },
       "admin: listen and admin have the same port; give one of them another port"},
      {[](Config& c) {
         c.client.listen = {unix_socket("/run/a"), tcp("0.0.0.0", c.admin->port)};
       },
       "admin: listen and admin have the same port; give one of them another port"},
      {[](Config& c) { c.limits.max_request_bytes = c.limits.max_bulk_bytes - 1; },
       "limits.max_request: limits.max_request (536870911) is less than limits.max_bulk (512mb); raise "
       "max_request, "
       "or lower max_bulk: a request holds its arguments"},
      {[](Config& c) { c.topology.min_refresh_interval = milliseconds(10001); },
       "topology.refresh_interval: topology.refresh_interval (10s) is less than "
       "topology.min_refresh_interval "
       "(10001ms); raise refresh_interval, or lower min_refresh_interval"},
  }));
  CHECK(problems_after(change) == Texts{problem});
}

TEST_CASE("the option that somebody set is blamed, not the default") {
  Config config = valid_config();
  config.limits.max_bulk_bytes = 2ull << 30;
  Origins origins;
  origins.set("limits.max_bulk", {Source::file, "f", 3});
  CHECK(texts_of(validate(config, origins)) == Texts{"f:3: limits.max_bulk: limits.max_request (1gb) is less "
                                                     "than limits.max_bulk (2gb); raise max_request, "
                                                     "or lower max_bulk: a request holds its arguments"});
}

TEST_CASE("a broken option is not complained about again") {
  Config config;
  config.client.backlog = 0;
  config.upstream.username = "u";
  Origins origins;
  origins.mark_broken("upstream.seeds");
  origins.mark_broken("backlog");
  origins.mark_broken("upstream.password_file");
  CHECK(texts_of(validate(config, origins)) == Texts{});
}

}  // namespace
}  // namespace slotway::config
