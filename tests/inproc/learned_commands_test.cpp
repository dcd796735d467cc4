// Commands that only the nodes know, through the whole proxy: described at the start, or while it runs.
#include "tests/inproc/scene.hpp"
#include "tests/protocol/described_command.hpp"

namespace slotway::inproc {

namespace {

using protocol::all_keys;
using protocol::command_reply;
using protocol::DescribedCommand;
using protocol::first_key;

std::vector<DescribedCommand> acme_commands() {
  return {
      {"acme.get", 2, {"readonly"}, {first_key()}},
      {"acme.mget", -2, {"readonly"}, {all_keys()}, {"request_policy:multi_shard"}},
      {"acme.del", -2, {"write"}, {all_keys()}, {"request_policy:multi_shard", "response_policy:agg_sum"}},
      {"acme.size", 1, {"readonly"}, {}, {"request_policy:all_shards", "response_policy:agg_max"}},
      {"acme.take", 3, {"write", "blocking", "noscript"}, {first_key()}},
      {"acme.tune", -1, {"admin"}}};
}

struct Described {
  kit::FakeCluster cluster{2};
  std::string a = cluster.key(0);
  std::string b = cluster.key(1);
};

}  // namespace

TEST_CASE("a described command is served from the first request on") {
  Described nodes;
  nodes.cluster.describe_commands(command_reply(acme_commands()));
  const kit::InProcessProxy proxy(kit::inproc_config(nodes.cluster));
  TestClient client = proxy.client();

  nodes.cluster[0].set_handler(always(bulk("x")));
  CHECK(client.text({"ACME.GET", nodes.a}) == "\"x\"");
  nodes.cluster[0].set_handler({});

  client.send({"acme.mget", nodes.a, nodes.b, nodes.a});
  serve(nodes.cluster[1], "acme.mget " + nodes.b, "*1\r\n:2\r\n");
  serve(nodes.cluster[0], "acme.mget " + nodes.a + " " + nodes.a, "*2\r\n:1\r\n:3\r\n");
  CHECK(kit::to_text(client.read()) == "[:1, :2, :3]");

  client.send({"acme.del", nodes.a, nodes.b});
  serve(nodes.cluster[0], "acme.del " + nodes.a, ":4\r\n");
  serve(nodes.cluster[1], "acme.del " + nodes.b, ":5\r\n");
  CHECK(kit::to_text(client.read()) == ":9");

  client.send({"acme.size"});
  serve(nodes.cluster[0], "acme.size", ":4\r\n");
  serve(nodes.cluster[1], "acme.size", ":7\r\n");
  CHECK(kit::to_text(client.read()) == ":7");

  CHECK(client.text({"acme.get"}) == "-ERR wrong number of arguments for 'acme.get' command");
  CHECK(client.text({"acme.tune", "x"}) == "-ERR command 'acme.tune' is not supported by Slotway");
}

TEST_CASE("a described command that blocks has a connection of its own") {
  Described nodes;
  nodes.cluster.describe_commands(command_reply(acme_commands()));
  const kit::InProcessProxy proxy(kit::inproc_config(nodes.cluster));
  TestClient waiting = proxy.client();
  TestClient client = proxy.client();
  waiting.send({"acme.take", nodes.a, "0"});
  const FakeRedis::Request taken = nodes.cluster[0].take();
  CHECK(words(taken) == "acme.take " + nodes.a + " 0");
  client.send({"GET", nodes.a});
  const FakeRedis::Request get = serve(nodes.cluster[0], "GET " + nodes.a, "$1\r\nv\r\n");
  CHECK(kit::to_text(client.read()) == "\"v\"");
  CHECK(get.connection != taken.connection);
  nodes.cluster[0].send(taken, "+late\r\n");
  CHECK(kit::to_text(waiting.read()) == "+late");
}

TEST_CASE("a command that appears while the proxy runs is learned when a client uses it") {
  Described nodes;
  const kit::InProcessProxy proxy(kit::inproc_config(nodes.cluster));
  TestClient client = proxy.client();
  nodes.cluster.describe_commands(command_reply(acme_commands()));
  nodes.cluster[0].set_handler(always(bulk("x")));
  const std::string unknown = "-ERR unknown command 'acme.get', with args beginning with: '" + nodes.a + "' ";
  CHECK(client.text({"acme.get", nodes.a}) == unknown);
  std::string reply = unknown;
  const auto limit = std::chrono::steady_clock::now() + kit::kPatience;
  while (reply == unknown && std::chrono::steady_clock::now() < limit)
    reply = client.text({"acme.get", nodes.a});
  CHECK(reply == "\"x\"");
  // CLIENT LIST names it.
  CHECK(client.command({"CLIENT", "LIST"}).text.find(" cmd=client|list ") != std::string::npos);
}

}  // namespace slotway::inproc
