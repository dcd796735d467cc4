// Passwords on both sides: of clients, and to the nodes. None is ever shown.
#include "protocol/reply_errors.hpp"
#include "tests/inproc/scene.hpp"

namespace slotway::inproc {
namespace {

namespace errors = protocol::errors;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

void require_pass(config::Config& config) { config.client.requirepass = "let-me-in"; }

}  // namespace

TEST_CASE("a client without AUTH is refused, AUTH and the next command may come in one packet") {
  kit::FakeCluster cluster(1);
  config::Config config = kit::inproc_config(cluster);
  require_pass(config);
  kit::InProcessProxy proxy(config);
  cluster[0].set_handler(always("+OK\r\n"));
  TestClient client = proxy.client();
  CHECK(client.text({"SET", "k", "1"}) == "-" + std::string(errors::kNoAuth));
  CHECK(client.text({"PING"}) == "-" + std::string(errors::kNoAuth));
  CHECK(client.text({"AUTH", "wrong"}) == "-" + std::string(errors::kWrongPass));
  CHECK(client.text({"AUTH", "stranger", "let-me-in"}) == "-" + std::string(errors::kWrongPass));
  CHECK(client.text({"SET", "k", "2"}) == "-" + std::string(errors::kNoAuth));
  CHECK(cluster[0].history().empty());

  client.send_raw(encode({"GET", "k"}) + encode({"AUTH", "let-me-in"}) + encode({"SET", "k", "3"}));
  CHECK(kit::to_text(client.read()) == "-" + std::string(errors::kNoAuth));
  CHECK(kit::to_text(client.read()) == "+OK");
  CHECK(kit::to_text(client.read()) == "+OK");
  CHECK(cluster[0].history() == "SET k 3\n");

  TestClient user = proxy.client();
  CHECK(user.text({"AUTH", "default", "let-me-in"}) == "+OK");
  CHECK(user.text({"PING"}) == "+PONG");
  CHECK_FALSE(contains(proxy.log(), "let-me-in"));
}

TEST_CASE("HELLO logs in, and RESET logs out") {
  kit::FakeCluster cluster(1);
  config::Config config = kit::inproc_config(cluster);
  require_pass(config);
  kit::InProcessProxy proxy(config);
  TestClient client = proxy.client();
  CHECK(client.text({"HELLO", "2"}) == "-" + std::string(errors::kHelloNoAuth));
  CHECK(client.text({"HELLO", "2", "AUTH", "default", "no"}) == "-" + std::string(errors::kWrongPass));
  CHECK(client.text({"HELLO", "4", "AUTH", "default", "let-me-in"}) == "-" + std::string(errors::kNoProto));
  CHECK(client.text({"PING"}) == "-" + std::string(errors::kNoAuth));
  CHECK(client.command({"HELLO", "2", "AUTH", "default", "let-me-in"}).elements.size() == 14);
  CHECK(client.text({"PING"}) == "+PONG");
  CHECK(client.text({"RESET"}) == "+RESET");
  CHECK(client.text({"PING"}) == "-" + std::string(errors::kNoAuth));
}

TEST_CASE("one client's AUTH is not another's") {
  kit::FakeCluster cluster(1);
  config::Config config = kit::inproc_config(cluster);
  require_pass(config);
  kit::InProcessProxy proxy(config);
  cluster[0].set_handler(always(bulk("secret")));
  TestClient known = proxy.client();
  TestClient unknown = proxy.client();
  CHECK(known.text({"AUTH", "let-me-in"}) == "+OK");
  CHECK(known.text({"GET", "k"}) == "\"secret\"");
  CHECK(unknown.text({"GET", "k"}) == "-" + std::string(errors::kNoAuth));
}

TEST_CASE("an AUTH to a node comes before anything else on each connection") {
  kit::FakeCluster cluster(1);
  cluster.require_password("node-pw");
  config::Config config = kit::inproc_config(cluster);
  config.upstream.password = "node-pw";
  SECTION("by a user") { config.upstream.username = "slotway"; }
  SECTION("by the default user") {}
  const std::string auth =
      config.upstream.username.empty() ? encode({"AUTH", "node-pw"}) : encode({"AUTH", "slotway", "node-pw"});
  kit::InProcessProxy proxy(config);
  TestClient client = proxy.client();
  for (int i = 0; i < 2; ++i) {
    client.send({"GET", "k"});
    const auto request = serve(cluster[0], "GET k", "$-1\r\n");
    CHECK(kit::to_text(client.read()) == "nil");
    CHECK(cluster[0].bytes_of(request.connection) == auth + encode({"GET", "k"}));
    cluster[0].close(request);
    cluster[0].wait_for_open_connections(0);
  }
}

TEST_CASE("a wrong password for the nodes is a clear error that does not name it") {
  kit::FakeCluster cluster(1);
  cluster.require_password("node-pw");
  config::Config config = kit::inproc_config(cluster);
  config.upstream.password = "mistaken";
  config.timeouts.request = 300ms;
  kit::InProcessProxy proxy(config, false);
  TestClient client = proxy.client();
  CHECK(client.text({"GET", "k"}) == "-" + std::string(errors::kUncovered));
  CHECK(contains(proxy.log(), "upstream.password"));
  CHECK_FALSE(contains(proxy.log(), "mistaken"));
}

TEST_CASE("a node that forgets its password, or wants another, is a clear error that does not name it") {
  kit::FakeCluster cluster(1);
  cluster.require_password("node-pw");
  config::Config config = kit::inproc_config(cluster);
  config.upstream.password = "node-pw";
  config.timeouts.request = 300ms;
  kit::InProcessProxy proxy(config);
  const std::string refusal =
      GENERATE("-WRONGPASS invalid username-password pair or user is disabled.\r\n",
               "-ERR AUTH <password> called without any password configured for the default user.\r\n",
               "-ERR unknown command `AUTH`, with args beginning with: `node-pw`, \r\n");
  INFO(refusal);
  cluster[0].set_control({});
  cluster[0].set_handler(always(refusal));
  TestClient client = proxy.client();
  CHECK(client.text({"GET", "k"}) == "-" + std::string(errors::kNotSent));
  CHECK(contains(proxy.log(), "is not reachable"));
  CHECK(contains(proxy.log(), "upstream.password"));
  CHECK_FALSE(contains(proxy.log(), "node-pw"));
  CHECK(cluster[0].history().find("GET") == std::string::npos);
}

}  // namespace slotway::inproc
