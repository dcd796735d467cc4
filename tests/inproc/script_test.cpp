// Scripts answer in any words, also after they have written: what only looks like a node's "not here" or "not
// now" is the client's, and is never acted upon.
#include "routing/key_slot.hpp"
#include "tests/inproc/scene.hpp"
#include "tests/kit/wait_until.hpp"

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

TEST_CASE("a script whose slot has moved to a node that is new follows it") {
  Scene scene(1);
  const std::string a = scene.cluster.key(0);
  const std::size_t fresh = scene.cluster.add_node();
  TestClient client = scene.client();
  client.send_raw(encode({"EVAL", "s", "1", a}) + encode({"GET", a}));
  const FakeRedis::Request eval = scene.node(0).take();
  const FakeRedis::Request get = scene.node(0).take();
  scene.cluster.move_all(0, fresh);
  scene.node(0).send(eval, scene.cluster.redirect("MOVED", a, fresh));
  serve(scene.node(fresh), "EVAL s 1 " + a, ":1\r\n");
  scene.node(0).send(get, scene.cluster.redirect("MOVED", a, fresh));
  serve(scene.node(fresh), "GET " + a, bulk("2"));
  CHECK(client.read_raw(11) == ":1\r\n" + bulk("2"));
}

TEST_CASE("a transaction with scripts follows its slot to a node that is new") {
  Scene scene(1);
  const std::string a = scene.cluster.key(0);
  const std::size_t fresh = scene.cluster.add_node();
  TestClient client = scene.client();
  client.send_raw(encode({"MULTI"}) + encode({"EVAL", "s", "1", a}) + encode({"EXEC"}));
  serve(scene.node(0), "MULTI", "+OK\r\n");
  serve(scene.node(0), "EVAL s 1 " + a, scene.cluster.redirect("MOVED", a, fresh));
  serve(scene.node(0), "EXEC", error("EXECABORT Transaction discarded because of previous errors."));
  serve(scene.node(fresh), "MULTI", "+OK\r\n");
  serve(scene.node(fresh), "EVAL s 1 " + a, "+QUEUED\r\n");
  serve(scene.node(fresh), "EXEC", "*1\r\n:1\r\n");
  CHECK(client.read_raw(22) == "+OK\r\n+QUEUED\r\n*1\r\n:1\r\n");
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

TEST_CASE("a script without keys always goes to one node, and so does its sha") {
  Scene scene(3, never_refresh);
  TestClient client = scene.client();
  for (const Args& command :
       {Args{"EVAL", "s", "0"}, Args{"EVALSHA", "sha", "0"}, Args{"EVAL", "t", "0", "arg"},
        Args{"FCALL", "f", "0"}, Args{"EVALSHA_RO", "sha", "0"}}) {
    client.send(command);
    scene.node(2).send(scene.node(2).take(), ":1\r\n");
    CHECK(kit::to_text(client.read()) == ":1");
  }
}

// Loads s on both nodes.
void load_script(Scene& scene, TestClient& client) {
  client.send({"SCRIPT", "LOAD", "s"});
  for (std::size_t i = 0; i < 2; ++i) serve(scene.node(i), "SCRIPT LOAD s", "$3\r\nsha\r\n");
  REQUIRE(kit::to_text(client.read()) == "\"sha\"");
}

TEST_CASE("what was loaded is loaded ahead of the first command that names it, once a connection") {
  Scene scene(2);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  load_script(scene, client);

  // A pipeline keeps its order: the script comes before what follows.
  client.send_raw(encode({"EVALSHA", "sha", "1", a}) + encode({"GET", a}) +
                  encode({"EVALSHA", "sha", "1", a}));
  serve(scene.node(0), "SCRIPT LOAD s", "$3\r\nsha\r\n");
  serve(scene.node(0), "EVALSHA sha 1 " + a, ":1\r\n");
  serve(scene.node(0), "GET " + a, bulk("v"));
  serve(scene.node(0), "EVALSHA sha 1 " + a, ":2\r\n");
  CHECK(client.read_raw(15) == ":1\r\n$1\r\nv\r\n:2\r\n");

  // A node that has not been told knows nothing, and neither does a new connection.
  const std::size_t heir = 1;
  scene.cluster.move_all(0, heir);
  client.send({"EVALSHA_RO", "sha", "1", a});
  serve(scene.node(0), "EVALSHA_RO sha 1 " + a, scene.cluster.redirect("MOVED", a, heir));
  serve(scene.node(heir), "SCRIPT LOAD s", "$3\r\nsha\r\n");
  serve(scene.node(heir), "EVALSHA_RO sha 1 " + a, ":3\r\n");
  CHECK(kit::to_text(client.read()) == ":3");

  scene.node(heir).close_connections();
  for (const std::string name : {"EVAL", "FCALL"}) {
    client.send({name, "x", "1", a});
    serve(scene.node(heir), name + " x 1 " + a, ":4\r\n");
    CHECK(kit::to_text(client.read()) == ":4");
  }
  client.send({"EVALSHA", "sha", "1", a});
  serve(scene.node(heir), "SCRIPT LOAD s", "$3\r\nsha\r\n");
  serve(scene.node(heir), "EVALSHA sha 1 " + a, ":5\r\n");
  CHECK(kit::to_text(client.read()) == ":5");
}

TEST_CASE("a script goes ahead of the transaction that names it, and of ASKING") {
  Scene scene(2);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  load_script(scene, client);
  client.send_raw(encode({"MULTI"}) + encode({"EVALSHA", "sha", "1", a}) + encode({"EXEC"}));
  serve(scene.node(0), "SCRIPT LOAD s", "$3\r\nsha\r\n");
  serve(scene.node(0), "MULTI", "+OK\r\n");
  serve(scene.node(0), "EVALSHA sha 1 " + a, scene.cluster.redirect("ASK", a, 1));
  serve(scene.node(0), "EXEC", error("EXECABORT Transaction discarded because of previous errors."));
  serve(scene.node(1), "SCRIPT LOAD s", "$3\r\nsha\r\n");
  serve(scene.node(1), "ASKING", "+OK\r\n");
  serve(scene.node(1), "MULTI", "+OK\r\n");
  serve(scene.node(1), "EVALSHA sha 1 " + a, "+QUEUED\r\n");
  serve(scene.node(1), "EXEC", "*1\r\n:1\r\n");
  CHECK(kit::to_text(client.read()) == "+OK");
  CHECK(kit::to_text(client.read()) == "+QUEUED");
  CHECK(kit::to_text(client.read()) == "[:1]");
}

TEST_CASE("a client hears what its command was told after a load that the node refused") {
  const std::string answer = GENERATE("NOSCRIPT No matching script. Please use EVAL.", "BUSY x");
  Scene scene(2);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  load_script(scene, client);
  client.send({"EVALSHA", "sha", "1", a});
  serve(scene.node(0), "SCRIPT LOAD s", error("BUSY x"));
  serve(scene.node(0), "EVALSHA sha 1 " + a, error(answer));
  CHECK(kit::to_text(client.read()) == "-" + answer);
}

TEST_CASE("a node that refuses a script is not sent all of them with each command") {
  Scene scene(2);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  load_script(scene, client);
  const auto run = [&] {
    client.send({"EVALSHA", "sha", "1", a});
    FakeRedis::Request request = scene.node(0).take();
    const bool loads = words(request) == "SCRIPT LOAD s";
    if (loads) {
      scene.node(0).send(request, error("NOPERM x"));
      request = scene.node(0).take();
    }
    CHECK(words(request) == "EVALSHA sha 1 " + a);
    scene.node(0).send(request, error("NOSCRIPT x"));
    CHECK(kit::to_text(client.read()) == "-NOSCRIPT x");
    return loads;
  };
  CHECK(run());
  // About once a second.
  int loads = 0;
  for (int i = 0; i < 50; ++i) loads += run() ? 1 : 0;
  CHECK(loads < 25);
  kit::wait_until("the script is sent again", kit::kPatience, run);
}

TEST_CASE("what was flushed is not loaded again") {
  Scene scene(2);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  load_script(scene, client);
  const auto flush = [&](const Args& command, const std::string& text) {
    client.send(command);
    for (std::size_t i = 0; i < 2; ++i) serve(scene.node(i), text, "+OK\r\n");
    CHECK(kit::to_text(client.read()) == "+OK");
  };
  flush({"SCRIPT", "FLUSH", "nonsense"}, "SCRIPT FLUSH nonsense");
  client.send({"SCRIPT", "EXISTS", "sha"});
  for (std::size_t i = 0; i < 2; ++i) {
    serve(scene.node(i), "SCRIPT LOAD s", "$3\r\nsha\r\n");
    serve(scene.node(i), "SCRIPT EXISTS sha", "*1\r\n:1\r\n");
  }
  CHECK(kit::to_text(client.read()) == "[:1]");

  flush({"SCRIPT", "FLUSH", "Async"}, "SCRIPT FLUSH Async");
  scene.node(0).close_connections();
  client.send({"EVALSHA", "sha", "1", a});
  serve(scene.node(0), "EVALSHA sha 1 " + a, error("NOSCRIPT x"));
  CHECK(kit::to_text(client.read()) == "-NOSCRIPT x");
}

TEST_CASE("while a script runs for long PING is the nodes' to answer") {
  Scene scene(2);
  const std::string a = scene.cluster.key(0);
  TestClient runs = scene.client();
  runs.send({"EVAL", "endless", "1", a});
  const FakeRedis::Request script = scene.node(0).take();
  TestClient client = scene.client();
  while (scene.node(0).is_quiet()) {
    client.send({"PING"});
    const bool local = [&] {
      while (!has_input(client)) {
        if (!scene.node(0).is_quiet()) return false;
      }
      return true;
    }();
    if (local) REQUIRE(kit::to_text(client.read()) == "+PONG");
  }
  CHECK(serve(scene.node(0), "PING", error("BUSY x")).connection != script.connection);
  serve(scene.node(1), "PING", "+PONG\r\n");
  CHECK(kit::to_text(client.read()) == "-BUSY x");
  // Behind a script of its own client it comes when that is over.
  client.send_raw(encode({"EVAL", "s", "1", a}) + encode({"PING"}));
  const FakeRedis::Request own = scene.node(0).take();
  CHECK(words(own) == "EVAL s 1 " + a);
  scene.node(0).send(script, ":1\r\n");
  scene.node(0).send(own, error("ERR killed"));
  CHECK(kit::to_text(client.read()) == "-ERR killed");
  CHECK(kit::to_text(client.read()) == "+PONG");
  CHECK(scene.node(1).is_quiet());
  CHECK(kit::to_text(runs.read()) == ":1");
}

}  // namespace slotway::inproc
