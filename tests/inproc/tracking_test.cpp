// CLIENT TRACKING with fake nodes: when it stands, who is told of which change, in which order, and what
// happens when a link to a node does not stand.
#include <atomic>
#include <mutex>

#include "protocol/reply_errors.hpp"
#include "routing/key_slot.hpp"
#include "tests/inproc/scene.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::inproc {
namespace {

const std::string kAll = ">2\r\n" + bulk("invalidate") + "_\r\n";

std::string changed(const std::string& key) { return ">2\r\n" + bulk("invalidate") + "*1\r\n" + bulk(key); }

void expect(TestClient& client, const std::string& bytes) { CHECK(client.read_raw(bytes.size()) == bytes); }

// Nodes that greet, and tell of changes on the connections where they were asked to, one of each worker.
struct Tracked {
  Scene scene;
  std::mutex mutex;
  std::vector<std::uint64_t> links[2];  // connections, by node; guarded by the mutex
  std::string a;

  explicit Tracked(std::size_t nodes = 1, const Scene::Adjust& adjust = {})
      : scene(nodes, adjust), a(scene.cluster.key(0)) {
    for (std::size_t i = 0; i < nodes; ++i) {
      scene.node(i).set_handler(
          [this, i](const FakeRedis::Request& request) -> std::optional<FakeRedis::Reaction> {
            if (request.args[0] == "HELLO") return FakeRedis::Reaction{kHello};
            if (request.args[0].ends_with("subscribe"))
              return FakeRedis::Reaction{"*3\r\n" + bulk(request.args[0]) + bulk(request.args[1]) + ":1\r\n"};
            if (words(request) != "CLIENT TRACKING ON BCAST") return std::nullopt;
            const std::lock_guard lock(mutex);
            links[i].push_back(request.connection);
            return FakeRedis::Reaction{"+OK\r\n"};
          });
    }
  }

  TestClient client(const Args& tracking = {"CLIENT", "TRACKING", "ON"}) {
    TestClient client = scene.client();
    speak_resp3(client);
    client.send(tracking);
    expect(client, "+OK\r\n");
    return client;
  }
  void get(TestClient& client, const std::string& key) {
    client.send({"GET", key});
    serve(scene.node(0), "GET " + key, bulk("v"));
    expect(client, bulk("v"));
  }
  void change(const std::string& bytes, std::size_t node = 0) {
    const std::lock_guard lock(mutex);
    for (const std::uint64_t link : links[node]) scene.node(node).send(link, bytes);
  }
  // Until then it is told again and again that everything has changed.
  void wait_until_tracked(TestClient& client) {
    kit::wait_until("what is read is tracked again", kit::kPatience, [&] {
      get(client, a);
      change(changed(a));
      const std::string frame = client.read_raw(kAll.size());
      if (frame == kAll) return false;
      CHECK(frame + client.read_raw(changed(a).size() - kAll.size()) == changed(a));
      return true;
    });
  }
  // The client hears nothing but the answer to this.
  static void expect_silence(TestClient& client) {
    client.send({"PING"});
    expect(client, "+PONG\r\n");
  }
};

}  // namespace

TEST_CASE("who has read a key is told of its next change") {
  Tracked t(2);
  TestClient client = t.client();
  t.get(client, t.a);
  t.change(changed("other") + changed(t.a) + changed(t.a));
  expect(client, changed(t.a));
  Tracked::expect_silence(client);
  t.get(client, t.a);
  t.change(kAll, 1);
  expect(client, kAll);
  // That was of everything: nothing is left to be told of.
  t.change(changed(t.a) + kAll);
  t.scene.barrier();
  Tracked::expect_silence(client);
}

TEST_CASE("CLIENT TRACKING ON is answered when all primaries tell of changes") {
  Tracked t(2);
  t.scene.node(1).set_handler({});
  TestClient client = t.scene.client();
  speak_resp3(client);
  client.send_raw(encode({"CLIENT", "TRACKING", "ON"}) + encode({"GET", t.a}));
  serve(t.scene.node(1), "HELLO 3", kHello);
  const auto asked = t.scene.node(1).take();
  CHECK(words(asked) == "CLIENT TRACKING ON BCAST");
  t.scene.barrier();
  CHECK_FALSE(has_input(client));
  CHECK(t.scene.node(0).is_quiet());
  t.scene.node(1).send(asked, "+OK\r\n");
  expect(client, "+OK\r\n");
  serve(t.scene.node(0), "GET " + t.a, bulk("v"));
  expect(client, bulk("v"));
}

TEST_CASE("a node that refuses is named to the client, and asked again") {
  Tracked t;
  std::atomic<bool> refuses = true;
  t.scene.node(0).set_handler([&](const FakeRedis::Request& request) {
    if (request.args[0] == "HELLO") return FakeRedis::Reaction{kHello};
    return FakeRedis::Reaction{refuses ? error("NOPERM no 'client|tracking'") : "+OK\r\n"};
  });
  TestClient client = t.scene.client();
  CHECK(client.text({"CLIENT", "TRACKING", "ON"}) == "-NOPERM no 'client|tracking'");
  CHECK(client.text({"CLIENT", "TRACKINGINFO"}) == R"(["flags", ["off"], "redirect", :-1, "prefixes", []])");
  refuses = false;
  CHECK(client.text({"CLIENT", "TRACKING", "ON"}) == "+OK");
}

TEST_CASE("a node that does not answer is not waited for without end") {
  Tracked t(1, request_timeout(300ms));
  t.scene.node(0).set_handler({});
  TestClient client = t.scene.client();
  CHECK(client.text({"CLIENT", "TRACKING", "ON"}) == "-" + std::string(protocol::errors::kNotSent));
  CHECK(client.text({"PING"}) == "+PONG");
}

TEST_CASE("an invalidation comes behind the reply that may be older") {
  Tracked t;
  TestClient client = t.client();
  client.send_raw(encode({"GET", t.a}) + encode({"SET", t.a, "1"}));
  const auto get = t.scene.node(0).take();
  const auto set = t.scene.node(0).take();
  t.change(changed(t.a));
  t.scene.barrier();
  CHECK_FALSE(has_input(client));
  t.scene.node(0).send(get, bulk("old"));
  t.scene.node(0).send(set, "+OK\r\n");
  expect(client, bulk("old") + "+OK\r\n" + changed(t.a));
  // The value that came may be older than this change, too.
  t.change(changed(t.a) + changed(t.a));
  expect(client, changed(t.a));
  Tracked::expect_silence(client);
}

TEST_CASE("a client that blocks is told all the same") {
  Tracked t;
  TestClient client = t.client();
  t.get(client, t.a);
  client.send({"BLPOP", t.a, "0"});
  const auto pop = t.scene.node(0).take();
  CHECK(words(pop) == "BLPOP " + t.a + " 0");
  t.change(changed(t.a));
  expect(client, changed(t.a));
  t.scene.node(0).send(pop, "_\r\n");
  expect(client, "_\r\n");
}

TEST_CASE("what waits behind a reply is bounded, and comes in order") {
  Tracked t(1, [](config::Config& config) { config.limits.max_memory_bytes_per_client = 64 * 1024; });
  TestClient client = t.client({"CLIENT", "TRACKING", "ON", "BCAST"});
  client.send({"GET", t.a});
  const auto get = t.scene.node(0).take();
  const bool within = GENERATE(true, false);
  const int changes = within ? 1000 : 3000;
  std::string frames;
  for (int i = 0; i < changes; ++i) frames += changed("k" + std::to_string(i));
  t.change(frames);
  if (within) {
    t.scene.barrier();
    t.scene.node(0).send(get, bulk("v"));
    expect(client, bulk("v") + frames);
  } else {
    CHECK(client.read_until_closed().empty());
  }
}

TEST_CASE("while a link does not stand, all that is read counts as changed") {
  Tracked t(2, [](config::Config& config) { config.timeouts.connect = 100ms; });
  TestClient client = t.client();
  TestClient broad = t.client({"CLIENT", "TRACKING", "ON", "BCAST"});
  t.get(client, t.a);
  t.scene.node(1).go_down();
  expect(client, kAll);
  expect(broad, kAll + kAll);
  t.get(client, t.a);
  expect(client, kAll);

  t.scene.node(1).restart();
  t.wait_until_tracked(client);
  Tracked::expect_silence(client);
}

TEST_CASE("what is read at a node that has no link counts as changed") {
  Tracked t(2, never_refresh);
  TestClient client = t.client();
  kit::FakeRedis newcomer;
  newcomer.set_handler(always(kHello));
  client.send({"GET", t.a});
  const auto get = t.scene.node(0).take();
  newcomer.set_handler([](const FakeRedis::Request& request) -> std::optional<FakeRedis::Reaction> {
    if (request.args[0] == "HELLO") return FakeRedis::Reaction{kHello};
    return FakeRedis::Reaction{request.args[0] == "ASKING" ? "+OK\r\n" : bulk("v")};
  });
  t.scene.node(0).send(get, error("ASK " + std::to_string(routing::slot_of(t.a)) +
                                  " 127.0.0.1:" + std::to_string(newcomer.port())));
  expect(client, bulk("v") + kAll);
  t.wait_until_tracked(client);
}

TEST_CASE("CLIENT TRACKING ON does not wait for the end of a migration") {
  Tracked t(2, [](config::Config& config) {
    never_refresh(config);
    config.timeouts.request = 1s;
  });
  TestClient reader = t.scene.client();
  kit::FakeRedis newcomer;
  newcomer.set_handler(always("+OK\r\n"));
  TestClient client = t.scene.client();
  const auto read_elsewhere = [&] {
    reader.send({"GET", t.a});
    serve(t.scene.node(0), "GET " + t.a,
          error("ASK " + std::to_string(routing::slot_of(t.a)) +
                " 127.0.0.1:" + std::to_string(newcomer.port())));
    expect(reader, "+OK\r\n");
  };
  read_elsewhere();
  // The worker has seen it: what comes now comes while reads go elsewhere.
  TestClient first = t.client();
  first.send({"GET", t.a});
  serve(t.scene.node(0), "GET " + t.a, bulk("v"));
  expect(first, bulk("v"));
  read_elsewhere();
  while (!has_input(first)) read_elsewhere();
  client.send({"CLIENT", "TRACKING", "ON"});
  while (!has_input(client)) read_elsewhere();
  expect(client, "+OK\r\n");
}

TEST_CASE("keys of a transaction that has failed are not kept, and others are part of its size") {
  Tracked t(1, [](config::Config& config) { config.limits.max_memory_bytes_per_client = 64 * 1024; });
  TestClient client = t.client();
  const bool fails = GENERATE(true, false);
  client.send({"MULTI"});
  expect(client, "+OK\r\n");
  if (fails) {
    client.send({"NOSUCH"});
    expect(client, error("ERR unknown command 'NOSUCH', with args beginning with: "));
  }
  // 40 KB queued, and 40 KB of keys.
  const Args get = {"GET", std::string(1000, 'k')};
  int queued = 0;
  try {
    for (; queued < 40; ++queued) {
      client.send(get);
      const std::string reply = client.read_raw(9);
      CHECK(reply == "+QUEUED\r\n");
    }
  } catch (const kit::ClientError&) {
  }
  CHECK((queued == 40) == fails);
  CHECK(queued > 25);
}

TEST_CASE("prefixes are told of what begins with them") {
  Tracked t;
  TestClient client = t.client({"CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "u:"});
  t.change(changed("v:1") + ">2\r\n" + bulk("invalidate") + "*3\r\n" + bulk("u:1") + bulk("x") + bulk("u:2"));
  expect(client, ">2\r\n" + bulk("invalidate") + "*2\r\n" + bulk("u:1") + bulk("u:2"));
  client.send({"CLIENT", "TRACKING", "OFF"});
  expect(client, "+OK\r\n");
  t.change(changed("u:1"));
  t.scene.barrier();
  Tracked::expect_silence(client);
}

TEST_CASE("OPTIN and OPTOUT are of the next command or transaction") {
  Tracked t;
  const bool optin = GENERATE(true, false);
  TestClient client = t.client({"CLIENT", "TRACKING", "ON", optin ? "OPTIN" : "OPTOUT"});
  const auto is_tracked = [&] {
    t.change(changed(t.a));
    t.scene.barrier();
    client.send({"PING"});
    const bool told = client.read_raw(1) == ">";
    const std::string rest = (told ? changed(t.a) : std::string()) + "+PONG\r\n";
    CHECK(client.read_raw(rest.size() - 1) == rest.substr(1));
    return told;
  };
  const Args caching = {"CLIENT", "CACHING", optin ? "YES" : "NO"};
  t.get(client, t.a);
  CHECK(is_tracked() == !optin);
  client.send(caching);
  expect(client, "+OK\r\n");
  t.get(client, t.a);
  CHECK(is_tracked() == optin);
  t.get(client, t.a);
  CHECK(is_tracked() == !optin);

  client.send_raw(encode(caching) + encode({"MULTI"}) + encode({"GET", t.a}) + encode({"EXEC"}));
  expect(client, "+OK\r\n+OK\r\n+QUEUED\r\n");
  serve(t.scene.node(0), "MULTI", "+OK\r\n");
  serve(t.scene.node(0), "GET " + t.a, "+QUEUED\r\n");
  serve(t.scene.node(0), "EXEC", "*1\r\n" + bulk("v"));
  expect(client, "*1\r\n" + bulk("v"));
  CHECK(is_tracked() == optin);
  t.get(client, t.a);
  CHECK(is_tracked() == !optin);
}

TEST_CASE("what a transaction reads is read at EXEC") {
  Tracked t;
  TestClient client = t.client();
  client.send_raw(encode({"MULTI"}) + encode({"GET", t.a}));
  expect(client, "+OK\r\n+QUEUED\r\n");
  t.change(changed(t.a));
  t.scene.barrier();
  CHECK_FALSE(has_input(client));
  client.send({"DISCARD"});
  expect(client, "+OK\r\n");
  t.change(changed(t.a));
  t.scene.barrier();
  Tracked::expect_silence(client);

  client.send_raw(encode({"MULTI"}) + encode({"GET", t.a}) + encode({"EXEC"}));
  expect(client, "+OK\r\n+QUEUED\r\n");
  serve(t.scene.node(0), "MULTI", "+OK\r\n");
  serve(t.scene.node(0), "GET " + t.a, "+QUEUED\r\n");
  const auto exec = t.scene.node(0).take();
  t.change(changed(t.a));
  t.scene.barrier();
  CHECK_FALSE(has_input(client));
  t.scene.node(0).send(exec, "*1\r\n" + bulk("v"));
  expect(client, "*1\r\n" + bulk("v") + changed(t.a));
}

TEST_CASE("another client is told instead, on whichever worker, in its protocol") {
  Tracked t(1, [](config::Config& config) { config.workers = 3; });
  const bool resp3 = GENERATE(true, false);
  const std::string channel = "__redis__:invalidate";
  const std::string message = "*3\r\n" + bulk("message") + bulk(channel) + "*1\r\n" + bulk(t.a);
  // Twelve clients are on all workers.
  for (int i = 0; i < 12; ++i) {
    TestClient target = t.scene.known_client();
    const std::string id = std::to_string(target.command({"CLIENT", "ID"}).integer);
    TestClient client = t.client({"CLIENT", "TRACKING", "ON", "REDIRECT", id});
    if (resp3) {
      speak_resp3(target);
    } else {
      // One of RESP2 that does not listen is told nothing.
      t.get(client, t.a);
      t.change(changed(t.a));
      t.scene.barrier();
      Tracked::expect_silence(client);
      Tracked::expect_silence(target);
      CHECK(target.text({"SUBSCRIBE", channel}) == "[\"subscribe\", \"" + channel + "\", :1]");
    }
    t.get(client, t.a);
    t.change(changed(t.a));
    expect(target, resp3 ? changed(t.a) : message);

    target.close();
    kit::wait_until("the other client has gone", kit::kPatience, [&] {
      return t.scene.other.command({"CLIENT", "LIST", "ID", id}).text.empty();
    });
    t.get(client, t.a);
    t.change(changed(t.a));
    expect(client, ">2\r\n" + bulk("tracking-redir-broken") + ":" + id + "\r\n");
    client.send({"CLIENT", "TRACKING", "ON", "REDIRECT", id});
    const std::string gone = error(protocol::errors::kNoRedirectClient);
    expect(client, gone);
  }
}

TEST_CASE("RESET, OFF and the end of a client end its tracking") {
  Tracked t;
  TestClient client = t.client();
  t.get(client, t.a);
  const std::string how = GENERATE("RESET", "OFF", "close");
  if (how == "close") {
    client.close();
  } else if (how == "OFF") {
    client.send({"CLIENT", "TRACKING", "OFF"});
    expect(client, "+OK\r\n");
  } else {
    client.send({"RESET"});
    expect(client, "+RESET\r\n");
  }
  t.change(changed(t.a));
  if (how != "close") {
    t.scene.barrier();
    Tracked::expect_silence(client);
  }
  TestClient next = t.client();
  t.change(changed(t.a));
  t.scene.barrier();
  Tracked::expect_silence(next);
}

}  // namespace slotway::inproc
