// Scripts answer in any words, also after they have written: what only looks like a node's "not here" or "not
// now" is the client's, and is never acted upon.
#include "routing/key_slot.hpp"
#include "tests/inproc/scene.hpp"

namespace slotway::inproc {

TEST_CASE("a redirect that a script made up reaches the client, and leads nowhere") {
  Scene scene(2, never_refresh);
  FakeRedis stranger;
  const std::string a = scene.cluster.key(0);
  const std::string other_slot = scene.cluster.key(0, 1);
  const std::string elsewhere = " 127.0.0.1:" + std::to_string(stranger.port());
  const std::string slot = std::to_string(routing::slot_of(a));
  TestClient client = scene.client();
  std::vector<std::string> texts{"MOVED " + slot + elsewhere, "ASK " + slot + elsewhere,
                                 "MOVED " + slot + " ?:1"};
  for (const std::string kind : {"MOVED", "ASK"}) {
    const std::string reply = scene.cluster.redirect(kind, other_slot, 1);
    texts.push_back(reply.substr(1, reply.size() - 3));
  }
  for (const std::string kind : {"TRYAGAIN", "CLUSTERDOWN", "LOADING", "MASTERDOWN", "READONLY"})
    texts.push_back(kind + " busy");
  for (const std::string& text : texts) {
    for (const std::string name : {"EVAL", "EVALSHA", "FCALL", "EVAL_RO", "EVALSHA_RO", "FCALL_RO"}) {
      INFO(name << " " << text);
      client.send({name, "s", "1", a});
      serve(scene.node(0), name + " s 1 " + a, error(text));
      REQUIRE(kit::to_text(client.read()) == "-" + text);
    }
  }
  CHECK(stranger.accepted() == 0);
  for (const std::string& key : {a, other_slot}) {
    client.send({"GET", key});
    serve(scene.node(0), "GET " + key, bulk("1"));
    CHECK(kit::to_text(client.read()) == "\"1\"");
  }
  CHECK(scene.node(1).history().empty());
}

TEST_CASE("a script without keys is not redirected by what it says") {
  Scene scene(1, never_refresh);
  const std::string moved = scene.cluster.redirect("MOVED", "a", 0);
  TestClient client = scene.client();
  client.send({"EVAL", "s", "0"});
  serve(scene.node(0), "EVAL s 0", moved);
  CHECK(client.read_raw(moved.size()) == moved);
  CHECK(scene.node(0).is_quiet());
}

TEST_CASE("a script that a node really redirects or puts off is sent again") {
  Scene scene(2, never_refresh);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  client.send({"EVAL", "s", "1", a});
  serve(scene.node(0), "EVAL s 1 " + a, error("TRYAGAIN Multiple keys request during rehashing of slot"));
  serve(scene.node(0), "EVAL s 1 " + a, scene.cluster.redirect("ASK", a, 1));
  serve(scene.node(1), "ASKING", "+OK\r\n");
  serve(scene.node(1), "EVAL s 1 " + a, error("LOADING Redis is loading the dataset in memory"));
  serve(scene.node(0), "EVAL s 1 " + a, scene.cluster.redirect("MOVED", a, 1));
  serve(scene.node(1), "EVAL s 1 " + a, ":7\r\n");
  CHECK(client.read_raw(4) == ":7\r\n");
}

}  // namespace slotway::inproc
