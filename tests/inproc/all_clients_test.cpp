// Commands about the clients of all workers: asked at one, answered by all.
#include <algorithm>

#include "config/units.hpp"
#include "proxy/socket_address.hpp"
#include "tests/inproc/scene.hpp"

namespace slotway::inproc {

namespace {

void four_workers(config::Config& config) { config.workers = 4; }

std::string id_of(TestClient& client) { return std::to_string(client.command({"CLIENT", "ID"}).integer); }

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1)
    lines.push_back(text.substr(at, text.find('\n', at) - at));
  return lines;
}

std::string field(const std::string& line, const std::string& name) {
  const std::size_t at = (" " + line).find(" " + name + "=");
  if (at == std::string::npos) return "none";
  const std::size_t begin = at + name.size() + 1;
  return line.substr(begin, line.find(' ', begin) - begin);
}

// The field of each line, in the order of the lines.
std::vector<std::string> fields(TestClient& asking, const Args& command, const std::string& name) {
  std::vector<std::string> values;
  for (const std::string& line : lines_of(asking.command(command).text)) values.push_back(field(line, name));
  return values;
}

std::string local(const TestClient& client) {
  return config::print_host_port(proxy::local_address(client.fd()).tcp);
}

// Twelve clients are three a worker: new ones go to the worker with the fewest.
struct Crowd {
  Scene scene{1, four_workers};
  std::vector<TestClient> clients;
  std::vector<std::string> ids;

  Crowd() {
    for (int i = 0; i < 12; ++i) {
      clients.push_back(scene.known_client());
      ids.push_back(id_of(clients.back()));
    }
  }
  TestClient& asking() { return clients[0]; }
};

bool is_closed(TestClient& client) { return client.read_until_closed().empty(); }

}  // namespace

TEST_CASE("CLIENT LIST at one worker shows the clients of all") {
  Crowd crowd;
  for (std::size_t i = 0; i < crowd.clients.size(); ++i) {
    REQUIRE(crowd.clients[i].text({"CLIENT", "SETNAME", "n" + std::to_string(i)}) == "+OK");
  }
  std::vector<std::string> workers;
  for (const std::string& id : crowd.ids) workers.push_back(std::to_string(std::stoi(id) % 4));
  std::sort(workers.begin(), workers.end());
  CHECK(std::unique(workers.begin(), workers.end()) - workers.begin() == 4);

  const std::vector<std::string> listed = fields(crowd.asking(), {"CLIENT", "LIST"}, "id");
  for (const std::string& id : crowd.ids) CHECK(std::count(listed.begin(), listed.end(), id) == 1);
  // And the scene's own.
  CHECK(listed.size() >= crowd.ids.size() + 1);
  CHECK(std::is_sorted(listed.begin(), listed.end(), [](const std::string& a, const std::string& b) {
    return std::stoi(a) < std::stoi(b);
  }));

  const std::vector<std::string> some = {crowd.ids[9], crowd.ids[2], crowd.ids[9]};
  const Args by_id = {"CLIENT", "LIST", "ID", some[0], some[1], "99999", some[2]};
  CHECK(fields(crowd.asking(), by_id, "id") == some);
  CHECK(fields(crowd.asking(), by_id, "name") == std::vector<std::string>{"n9", "n2", "n9"});
  CHECK(fields(crowd.asking(), by_id, "addr") ==
        std::vector<std::string>{local(crowd.clients[9]), local(crowd.clients[2]), local(crowd.clients[9])});
  CHECK(fields(crowd.asking(), {"CLIENT", "LIST", "ID", some[0]}, "laddr") ==
        std::vector<std::string>{"127.0.0.1:" + std::to_string(crowd.scene.proxy.port())});
  CHECK(crowd.asking().text({"CLIENT", "LIST", "TYPE", "pubsub"}) == "\"\"");
}

TEST_CASE("replies behind a question to all workers wait for it") {
  Crowd crowd;
  for (TestClient& client : crowd.clients) {
    const std::vector<kit::Reply> replies = client.pipeline(
        {{"ECHO", "1"}, {"CLIENT", "LIST"}, {"ECHO", "2"}, {"CLIENT", "LIST", "ID", "0"}, {"ECHO", "3"}});
    REQUIRE(replies.size() == 5);
    CHECK(replies[0].text == "1");
    CHECK(replies[1].text.starts_with("id="));
    CHECK(replies[2].text == "2");
    CHECK(replies[3].text.empty());
    CHECK(replies[4].text == "3");
  }
}

TEST_CASE("CLIENT KILL closes the clients of other workers too") {
  Crowd crowd;
  TestClient& asking = crowd.asking();
  SECTION("by id") {
    for (std::size_t i = 1; i < crowd.clients.size(); ++i) {
      CHECK(asking.text({"CLIENT", "KILL", "ID", crowd.ids[i]}) == ":1");
      CHECK(is_closed(crowd.clients[i]));
      CHECK(asking.text({"CLIENT", "KILL", "ID", crowd.ids[i]}) == ":0");
    }
  }
  SECTION("by address, as of old") {
    for (std::size_t i = 1; i < crowd.clients.size(); ++i) {
      CHECK(asking.text({"CLIENT", "KILL", local(crowd.clients[i])}) == "+OK");
      CHECK(is_closed(crowd.clients[i]));
      CHECK(asking.text({"CLIENT", "KILL", local(crowd.clients[i])}) == "-ERR No such client");
    }
  }
  SECTION("all but the one that asks") {
    // The scene's own client is one more.
    CHECK(asking.text({"CLIENT", "KILL", "TYPE", "normal"}) == ":12");
    CHECK(asking.command({"INFO", "clients"}).text.find("connected_clients:1\r\n") != std::string::npos);
    for (std::size_t i = 1; i < crowd.clients.size(); ++i) CHECK(is_closed(crowd.clients[i]));
  }
  CHECK(asking.text({"PING"}) == "+PONG");
}

TEST_CASE("a client that kills all gets its reply and is closed with them") {
  Crowd crowd;
  crowd.asking().send_raw(encode({"CLIENT", "KILL", "SKIPME", "no", "USER", "default"}) + encode({"PING"}));
  CHECK(crowd.asking().read_until_closed() == ":13\r\n");
  for (std::size_t i = 1; i < crowd.clients.size(); ++i) CHECK(is_closed(crowd.clients[i]));
}

TEST_CASE("a client that is killed leaves its requests behind, and others their replies") {
  Scene scene(1, four_workers);
  const std::string a = scene.cluster.key(0);
  TestClient victim = scene.known_client();
  TestClient asking = scene.known_client();
  const std::string id = id_of(victim);
  victim.send({"GET", a});
  const auto request = scene.node(0).take();
  CHECK(asking.text({"CLIENT", "KILL", "ID", id}) == ":1");
  CHECK(is_closed(victim));
  scene.node(0).send(request, bulk("lost"));
  scene.proxy.wait_for_info("requests_in_flight", "0");
  scene.node(0).set_handler(always(bulk("mine")));
  CHECK(asking.text({"GET", a}) == "\"mine\"");
}

TEST_CASE("CLIENT PAUSE stops the clients of all workers until UNPAUSE") {
  Crowd crowd;
  const std::string a = crowd.scene.cluster.key(0);
  crowd.scene.node(0).set_handler(always("+OK\r\n"));
  TestClient& asking = crowd.asking();
  REQUIRE(asking.text({"CLIENT", "PAUSE", "1000000", "WRITE"}) == "+OK");
  for (std::size_t i = 1; i < crowd.clients.size(); ++i) {
    // The PING is answered, so the SET behind it in the same packet has been seen.
    crowd.clients[i].send_raw(encode({"PING"}) + encode({"SET", a, "1"}) + encode({"ECHO", "x"}));
    CHECK(kit::to_text(crowd.clients[i].read()) == "+PONG");
  }
  for (std::size_t i = 1; i < crowd.clients.size(); ++i) CHECK_FALSE(has_input(crowd.clients[i]));
  crowd.scene.proxy.wait_for_info("clients_blocked", "11");
  CHECK(crowd.scene.node(0).history().empty());
  CHECK(asking.text({"CLIENT", "UNPAUSE"}) == "+OK");
  for (std::size_t i = 1; i < crowd.clients.size(); ++i) {
    CHECK(kit::to_text(crowd.clients[i].read()) == "+OK");
    CHECK(kit::to_text(crowd.clients[i].read()) == "\"x\"");
  }
  CHECK(crowd.scene.proxy.info("clients_blocked") == "0");
}

TEST_CASE("a pause of writes holds back EXEC only if something queued writes") {
  Scene scene(1, four_workers);
  const std::string a = scene.cluster.key(0);
  scene.node(0).set_handler([](const FakeRedis::Request& request) {
    return FakeRedis::Reaction{request.args[0] == "EXEC"    ? "*1\r\n:1\r\n"
                               : request.args[0] == "MULTI" ? "+OK\r\n"
                                                            : "+QUEUED\r\n"};
  });
  TestClient reads = scene.known_client();
  TestClient writes = scene.known_client();
  for (TestClient* client : {&reads, &writes}) REQUIRE(client->text({"MULTI"}) == "+OK");
  REQUIRE(reads.text({"GET", a}) == "+QUEUED");
  REQUIRE(writes.text({"INCR", a}) == "+QUEUED");
  REQUIRE(scene.other.text({"CLIENT", "PAUSE", "1000000", "WRITE"}) == "+OK");
  const std::string line = scene.other.command({"CLIENT", "LIST", "ID", id_of(scene.other)}).text;
  CHECK(field(line, "multi") == "-1");
  const std::vector<std::string> multi = fields(scene.other, {"CLIENT", "LIST"}, "multi");
  CHECK(std::count(multi.begin(), multi.end(), "1") == 2);
  CHECK(reads.text({"EXEC"}) == "[:1]");
  writes.send({"EXEC"});
  scene.proxy.wait_for_info("clients_blocked", "1");
  CHECK_FALSE(has_input(writes));
  CHECK(scene.other.text({"CLIENT", "UNPAUSE"}) == "+OK");
  CHECK(kit::to_text(writes.read()) == "[:1]");
}

TEST_CASE("CLIENT PAUSE ends by itself") {
  Crowd crowd;
  TestClient& asking = crowd.asking();
  REQUIRE(asking.text({"CLIENT", "PAUSE", "150"}) == "+OK");
  // Also for the one that paused.
  for (TestClient& client : crowd.clients) client.send({"PING"});
  for (TestClient& client : crowd.clients) CHECK(kit::to_text(client.read()) == "+PONG");
}

TEST_CASE("what a client asked during a pause is not done when it has left") {
  Scene scene(1);
  TestClient leaves = scene.known_client();
  TestClient ends = scene.known_client();
  REQUIRE(scene.other.text({"CLIENT", "PAUSE", "1000000", "WRITE"}) == "+OK");
  leaves.send({"INCR", "k"});
  ends.send({"INCR", "k"});
  scene.proxy.wait_for_info("clients_blocked", "2");
  leaves.close();
  ends.shutdown_send();
  CHECK(ends.read_until_closed().empty());
  scene.proxy.wait_for_info("clients", "2");
  CHECK(scene.other.text({"CLIENT", "UNPAUSE"}) == "+OK");
  TestClient next = scene.client();
  next.send({"GET", "k"});
  serve(scene.node(0), "GET k", bulk("1"));
}

TEST_CASE("the bytes of a client that is killed are nobody's requests") {
  Scene scene(1, [](config::Config& config) { config.limits.max_output_bytes_per_client = 256 << 20; });
  TestClient killed = scene.known_client();
  const std::string id = id_of(killed);
  // It has said QUIT, and does not read: what it sends then stays in its socket.
  std::string pipeline;
  for (int i = 0; i < 1'000; ++i) pipeline += encode({"ECHO", std::string(32 << 10, 'e')});
  std::string junk;
  for (int i = 0; i < 20'000; ++i) junk += encode({"SET", "junk", "1"});
  killed.send_unread(pipeline + encode({"QUIT"}) + junk, 500ms);
  std::string request = encode({"CLIENT", "KILL", "ID", id});
  for (int i = 0; i < 1'000; ++i) request += encode({"ECHO", "x"});
  TestClient killer = scene.client();
  killer.send_raw(request);
  CHECK(kit::to_text(killer.read()) == ":1");
  for (int i = 0; i < 1'000; ++i) CHECK(kit::to_text(killer.read()) == "\"x\"");
  CHECK(scene.node(0).is_quiet());
}

TEST_CASE("a client that is paused may leave, and the proxy may stop") {
  Scene scene(1, four_workers);
  TestClient leaves = scene.known_client();
  TestClient stays = scene.known_client();
  REQUIRE(scene.other.text({"CLIENT", "PAUSE", "1000000", "ALL"}) == "+OK");
  leaves.send({"PING"});
  stays.send({"PING"});
  leaves.close();
  scene.proxy.begin_stop();
  CHECK(scene.proxy.wait_stopped(10s));
}

TEST_CASE("in view proxy CLUSTER names the address that the client has connected to") {
  Scene scene(3, four_workers);
  TestClient client = scene.client();
  const kit::Reply slots = client.command({"CLUSTER", "SLOTS"});
  REQUIRE(slots.elements.size() == 1);
  const std::vector<kit::Reply>& range = slots.elements[0].elements;
  REQUIRE(range.size() == 3);
  CHECK(range[0].integer == 0);
  CHECK(range[1].integer == 16383);
  CHECK(range[2].elements.at(0).text == "127.0.0.1");
  CHECK(range[2].elements.at(1).integer == scene.proxy.port());
  CHECK(range[2].elements.at(2).text == client.command({"CLUSTER", "MYID"}).text);
  CHECK(client.command({"CLUSTER", "INFO"}).text.starts_with("cluster_state:ok\r\n"));
}

}  // namespace slotway::inproc
