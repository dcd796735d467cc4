// CLIENT NO-TOUCH, which Redis 7.2 and Valkey know: what such a client reads does not count as used. Older
// nodes refuse it, and so does Slotway then. TEST_REDIS_SERVER names nodes that know it.
#include <catch2/catch.hpp>

#include "tests/integration/proxied_cluster.hpp"

namespace slotway::integration {
namespace {

using kit::TestClient;

void read_often(TestClient& client) {
  for (int i = 0; i < 10; ++i) REQUIRE(client.text({"GET", "k"}) == "\"v\"");
}

}  // namespace

TEST_CASE("what a client with NO-TOUCH reads counts as unused, where nodes know it") {
  ProxiedCluster proxied;
  TestClient client = proxied.client();
  // Each use of a key counts as one, and starts from 5.
  REQUIRE(client.text({"CONFIG", "SET", "maxmemory-policy", "allkeys-lfu", "lfu-log-factor", "0"}) == "+OK");
  REQUIRE(client.text({"SET", "k", "v"}) == "+OK");
  const std::string direct = proxied.cluster.node(0).client().text({"CLIENT", "NO-TOUCH", "ON"});
  CHECK(client.text({"CLIENT", "NO-TOUCH", "ON"}) == direct);
  const bool known = direct == "+OK";
  read_often(client);
  CHECK(client.text({"OBJECT", "FREQ", "k"}) == (known ? ":5" : ":15"));
  CHECK(client.text({"CLIENT", "NO-TOUCH", "OFF"}) == direct);
  read_often(client);
  CHECK(client.text({"OBJECT", "FREQ", "k"}) == (known ? ":15" : ":25"));
}

}  // namespace slotway::integration
