// SCAN through the proxy: one shard after another, each asked with its own cursor.
#include "protocol/reply_errors.hpp"
#include "tests/inproc/scene.hpp"

namespace slotway::inproc {
namespace {

std::string scan_reply(std::string_view cursor, const std::string& key) {
  return "*2\r\n" + bulk(cursor) + "*1\r\n" + bulk(key);
}

struct Page {
  std::string cursor;
  std::string keys;  // as text
};

Page page(const kit::Reply& reply) {
  INFO(kit::to_text(reply));
  REQUIRE(reply.elements.size() == 2);
  return {reply.elements[0].text, kit::to_text(reply.elements[1])};
}

}  // namespace

TEST_CASE("a scan goes through the shards by cursors of the proxy's own") {
  Scene scene(2);
  TestClient client = scene.client();
  client.send({"SCAN", "0", "MATCH", "a*", "COUNT", "5"});
  serve(scene.node(0), "SCAN 0 MATCH a* COUNT 5", scan_reply("2147483647", "a"));
  const Page first = page(client.read());
  CHECK(first.keys == "[\"a\"]");
  CHECK(std::stoull(first.cursor) < 1ull << 53);
  CHECK(std::stoull(first.cursor) % 16384 == 0);

  // Arguments are those of each call; another connection can go on with a cursor.
  TestClient another = scene.client();
  another.send({"scan", first.cursor});
  serve(scene.node(0), "scan 2147483647", scan_reply("0", "b"));
  const Page second = page(another.read());
  CHECK(second.keys == "[\"b\"]");
  CHECK(std::stoull(second.cursor) % 16384 == 8192);

  client.send({"SCAN", second.cursor, "TYPE", "list"});
  serve(scene.node(1), "SCAN 0 TYPE list", scan_reply("3", "c"));
  const Page third = page(client.read());
  client.send({"SCAN", third.cursor});
  serve(scene.node(1), "SCAN 3", scan_reply("0", "d"));
  CHECK(kit::to_text(client.read()) == "[\"0\", [\"d\"]]");
}

TEST_CASE("what the node says against a scan is passed on, and bad cursors are refused") {
  Scene scene(1);
  TestClient client = scene.client();
  client.send({"SCAN", "0", "COUNT", "0"});
  serve(scene.node(0), "SCAN 0 COUNT 0", "-ERR syntax error\r\n");
  CHECK(kit::to_text(client.read()) == "-ERR syntax error");
  for (const char* cursor : {"x", "-1", "5", "18446744073709551616"})
    CHECK(client.text({"SCAN", cursor}) == "-ERR invalid cursor");
  client.send({"SCAN", "0"});
  serve(scene.node(0), "SCAN 0", "+OK\r\n");
  CHECK(kit::to_text(client.read()) == "-" + std::string(protocol::errors::kBadFragment));
  CHECK(scene.node(0).is_quiet());
}

TEST_CASE("a node's cursor is never given to another node's answer") {
  Scene scene(2);
  const std::size_t heir = scene.cluster.add_node();
  TestClient client = scene.client();
  client.send({"SCAN", "0"});
  serve(scene.node(0), "SCAN 0", scan_reply("7", "a"));
  const Page first = page(client.read());

  // The request is sent again, to the new primary, for which 7 means nothing.
  client.send({"SCAN", first.cursor});
  CHECK(words(scene.node(0).take()) == "SCAN 7");
  scene.cluster.move_all(0, heir);
  scene.node(0).go_down();
  serve(scene.node(heir), "SCAN 7", scan_reply("0", "unused"));
  const Page second = page(client.read());
  CHECK(second.keys == "[]");
  CHECK(second.cursor != "0");
  client.send({"SCAN", second.cursor});
  serve(scene.node(heir), "SCAN 0", scan_reply("0", "b"));
  const Page third = page(client.read());
  CHECK(third.keys == "[\"b\"]");
  client.send({"SCAN", third.cursor});
  serve(scene.node(1), "SCAN 0", scan_reply("0", "c"));
  CHECK(kit::to_text(client.read()) == "[\"0\", [\"c\"]]");
}

}  // namespace slotway::inproc
