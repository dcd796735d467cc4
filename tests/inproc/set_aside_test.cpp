// The connections that are set aside for one session: nobody else's hands, at no end of a session, of a
// request or of a watch, are they left in.
#include "protocol/reply_errors.hpp"
#include "tests/inproc/scene.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::inproc {
namespace {

namespace errors = protocol::errors;

const std::string kPopped = "*2\r\n$1\r\nq\r\n$1\r\nx\r\n";

void serve_and_expect(Scene& scene, TestClient& client, const Args& command, const std::string& reply) {
  std::string line;
  for (const std::string& arg : command) line += (line.empty() ? "" : " ") + arg;
  client.send(command);
  serve(scene.node(0), line, reply);
  CHECK(client.read_raw(reply.size()) == reply);
}

// A blocking command can be served: a connection can be set aside. One that was closed makes room at the
// worker's next tick.
void check_can_block(Scene& scene, const std::string& key) {
  TestClient client = scene.known_client();
  kit::wait_until("a connection can be set aside", kit::kPatience, [&] {
    client.send({"BRPOP", key, "0"});
    scene.barrier();
    scene.barrier();  // what the turn of the first one has written is here
    return !has_input(client) || kit::to_text(client.read()) != "-" + std::string(errors::kAllPinned);
  });
  serve(scene.node(0), "BRPOP " + key + " 0", kPopped);
  CHECK(client.read_raw(kPopped.size()) == kPopped);
}

}  // namespace

TEST_CASE("a blocking command between WATCH and EXEC leaves the watch alone") {
  Scene scene(2, [](config::Config& config) {
    config.limits.max_pinned_per_worker = 3;
    config.topology.min_refresh_interval = 1h;
  });
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  for (int round = 0; round < 3; ++round) {
    client.send({"WATCH", a});
    const auto watch = serve(scene.node(0), "WATCH " + a, "+OK\r\n");
    CHECK(client.read_raw(5) == "+OK\r\n");
    client.send({"BLPOP", a, "0"});
    const auto pop = scene.node(0).take();
    CHECK(words(pop) == "BLPOP " + a + " 0");
    CHECK(pop.connection != watch.connection);
    const bool moved = round == 1;
    scene.node(0).send(pop, moved ? scene.cluster.redirect("ASK", a, 1) : kPopped);
    if (moved) {
      serve(scene.node(1), "ASKING", "+OK\r\n");
      serve(scene.node(1), "BLPOP " + a + " 0", kPopped);
    }
    CHECK(client.read_raw(kPopped.size()) == kPopped);
    client.send_raw(encode({"MULTI"}) + encode({"SET", a, "1"}) + encode({"EXEC"}));
    CHECK(serve(scene.node(0), "MULTI", "+OK\r\n").connection == watch.connection);
    serve(scene.node(0), "SET " + a + " 1", "+QUEUED\r\n");
    serve(scene.node(0), "EXEC", "*-1\r\n");
    const std::string expected = "+OK\r\n+QUEUED\r\n*-1\r\n";
    CHECK(client.read_raw(expected.size()) == expected);
  }
}

TEST_CASE("a client that leaves while its blocking command waits for a node takes no element") {
  Scene scene(1);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.known_client();
  scene.node(0).go_down();
  client.send({"BLPOP", a, "0"});
  scene.barrier();
  SECTION("closing") { client.close(); }
  SECTION("ending its side") {
    client.shutdown_send();
    CHECK(client.read_until_closed().empty());
  }
  scene.proxy.wait_for_info("clients", "2");
  scene.node(0).restart();
  TestClient next = scene.client();
  serve_and_expect(scene, next, {"GET", a}, bulk("1"));
  scene.barrier();
  scene.proxy.wait_for_info("clients_blocked", "0");
  scene.proxy.wait_for_info("requests_in_flight", "0");
  CHECK(scene.node(0).is_quiet());
}

TEST_CASE("a reply that is too long for its client ends the client, not the connection's bookkeeping") {
  Scene scene(1, [](config::Config& config) {
    config.limits.max_pinned_per_worker = 1;
    config.limits.max_memory_bytes_per_client = 64 << 10;
    config.limits.max_output_bytes_per_client = 32 << 10;
  });
  const std::string a = scene.cluster.key(0);
  const std::string element = "*2\r\n" + bulk("q") + bulk(std::string(256 << 10, 'v'));
  TestClient client = scene.known_client();
  SECTION("of a blocking command") {
    client.send({"BLPOP", a, "0"});
    serve(scene.node(0), "BLPOP " + a + " 0", element);
  }
  SECTION("of a watched transaction") {
    serve_and_expect(scene, client, {"WATCH", a}, "+OK\r\n");
    client.send_raw(encode({"MULTI"}) + encode({"GET", a}) + encode({"EXEC"}));
    serve(scene.node(0), "MULTI", "+OK\r\n");
    serve(scene.node(0), "GET " + a, "+QUEUED\r\n");
    serve(scene.node(0), "EXEC", "*1\r\n" + bulk(std::string(256 << 10, 'v')));
  }
  scene.proxy.wait_for_info("clients", "2");
  CHECK(scene.proxy.info("requests_in_flight") == "0");
  check_can_block(scene, a);
  CHECK(scene.proxy.info("requests_in_flight") == "0");
}

TEST_CASE("what is not answered in time is forgotten by its client") {
  Scene scene(2, [](config::Config& config) {
    config.limits.max_pinned_per_worker = 2;
    config.timeouts.request = 300ms;
  });
  const std::string a = scene.cluster.key(0);
  const std::string b = scene.cluster.key(0, 1);
  const std::string late = error(errors::kTimeout);
  TestClient client = scene.client();
  SECTION("a watched transaction") {
    serve_and_expect(scene, client, {"WATCH", a}, "+OK\r\n");
    client.send_raw(encode({"MULTI"}) + encode({"SET", a, "1"}) + encode({"EXEC"}));
    for (const std::string line : {"MULTI", "SET", "EXEC"}) CHECK(scene.node(0).take().args[0] == line);
    const std::string expected = "+OK\r\n+QUEUED\r\n" + late;
    CHECK(client.read_raw(expected.size()) == expected);
  }
  SECTION("a blocking command, behind an ASKING that is not answered either") {
    client.send({"BLPOP", a, "0.1"});
    serve(scene.node(0), "BLPOP " + a + " 0.1", scene.cluster.redirect("ASK", a, 1));
    CHECK(words(scene.node(1).take()) == "ASKING");
    CHECK(client.read_raw(late.size()) == late);
  }
  scene.proxy.wait_for_info("requests_in_flight", "0");
  // The one that was late is closed; the one that said ASK may be used again.
  scene.node(1).wait_for_open_connections(0);
  // No watch is left over, neither its slot nor its connection.
  serve_and_expect(scene, client, {"WATCH", b}, "+OK\r\n");
  client.send({"UNWATCH"});
  serve(scene.node(0), "UNWATCH", "+OK\r\n");
  CHECK(client.read_raw(5) == "+OK\r\n");
  check_can_block(scene, a);
}

TEST_CASE("a client that watches is not one that blocks") {
  Scene scene(1, [](config::Config& config) { config.timeouts.drain = 60s; });
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.known_client();
  serve_and_expect(scene, client, {"WATCH", a}, "+OK\r\n");
  CHECK(client.command({"CLIENT", "INFO"}).text.find(" flags=N ") != std::string::npos);
  SECTION("a drain answers what it has in flight, and lets it end its transaction") {
    client.send({"GET", a});
    const auto get = scene.node(0).take();
    scene.proxy.begin_stop();
    CHECK(scene.other.read_until_closed().empty());
    scene.node(0).send(get, bulk("1"));
    CHECK(kit::to_text(client.read()) == "\"1\"");
    client.send_raw(encode({"MULTI"}) + encode({"SET", a, "1"}) + encode({"EXEC"}));
    serve(scene.node(0), "MULTI", "+OK\r\n");
    serve(scene.node(0), "SET " + a + " 1", "+QUEUED\r\n");
    serve(scene.node(0), "EXEC", "*1\r\n+OK\r\n");
    CHECK(client.read_until_closed() == "+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");
  }
  SECTION("it is answered when it sends no more") {
    client.send_raw(encode({"MULTI"}) + encode({"SET", a, "1"}) + encode({"EXEC"}));
    client.shutdown_send();
    serve(scene.node(0), "MULTI", "+OK\r\n");
    serve(scene.node(0), "SET " + a + " 1", "+QUEUED\r\n");
    serve(scene.node(0), "EXEC", "*1\r\n+OK\r\n");
    CHECK(client.read_until_closed() == "+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");
  }
  SECTION("QUIT is answered") {
    client.send_raw(encode({"GET", a}) + encode({"QUIT"}));
    serve(scene.node(0), "GET " + a, bulk("1"));
    CHECK(client.read_until_closed() == bulk("1") + "+OK\r\n");
  }
}

TEST_CASE("what was watched before HELLO with another protocol counts as changed") {
  Scene scene(1, pinned_limit(1));
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  serve_and_expect(scene, client, {"WATCH", a}, "+OK\r\n");
  client.send_raw(encode({"HELLO", "3"}) + encode({"MULTI"}) + encode({"SET", a, "1"}) + encode({"EXEC"}) +
                  encode({"QUIT"}));
  const std::string replies = client.read_until_closed();
  CHECK(replies.ends_with("+OK\r\n+QUEUED\r\n_\r\n+OK\r\n"));
  CHECK(scene.node(0).is_quiet());
  check_can_block(scene, a);
}

TEST_CASE("a client that blocks is counted until it is answered") {
  Scene scene(1);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  client.send({"BLPOP", a, "0"});
  const auto pop = scene.node(0).take();
  CHECK(scene.proxy.info("clients_blocked") == "1");
  scene.node(0).send(pop, kPopped);
  CHECK(client.read_raw(kPopped.size()) == kPopped);
  CHECK(scene.proxy.info("clients_blocked") == "0");
}

}  // namespace slotway::inproc
