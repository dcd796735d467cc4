#include "config/config_options.hpp"

#include <catch2/catch.hpp>
#include <set>

namespace slotway::config {
namespace {

TEST_CASE("the names of variables and flags follow from the path") {
  const auto [path, variable, flag] = GENERATE(table<std::string, std::string, std::string>({
      {"upstream.seeds", "SLOTWAY_UPSTREAM", "--upstream"},
      {"upstream.password", "SLOTWAY_UPSTREAM_PASSWORD", "--upstream-password"},
      {"upstream.password_file", "SLOTWAY_UPSTREAM_PASSWORD_FILE", "--upstream-password-file"},
      {"listen", "SLOTWAY_LISTEN", "--listen"},
      {"workers", "SLOTWAY_WORKERS", "--workers"},
      {"admin", "SLOTWAY_ADMIN", "--admin"},
      {"log.level", "SLOTWAY_LOG_LEVEL", "--log-level"},
      {"log.format", "SLOTWAY_LOG_FORMAT", "--log-format"},
      {"limits.max_clients", "SLOTWAY_LIMITS_MAX_CLIENTS", "--limits-max-clients"},
  }));
  CAPTURE(path);
  const Option* option = find_option(path);
  REQUIRE(option != nullptr);
  CHECK(environment_name(*option) == variable);
  CHECK(flag_name(*option) == flag);
}

TEST_CASE("no two options share a name") {
  std::set<std::string> names;
  for (const Option& option : options()) {
    CAPTURE(option.path);
    CHECK(names.insert(std::string(option.path)).second);
    CHECK(names.insert(environment_name(option)).second);
    CHECK(names.insert(flag_name(option)).second);
  }
}

TEST_CASE("every default is read back from what is printed") {
  for (const Option& option : options()) {
    const std::string printed = option.print(Config{});
    if (printed == "(not set)") continue;
    CAPTURE(option.path, printed);
    Config config;
    if (option.is_list) option.clear(config);
    CHECK_FALSE(option.set(printed, config));
    CHECK(config == Config{});
  }
}

// One value per option that is not its default: each row of the table reaches a field of its own.
TEST_CASE("every option is set, printed and read back") {
  const auto [path, value] = GENERATE(table<std::string, std::string>({
      {"upstream.mode", "sentinel"},
      {"upstream.seeds", "[::1]:7001"},
      {"upstream.username", "app"},
      {"upstream.password_file", "/run/p"},
      {"upstream.master_name", "cache"},
      {"upstream.sentinel_username", "watcher"},
      {"upstream.sentinel_password_file", "/run/s"},
      {"upstream.read_from", "nearest"},
      {"upstream.max_replica_lag", "30s"},
      {"upstream.max_replica_lag_bytes", "39kb"},
      {"upstream.read_your_writes", "on"},
      {"upstream.hedged_reads", "on"},
      {"upstream.hedge_budget", "40"},
      {"upstream.zone", "eu-1a"},
      {"upstream.zones", "10.0.0.0/8=eu-1a"},
      {"users", "app=/run/app"},
      {"tls_cert_file", "a.crt"},
      {"tls_key_file", "a.key"},
      {"tls_ca_file", "ca.crt"},
      {"upstream.mirror.upstream", "other"},
      {"upstream.mirror.percent", "7"},
      {"upstream.mirror.writes_only", "on"},
      {"upstream.mirror.compare", "on"},
      {"listen", "0.0.0.0:1"},
      {"listen", "[::]:0"},
      {"listen", "unix:/run/slotway/s,1.sock"},
      {"unix_socket_mode", "0660"},
      {"unix_socket_mode", "0007"},
      {"reuse_port", "on"},
      {"backlog", "7"},
      {"requirepass_file", "/run/r"},
      {"cluster_view", "nodes"},
      {"sentinel_view", "on"},
      {"client_max_age", "29s"},
      {"announce", "slotway.example:6380"},
      {"debug_command", "allow"},
      {"workers", "3"},
      {"wait_for_secrets", "on"},
      {"admin", "off"},
      {"limits.max_clients", "11"},
      {"limits.max_bulk", "12kb"},
      {"limits.max_request", "13kb"},
      {"limits.max_arguments", "14"},
      {"limits.max_inflight_per_client", "15"},
      {"limits.max_inflight_bytes_per_client", "16kb"},
      {"limits.max_output_per_client", "17kb"},
      {"limits.max_memory_per_client", "27kb"},
      {"limits.max_memory", "3gb"},
      {"limits.max_pinned_per_worker", "27"},
      {"limits.max_connecting_per_node", "9"},
      {"limits.max_subscriber_output", "33kb"},
      {"limits.max_scripts", "34kb"},
      {"limits.max_tracked_keys_per_worker", "35"},
      {"timeouts.connect", "18ms"},
      {"timeouts.request", "19ms"},
      {"timeouts.upstream_idle_ping", "20ms"},
      {"timeouts.client_idle", "21ms"},
      {"timeouts.drain", "22ms"},
      {"drain.delay", "28ms"},
      {"timeouts.tcp_keepalive", "23s"},
      {"timeouts.tcp_user_timeout", "24ms"},
      {"topology.refresh_interval", "25ms"},
      {"topology.min_refresh_interval", "26ms"},
      {"failover.hold", "36ms"},
      {"failover.max_held_per_worker", "37"},
      {"failover.max_held_bytes_per_worker", "38kb"},
      {"failover.retry_unknown_writes", "hash"},
      {"multikey.mset", "reject"},
      {"log.level", "warn"},
      {"log.format", "json"},
  }));
  CAPTURE(path);
  const Option* option = find_option(path);
  REQUIRE(option != nullptr);
  Config config;
  if (option->is_list) option->clear(config);
  REQUIRE_FALSE(option->set(value, config));
  CHECK(option->print(config) == value);
  for (const Option& other : options()) {
    if (other.path != path) CHECK(other.print(config) == other.print(Config{}));
  }
}

TEST_CASE("a password is never printed") {
  for (const char* path : {"upstream.password", "upstream.sentinel_password", "requirepass"}) {
    Config config;
    const Option* option = find_option(path);
    REQUIRE(option != nullptr);
    CHECK(option->is_secret);
    CHECK(option->print(config) == "(not set)");
    CHECK_FALSE(option->set("s3cret", config));
    CHECK(option->print(config) == "(set)");
  }
}

TEST_CASE("a value of the wrong kind is a complaint") {
  const auto [path, value, what,
              advice] = GENERATE(table<std::string, std::string, std::string, std::string>({
      {"backlog", "many", "'many' is not a number", "write a whole number in digits, such as 1000"},
      {"backlog", "3000000000", "'3000000000' is too large", "write a smaller number"},
      {"limits.max_clients", "4294967296", "'4294967296' is too large", "write a smaller number"},
      {"workers", "0", "'0' is not a number of workers", "write auto, or a number from 1"},
      {"limits.max_memory", "Auto", "'Auto' is not a size",
       "write auto, or a size such as 512mb; 0 = no limit"},
      {"workers", "Auto", "'Auto' is not a number of workers", "write auto, or a number from 1"},
      {"workers", "4294967296", "'4294967296' is not a number of workers", "write auto, or a number from 1"},
      {"admin", "on", "'on' is neither ADDR:PORT nor off", "write 127.0.0.1:9380, or off"},
      {"admin", "http://u:s3cret@h:1",
       "what is written (not shown: it may hold a password) is neither ADDR:PORT nor off",
       "write 127.0.0.1:9380, or off"},
      {"upstream.password", "", "is empty", "write a value, or leave it out altogether"},
      {"upstream.password_file", "", "is empty", "write a value, or leave it out altogether"},
      {"requirepass", "", "is empty", "write a value, or leave it out altogether"},
      {"requirepass_file", "", "is empty", "write a value, or leave it out altogether"},
      {"upstream.seeds", "node:0", "'node:0' has port 0", "write the port that the node listens on"},
      {"listen", "127.0.0.1", "'127.0.0.1' is not HOST:PORT",
       "write a host and a port, such as 127.0.0.1:6379 or [::1]:6379"},
      {"listen", "::1:6380", "'::1:6380' is an IPv6 address without brackets", "write it as [ADDRESS]:PORT"},
      {"listen", "unix:", "'' is not an absolute path", "write unix:/run/slotway/slotway.sock"},
      {"listen", "unix:slotway.sock", "'slotway.sock' is not an absolute path",
       "write unix:/run/slotway/slotway.sock"},
      {"listen", "/run/slotway.sock", "'/run/slotway.sock' is a path, not HOST:PORT",
       "write unix: in front of it"},
      {"listen", "unix:/" + std::string(107, 'x'), "the path of a unix socket is 108 bytes long",
       "write one of at most 107"},
      {"unix_socket_mode", "0888", "'0888' is not a mode", "write octal digits from 0 to 0777, such as 0660"},
      {"unix_socket_mode", "1777", "'1777' is not a mode", "write octal digits from 0 to 0777, such as 0660"},
      {"unix_socket_mode", "rwx", "'rwx' is not a mode", "write octal digits from 0 to 0777, such as 0660"},
      {"unix_socket_mode", "", "'' is not a mode", "write octal digits from 0 to 0777, such as 0660"},
      {"reuse_port", "yes", "'yes' is not one of the words known here", "write one of: off, on, false, true"},
      {"log.level", "trace", "'trace' is not one of the words known here",
       "write one of: debug, info, warn, error"},
      {"log.format", "JSON", "'JSON' is not one of the words known here", "write one of: text, json"},
      {"multikey.mset", "", "'' is not one of the words known here", "write one of: split, reject"},
  }));
  CAPTURE(path, value);
  Config config;
  const auto complaint = find_option(path)->set(value, config);
  REQUIRE(complaint);
  CHECK(complaint->what == what);
  CHECK(complaint->advice == advice);
  CHECK(config == Config{});
}

TEST_CASE("sections are known") {
  for (const char* section : {"upstream", "limits", "timeouts", "topology", "multikey", "log"}) {
    CHECK(is_section(section));
  }
  for (const char* other : {"listen", "upstream.seeds", "upst", "", "logs"}) CHECK_FALSE(is_section(other));
}

TEST_CASE("listening addresses are stored in one way, however they are written") {
  const auto [value, printed] = GENERATE(table<std::string, std::string>({
      {"[0:0:0::1]:7", "[::1]:7"},
      {"[0::0]:7", "[::]:7"},
      {"[FD00::A]:7", "[fd00::a]:7"},
      {"[::ffff:10.0.0.1]:7", "10.0.0.1:7"},
      {"unix:/" + std::string(106, 'x'), "unix:/" + std::string(106, 'x')},
  }));
  CAPTURE(value);
  Config config;
  config.client.listen.clear();
  REQUIRE_FALSE(find_option("listen")->set(value, config));
  CHECK(find_option("listen")->print(config) == printed);
}

TEST_CASE("what is announced needs a port") {
  Config config;
  const auto complaint = find_option("announce")->set("slotway.example:0", config);
  REQUIRE(complaint);
  CHECK(complaint->what == "'slotway.example:0' has port 0");
  CHECK_FALSE(config.client.announce);
}

}  // namespace
}  // namespace slotway::config
