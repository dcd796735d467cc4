// A primary that hangs and is replaced for it: what it was asked does not wait for the end of its time.
#include "protocol/reply_errors.hpp"
#include "tests/inproc/scene.hpp"

namespace slotway::inproc {

TEST_CASE("what a primary that hangs was asked goes to the node that takes its place") {
  Scene scene(2, [](config::Config& config) { config.topology.refresh_interval = 100ms; });
  const std::string a = scene.cluster.key(0);
  TestClient reader = scene.known_client();
  TestClient writer = scene.known_client();
  reader.send({"GET", a});
  CHECK(words(scene.node(0).take()) == "GET " + a);
  writer.send({"SET", a, "v"});
  CHECK(words(scene.node(0).take()) == "SET " + a + " v");
  scene.cluster.move_all(0, 1);
  serve(scene.node(1), "GET " + a, bulk("w"));
  CHECK(kit::to_text(reader.read()) == "\"w\"");
  CHECK(kit::to_text(writer.read()) == "-" + std::string(protocol::errors::kOutcomeUnknown));
  CHECK(scene.proxy.log().find("no reply since another node has taken its place") != std::string::npos);
  CHECK(scene.node(1).is_quiet());
}

}  // namespace slotway::inproc
