// Connections to nodes that nobody uses for a while: ended by the node or on the way, they cost no client an
// error.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "proxy/socket_address.hpp"
#include "tests/inproc/scene.hpp"

namespace slotway::inproc {
namespace {

const std::string kPopped = "*2\r\n$1\r\nq\r\n$1\r\nx\r\n";

void probe_soon(config::Config& config) {
  config.timeouts.request = 300ms;
  config.timeouts.upstream_idle_ping = 100ms;
}

int option_of(int socket, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  REQUIRE(::getsockopt(socket, level, name, &value, &size) == 0);
  return value;
}

// This process's sockets that are connected to the port.
std::vector<int> sockets_to(std::uint16_t port) {
  std::vector<int> found;
  for (int fd = 0; fd < 1024; ++fd) {
    if (proxy::peer_address(fd).port == port) found.push_back(fd);
  }
  return found;
}

}  // namespace

TEST_CASE("a connection that is dead at its other end is found by a probe, and costs no client an error") {
  Scene scene(1, probe_soon);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  Args command;
  std::string reply;
  SECTION("a shared one") {
    command = {"SET", a, "1"};
    reply = "+OK\r\n";
  }
  SECTION("one that was set aside") {
    command = {"BLPOP", a, "0"};
    reply = kPopped;
  }
  client.send(command);
  const auto first = scene.node(0).take();
  CHECK(first.args == command);
  scene.node(0).send(first, reply);
  CHECK(client.read_raw(reply.size()) == reply);
  CHECK(serve(scene.node(0), "PING", "+PONG\r\n").connection == first.connection);
  CHECK(serve(scene.node(0), "PING").connection == first.connection);  // and no answer
  scene.node(0).wait_for_open_connections(0);

  client.send(command);
  const auto second = scene.node(0).take();
  CHECK(second.args == command);
  CHECK(second.connection != first.connection);
  scene.node(0).send(second, reply);
  CHECK(client.read_raw(reply.size()) == reply);
  CHECK(scene.proxy.info("error_replies") == "0");
}

TEST_CASE("a connection that was set aside and that its node closes while it is idle is not used again") {
  Scene scene(1);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  std::uint64_t before = 0;
  for (int i = 0; i < 4; ++i) {
    client.send({"BLPOP", a, "0"});
    const auto request = serve(scene.node(0), "BLPOP " + a + " 0", kPopped);
    CHECK(request.connection != before);
    before = request.connection;
    CHECK(client.read_raw(kPopped.size()) == kPopped);
    scene.node(0).close(request);
    scene.node(0).wait_for_open_connections(0);
    scene.barrier();
  }
}

TEST_CASE("every connection to a node is watched by the kernel, and probed, unless it is turned off") {
  const config::TimeoutsConfig defaults;
  CHECK(defaults.upstream_idle_ping > 0ms);
  Scene scene(1);
  const std::string a = scene.cluster.key(0);
  TestClient client = scene.client();
  client.send({"GET", a});
  serve(scene.node(0), "GET " + a, bulk("1"));
  CHECK(kit::to_text(client.read()) == "\"1\"");
  TestClient blocked = scene.client();
  blocked.send({"BLPOP", a, "0"});
  scene.node(0).take();
  TestClient subscriber = scene.client();
  subscriber.send({"SUBSCRIBE", "news"});
  CHECK(words(scene.node(0).take()) == "subscribe news");

  const std::vector<int> sockets = sockets_to(scene.node(0).port());
  CHECK(sockets.size() >= 3);
  for (const int socket : sockets) {
    CHECK(option_of(socket, SOL_SOCKET, SO_KEEPALIVE) == 1);
    CHECK(option_of(socket, IPPROTO_TCP, TCP_KEEPIDLE) == 60);
    CHECK(option_of(socket, IPPROTO_TCP, TCP_USER_TIMEOUT) == 10'000);
  }
}

}  // namespace slotway::inproc
