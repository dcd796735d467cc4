// What one worker knows of a node's health is its own: another worker's connection goes on.
#include "tests/inproc/scene.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::inproc {

TEST_CASE("a worker that cannot get through to a node does not keep the others from it") {
  Scene scene(1, [](config::Config& config) { config.workers = 2; });
  FakeRedis& node = scene.node(0);
  const std::string a = scene.cluster.key(0);
  TestClient cut_off = scene.client();
  cut_off.send({"GET", a});
  const auto lost = serve(node, "GET " + a, bulk("0"));
  CHECK(kit::to_text(cut_off.read()) == "\"0\"");
  // Clients are dealt out to the workers: one of the next two is the other worker's.
  TestClient candidates[] = {scene.client(), scene.client()};
  TestClient* served = nullptr;
  std::uint64_t healthy = 0;
  for (TestClient& candidate : candidates) {
    candidate.send({"GET", a});
    const auto request = serve(node, "GET " + a, bulk("0"));
    CHECK(kit::to_text(candidate.read()) == "\"0\"");
    if (request.connection == lost.connection) continue;
    served = &candidate;
    healthy = request.connection;
  }
  REQUIRE(served != nullptr);

  node.set_handler([healthy](const FakeRedis::Request& request) {
    const bool good = request.connection == healthy;
    return FakeRedis::Reaction{good ? bulk("1") : "", !good};
  });
  const std::uint64_t before = node.accepted();
  node.close(lost);
  cut_off.send({"GET", a});
  int replies = 0;
  kit::wait_until("attempts that fail", kit::kPatience, [&] {
    REQUIRE(served->text({"GET", a}) == "\"1\"");
    ++replies;
    return node.accepted() >= before + 6;
  });
  CHECK(replies > 1);
  CHECK_FALSE(has_input(cut_off));

  node.set_handler(always(bulk("2")));
  CHECK(kit::to_text(cut_off.read()) == "\"2\"");
  CHECK(served->text({"GET", a}) == "\"2\"");
}

}  // namespace slotway::inproc
