// MONITOR through the whole proxy: what it shows, to whom, and when it ends.
#include "tests/inproc/scene.hpp"

namespace slotway::inproc {

namespace {

// What stands behind the time and the address, which is checked to be the client's.
std::string shown(TestClient& monitor) {
  const kit::Reply line = monitor.read();
  REQUIRE(line.type == kit::Reply::Type::status);
  const std::size_t dot = line.text.find('.');
  const std::size_t end = line.text.find("] ");
  INFO(line.text);
  REQUIRE(dot != std::string::npos);
  REQUIRE(end != std::string::npos);
  CHECK(line.text.substr(dot + 7, 14) == " [0 127.0.0.1:");
  return line.text.substr(end + 2);
}

TestClient monitor_of(const Scene& scene) {
  TestClient monitor = scene.client();
  REQUIRE(monitor.text({"MONITOR"}) == "+OK");
  return monitor;
}

}  // namespace

TEST_CASE("a monitor sees the requests of all workers' clients in each client's order") {
  Scene scene(2, [](config::Config& config) { config.workers = 3; });
  for (std::size_t i = 0; i < 2; ++i) scene.node(i).set_handler(always("+OK\r\n"));
  TestClient monitor = monitor_of(scene);
  // Six on three workers.
  std::vector<TestClient> clients;
  for (int i = 0; i < 6; ++i) clients.push_back(scene.client());
  for (std::size_t i = 0; i < clients.size(); ++i) {
    const std::string key = "key:" + std::to_string(i);
    CHECK(clients[i].pipeline({{"SET", key, "1"}, {"GET", key}}).size() == 2);
    CHECK(shown(monitor) == "\"SET\" \"" + key + "\" \"1\"");
    CHECK(shown(monitor) == "\"GET\" \"" + key + "\"");
  }
  // Two monitors, on whichever workers.
  TestClient second = monitor_of(scene);
  CHECK(clients[0].text({"ECHO", "x"}) == "\"x\"");
  CHECK(shown(monitor) == "\"ECHO\" \"x\"");
  CHECK(shown(second) == "\"ECHO\" \"x\"");
}

TEST_CASE("a monitor sees what is executed and no passwords") {
  Scene scene(1, [](config::Config& config) { config.client.requirepass = "secret"; });
  scene.node(0).set_handler(always("+OK\r\n"));
  TestClient monitor = scene.client();
  CHECK(monitor.text({"MONITOR"}) == "-NOAUTH Authentication required.");
  CHECK(monitor.text({"AUTH", "secret"}) == "+OK");
  CHECK(monitor.text({"MONITOR"}) == "+OK");
  TestClient client = scene.client();
  const std::vector<std::pair<Args, std::string>> requests = {
      {{"GET", "k"}, ""},  // NOAUTH
      {{"AUTH", "wrong"}, "\"AUTH\" \"(redacted)\""},
      {{"AUTH", "default", "secret"}, "\"AUTH\" \"(redacted)\" \"(redacted)\""},
      {{"HELLO", "2", "AUTH", "default", "secret"}, "\"HELLO\" \"2\" \"AUTH\" \"(redacted)\" \"(redacted)\""},
      {{"GET"}, ""},
      {{"NOSUCH", "secret"}, ""},
      {{"CONFIG", "SET", "requirepass", "secret"}, ""},
      {{"MULTI"}, "\"MULTI\""},
      {{"SET", "k", "v"}, "\"SET\" \"k\" \"v\""},
      {{"EXEC"}, "\"EXEC\""},
      {{"ECHO", "end"}, "\"ECHO\" \"end\""},
  };
  for (const auto& [request, line] : requests) client.send(request);
  for (const auto& [request, line] : requests) {
    if (!line.empty()) CHECK(shown(monitor) == line);
  }
}

TEST_CASE("a monitor is answered between the lines, and may not touch keys") {
  Scene scene(1);
  scene.node(0).set_handler(always("+OK\r\n"));
  TestClient monitor = monitor_of(scene);
  CHECK(monitor.text({"PING"}) == "+PONG");
  CHECK(shown(monitor) == "\"PING\"");
  CHECK(monitor.text({"GET", "a"}) == "-ERR Replica can't interact with the keyspace");
  CHECK(monitor.text({"PUBLISH", "a", "b"}) == "-ERR Replica can't interact with the keyspace");
  // As in Redis, a second MONITOR has no answer at all.
  monitor.send({"MONITOR"});
  CHECK(monitor.text({"ECHO", "x"}) == "\"x\"");
  CHECK(shown(monitor) == "\"ECHO\" \"x\"");
  TestClient client = scene.client();
  const kit::Reply list = client.command({"CLIENT", "LIST"});
  CHECK(list.text.find(" flags=O ") != std::string::npos);
}

TEST_CASE("a monitor ends with RESET, QUIT or its connection, and then nothing is watched") {
  Scene scene(1);
  scene.node(0).set_handler(always("+OK\r\n"));
  TestClient client = scene.known_client();
  TestClient monitor = monitor_of(scene);
  SECTION("RESET") {
    CHECK(monitor.text({"RESET"}) == "+RESET");
    CHECK(client.text({"SET", "k", "1"}) == "+OK");
    CHECK(monitor.text({"GET", "k"}) == "+OK");
    REQUIRE(monitor.text({"MONITOR"}) == "+OK");
    CHECK(client.text({"ECHO", "again"}) == "\"again\"");
    CHECK(shown(monitor) == "\"ECHO\" \"again\"");
  }
  SECTION("QUIT") {
    CHECK(monitor.text({"QUIT"}) == "+OK");
    CHECK(client.text({"SET", "k", "1"}) == "+OK");
    CHECK(monitor.read_until_closed().empty());
  }
  SECTION("its connection") {
    monitor.close();
    CHECK(client.text({"SET", "k", "1"}) == "+OK");
    CHECK(client.text({"SET", "k", "1"}) == "+OK");
  }
}

TEST_CASE("MONITOR waits for what was asked before it, and what follows waits for MONITOR") {
  Scene scene(1, [](config::Config& config) { config.workers = 2; });
  TestClient client = scene.client();
  client.send_raw(encode({"GET", "a"}) + encode({"MONITOR"}) + encode({"ECHO", "x"}));
  serve(scene.node(0), "GET a", bulk("v"));
  CHECK(kit::to_text(client.read()) == "\"v\"");
  CHECK(kit::to_text(client.read()) == "+OK");
  CHECK(kit::to_text(client.read()) == "\"x\"");
  CHECK(shown(client) == "\"ECHO\" \"x\"");
}

TEST_CASE("a monitor that does not read is closed alone") {
  Scene scene(1, [](config::Config& config) { config.limits.max_subscriber_output_bytes = 64 * 1024; });
  scene.node(0).set_handler(always("+OK\r\n"));
  TestClient slow = monitor_of(scene);
  TestClient client = scene.client();
  const std::string value(16 * 1024, 'x');
  const auto limit = std::chrono::steady_clock::now() + kit::kPatience;
  while (scene.proxy.info("clients") != "3" && std::chrono::steady_clock::now() < limit) {
    REQUIRE(client.text({"SET", "k", value}) == "+OK");
  }
  scene.proxy.wait_for_info("clients", "3");
  CHECK(client.text({"SET", "k", value}) == "+OK");
  CHECK(scene.proxy.log().find("it reads its messages too slowly") != std::string::npos);
}

TEST_CASE("requests too long to be shown are counted") {
  Scene scene(1, [](config::Config& config) { config.workers = 2; });
  scene.node(0).set_handler(always("+OK\r\n"));
  TestClient monitor = monitor_of(scene);
  TestClient client = scene.client();
  CHECK(client.text({"SET", "k", std::string((1u << 20) + 1, 'x')}) == "+OK");
  const kit::Reply note = monitor.read();
  CHECK(note.text.find(" [0 slotway] \"(1 requests are not shown)\"") != std::string::npos);
  CHECK(client.text({"ECHO", "x"}) == "\"x\"");
  CHECK(shown(monitor) == "\"ECHO\" \"x\"");
}

}  // namespace slotway::inproc
