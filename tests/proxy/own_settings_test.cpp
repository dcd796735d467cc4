// The proxy's own values in a node's reply to CONFIG GET.
#include "proxy/client/own_settings.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "protocol/reply_writer.hpp"

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
      {list({"requirepass", "secret", "masterauth", "secret", "x", "y"}),
       list({"requirepass", "", "masterauth", "", "x", "y"})},
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

}  // namespace slotway::proxy
