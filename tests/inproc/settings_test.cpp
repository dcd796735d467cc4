// CONFIG GET: a node's settings with the proxy's own among them.
#include "tests/inproc/scene.hpp"

namespace slotway::inproc {

TEST_CASE("CONFIG GET is asked of one node, and the proxy's own values are put in") {
  Scene scene(2, [](config::Config& config) { config.limits.max_clients = 321; });
  TestClient client = scene.client();
  client.send({"CONFIG", "GET", "max*"});
  serve(scene.node(1), "CONFIG GET max*",
        "*4\r\n" + bulk("maxmemory") + bulk("5") + bulk("maxclients") + bulk("10000"));
  CHECK(kit::to_text(client.read()) == "[\"maxmemory\", \"5\", \"maxclients\", \"321\"]");
  client.send({"CONFIG", "GET", "x"});
  serve(scene.node(1), "CONFIG GET x", "-NOPERM no\r\n");
  CHECK(kit::to_text(client.read()) == "-NOPERM no");
  CHECK(scene.node(0).is_quiet());
}

}  // namespace slotway::inproc
