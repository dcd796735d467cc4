// The proxy's own values in a node's reply to CONFIG GET.
#include "proxy/client/own_settings.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "protocol/reply_writer.hpp"
#include "tests/protocol/request_words.hpp"

namespace slotway::proxy {
namespace {

std::string list(const std::vector<std::string>& words, char type = '*') {
  std::string out;
  protocol::write_header(out, type, static_cast<std::int64_t>(type == '*' ? words.size() : words.size() / 2));
  for (const std::string& word : words) protocol::write_bulk(out, word);
  return out;
}

}  // namespace

TEST_CASE("limits that hold for clients are the proxy's, all else is the node's") {
  config::Config config;
  config.limits.max_clients = 123;
  config.limits.max_bulk_bytes = 456;
  config.timeouts.client_idle = std::chrono::milliseconds(7'900);
  struct Case {
    std::string reply;
    std::string written;
  };
  const std::vector<Case> cases = {
      {"*0\r\n", "*0\r\n"},
      {list({"save", "", "maxmemory", "0"}), list({"save", "", "maxmemory", "0"})},
      {list({"maxclients", "10000"}), list({"maxclients", "123"})},
      {list({"MaxClients", "10000"}), list({"MaxClients", "123"})},
      {list({"a", "maxclients", "timeout", "0", "databases", "16", "proto-max-bulk-len", "512"}),
       list({"a", "maxclients", "timeout", "7", "databases", "1", "proto-max-bulk-len", "456"})},
      {list({"maxclients", "10000"}, '%'), list({"maxclients", "123"}, '%')},
      {list({"requirepass", "secret", "tls-port", "1", "masterauth", "secret", "x", "y"}),
       list({"requirepass", "", "masterauth", "", "x", "y"})},
      {list({"tls-key-file-pass", "secret"}, '%'), "%0\r\n"},
      // what is no list of names and values stays
      {"*1\r\n$10\r\nmaxclients\r\n", "*1\r\n$10\r\nmaxclients\r\n"},
      {"*2\r\n$10\r\nmaxclients\r\n:1\r\n", "*2\r\n$10\r\nmaxclients\r\n:1\r\n"},
      {"+OK\r\n", "+OK\r\n"},
  };
  for (const Case& c : cases) {
    INFO(c.reply);
    std::string out = "before";
    write_with_own_settings(out, c.reply, config);
    CHECK(out == "before" + c.written);
  }
}

TEST_CASE("CONFIG SET changes none of the proxy's own settings, and then nothing else either") {
  config::Config config;
  config.limits.max_clients = 123;
  config.client.listen = {{.tcp = {"127.0.0.1", 6390}, .path = {}}};
  struct Case {
    std::string request;
    std::string node_request;  // "" = none
    std::string refused;       // the setting that is named; "" = none
  };
  const std::vector<Case> cases = {
      {"CONFIG SET save x", "CONFIG SET save x", ""},
      {"config set save x maxmemory 1", "config set save x maxmemory 1", ""},
      {"CONFIG SET requirepass secret", "", "requirepass"},
      {"CONFIG SET MasterAuth secret", "", "MasterAuth"},
      {"CONFIG SET save x masteruser u", "", "masteruser"},
      {"CONFIG SET port 7000 save x", "", "port"},
      {"CONFIG SET bind 0.0.0.0", "", "bind"},
      {"CONFIG SET protected-mode yes", "", "protected-mode"},
      {"CONFIG SET tls-port 7000", "", "tls-port"},
      {"CONFIG SET tls-cert-file /x", "", "tls-cert-file"},
      {"CONFIG SET cluster-announce-ip 10.0.0.1", "", "cluster-announce-ip"},
      {"CONFIG SET cluster-announce-port 1", "", "cluster-announce-port"},
      {"CONFIG SET cluster-announce-hostname h", "", "cluster-announce-hostname"},
      {"CONFIG SET cluster-preferred-endpoint-type hostname", "", "cluster-preferred-endpoint-type"},
      {"CONFIG SET cluster-node-timeout 5000", "CONFIG SET cluster-node-timeout 5000", ""},
      {"CONFIG SET maxclients 1", "", "maxclients"},
      {"CONFIG SET timeout 1", "", "timeout"},
      {"CONFIG SET databases 16", "", "databases"},
      // What is so already may be said again, and is none of the nodes' business.
      {"CONFIG SET maxclients 123", "", ""},
      {"CONFIG SET requirepass \"\" port 6390", "", ""},
      {"CONFIG SET save x maxclients 123 maxmemory 1", "CONFIG SET save x maxmemory 1", ""},
      // The nodes word the error.
      {"CONFIG SET port 1 save", "CONFIG SET port 1 save", ""},
      {"CONFIG SET nosuch 1", "CONFIG SET nosuch 1", ""},
  };
  for (const Case& c : cases) {
    INFO(c.request);
    const protocol::RequestWords request(protocol::split_words(c.request));
    const SettingsChange change(request.view(), config);
    CHECK(change.refused() == !c.refused.empty());
    CHECK(change.refusal().find("'" + c.refused + "'") == (c.refused.empty() ? std::string::npos : 52));
    CHECK(change.changes_nodes() == !c.node_request.empty());
    if (!c.node_request.empty()) {
      const protocol::RequestWords expected(protocol::split_words(c.node_request));
      CHECK(change.node_request() == expected.view().bytes());
    }
  }
  const protocol::RequestWords request({"CONFIG", "SET", "requirepass", "secret"});
  CHECK(SettingsChange(request.view(), config).refusal() ==
        "ERR CONFIG SET failed (possibly related to argument 'requirepass') - Slotway logs "
        "in to the nodes with it; change it on the nodes, then in Slotway's configuration");
}

TEST_CASE("CONFIG GET of what CONFIG SET refuses shows the proxy's own value") {
  config::Config config;
  config.client.listen = {{.tcp = {"127.0.0.1", 6390}, .path = {}}};
  std::string out;
  write_with_own_settings(out, list({"port", "7000", "bind", "* -::*", "cluster-announce-ip", "10.0.0.1"}),
                          config);
  CHECK(out == list({"port", "6390", "bind", "127.0.0.1", "cluster-announce-ip", ""}));
}

TEST_CASE("CONFIG GET tells all addresses that clients connect to, and CONFIG SET changes none") {
  struct Case {
    std::vector<config::ListenAddress> listen;
    std::uint32_t mode;
    std::vector<std::string> settings;
  };
  const Case cases[] = {
      {{{{"127.0.0.1", 1}, {}}, {{"::1", 2}, {}}, {{}, "/run/a"}, {{}, "/run/b"}},
       0660,
       {"port", "1", "bind", "127.0.0.1 ::1", "unixsocket", "/run/a", "unixsocketperm", "660"}},
      {{{{}, "/run/a"}}, 0, {"port", "0", "bind", "", "unixsocket", "/run/a", "unixsocketperm", "0"}},
      {{{{"0.0.0.0", 1}, {}}}, 0, {"port", "1", "bind", "0.0.0.0", "unixsocket", "", "unixsocketperm", "0"}},
  };
  for (const Case& c : cases) {
    config::Config config;
    config.client.listen = c.listen;
    config.client.unix_socket_mode = c.mode;
    std::string out;
    write_with_own_settings(
        out, list({"port", "7", "bind", "*", "unixsocket", "/node", "unixsocketperm", "700"}), config);
    CHECK(out == list(c.settings));
    const protocol::RequestWords request({"CONFIG", "SET", "unixsocket", "/run/c"});
    CHECK(SettingsChange(request.view(), config).refusal() ==
          "ERR CONFIG SET failed (possibly related to argument 'unixsocket') - can't set immutable config: "
          "it is "
          "set in Slotway's configuration");
  }
}

}  // namespace slotway::proxy
