// Commands of a module, on real servers: those that have it from the start, and those that load it later.
#include <catch2/catch.hpp>

#include "tests/integration/proxied_cluster.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::integration {
namespace {

using kit::TestClient;

void check_acme(TestClient client) {
  long long keys = 0;
  kit::Args all = {"ACME.DEL"};
  // Keys of all shards.
  for (; keys < 30; ++keys) {
    all.push_back("key:" + std::to_string(keys));
    CHECK(client.text({"acme.set", all.back(), "v" + std::to_string(keys)}) == "+OK");
    CHECK(client.text({"ACME.GET", all.back()}) == "\"v" + std::to_string(keys) + "\"");
    CHECK(client.text({"GET", all.back()}) == "\"v" + std::to_string(keys) + "\"");
  }
  CHECK(client.text({"acme.set", "{a}1", "x"}) == "+OK");
  CHECK(client.text({"acme.count", "3", "{a}1", "{a}2", "{a}1"}) == ":2");
  CHECK(client.text({"acme.count", "2", "a", "b"}) ==
        "-CROSSSLOT Keys in request don't hash to the same slot");
  CHECK(client.text({"acme.shards"}) == ":3");
  all.push_back("key:none");
  CHECK(client.text(all) == ":" + std::to_string(keys));
  CHECK(client.text({"acme.tune"}) == "-ERR command 'acme.tune' is not supported by Slotway");
  CHECK(client.text({"acme.get"}) == "-ERR wrong number of arguments for 'acme.get' command");
  CHECK(client.command({"COMMAND", "INFO", "acme.get"}).elements.at(0).elements.at(0).text == "acme.get");
}

}  // namespace

TEST_CASE("a module's commands are served as it describes them") {
  kit::ClusterProcess cluster({"--loadmodule", SLOTWAY_ACME_MODULE});
  const kit::SlotwayProcess slotway(SLOTWAY_BINARY, cluster.seeds(), {"--workers", "2"});
  check_acme(slotway.client());
}

TEST_CASE("the commands of a module that is loaded later are learned when they are used") {
  kit::ClusterProcess cluster({"--enable-module-command", "yes"});
  const kit::SlotwayProcess slotway(SLOTWAY_BINARY, cluster.seeds(), {"--workers", "2"});
  TestClient client = slotway.client();
  CHECK(client.text({"acme.shards"}) == "-ERR unknown command 'acme.shards', with args beginning with: ");
  for (std::size_t i = 0; i < kit::ClusterProcess::kNodes; ++i) {
    REQUIRE(cluster.node(i).command({"MODULE", "LOAD", SLOTWAY_ACME_MODULE}).text == "OK");
  }
  kit::wait_until("the module's commands", std::chrono::seconds(30),
                  [&client] { return client.text({"acme.shards"}) == ":3"; });
  check_acme(slotway.client());
}

}  // namespace slotway::integration
