// SCAN over a real cluster: no key that was there all along is lost, whatever happens meanwhile.
#include <catch2/catch.hpp>
#include <functional>
#include <map>
#include <set>

#include "tests/integration/proxied_cluster.hpp"
#include "tests/kit/checked_load.hpp"

namespace slotway::integration {
namespace {

using kit::Args;
using kit::TestClient;

struct Scan {
  std::set<std::string> keys;
  std::size_t returned = 0;  // keys, repeated ones too
  std::size_t calls = 0;
};

// A whole scan; `meanwhile` is called with the number of calls so far before each. A node that is gone is an
// error to try again.
Scan scan(TestClient& client, const Args& options, const std::function<void(std::size_t)>& meanwhile = {}) {
  Scan result;
  std::string cursor = "0";
  do {
    if (meanwhile) meanwhile(result.calls);
    Args command = {"SCAN", cursor};
    command.insert(command.end(), options.begin(), options.end());
    const kit::Reply reply = client.command(command);
    INFO(kit::to_text(reply).substr(0, 200));
    REQUIRE(reply.elements.size() == 2);
    cursor = reply.elements[0].text;
    REQUIRE(std::stoull(cursor) < 1ull << 53);
    for (const kit::Reply& key : reply.elements[1].elements) result.keys.insert(key.text);
    result.returned += reply.elements[1].elements.size();
    REQUIRE(++result.calls < 20'000);
  } while (cursor != "0");
  return result;
}

void set_keys(TestClient& client, const std::string& prefix, int count) {
  std::vector<Args> commands;
  for (int i = 0; i < count; ++i) commands.push_back({"SET", prefix + std::to_string(i), "v"});
  for (const kit::Reply& reply : client.pipeline(commands)) REQUIRE(kit::to_text(reply) == "+OK");
}

std::size_t missing(const std::set<std::string>& found, const std::string& prefix, int count) {
  std::size_t n = 0;
  for (int i = 0; i < count; ++i) n += found.contains(prefix + std::to_string(i)) ? 0u : 1u;
  return n;
}

}  // namespace

TEST_CASE("a scan returns every key, and its options are the nodes'") {
  ProxiedCluster proxied;
  TestClient client = proxied.client();
  const Scan empty = scan(client, {});
  CHECK(empty.keys.empty());
  CHECK(empty.calls == 3);
  set_keys(client, "a:", 500);
  set_keys(client, "b:", 100);
  CHECK(client.text({"RPUSH", "list", "x"}) == ":1");

  const Scan whole = scan(client, {});
  CHECK(whole.keys.size() == 601);
  CHECK(whole.returned == 601);
  const Scan large_steps = scan(client, {"COUNT", "1000"});
  CHECK(large_steps.keys.size() == 601);
  CHECK(large_steps.calls == 3);
  CHECK(scan(client, {"MATCH", "b:*"}).keys.size() == 100);
  CHECK(scan(client, {"TYPE", "list", "COUNT", "100"}).keys == std::set<std::string>{"list"});
  CHECK(client.text({"SCAN", "0", "COUNT", "0"}) == "-ERR syntax error");
  CHECK(client.text({"SCAN", "0", "COUNT", "x"}) == "-ERR value is not an integer or out of range");
  CHECK(client.text({"SCAN", "zero"}) == "-ERR invalid cursor");
}

TEST_CASE("a scan under writes and a failover loses no key") {
  constexpr int kKeys = 10'000;
  ProxiedCluster proxied;
  TestClient client = proxied.client();
  set_keys(client, "k:", kKeys);
  proxied.cluster.wait_until_in_sync();
  kit::CheckedLoad load({.port = proxied.port()});
  const Scan result = scan(client, {"COUNT", "20"}, [&](std::size_t calls) {
    if (calls == 30) proxied.cluster.failover(3);
    if (calls == 300) proxied.cluster.failover(4);
  });
  CHECK(missing(result.keys, "k:", kKeys) == 0);
  const kit::LoadResult loaded = load.stop();
  INFO(loaded.summary());
  CHECK(loaded.wrong == 0);
  CHECK(loaded.error_count() == 0);
}

TEST_CASE("a scan goes on when the primary that it scans is killed") {
  constexpr int kKeys = 5'000;
  ProxiedCluster proxied({"--workers", "2", "--timeouts-request", "30s"});
  TestClient client(proxied.port(), std::chrono::seconds(40));
  set_keys(client, "k:", kKeys);
  proxied.cluster.wait_until_in_sync();
  const Scan result = scan(client, {"COUNT", "20"}, [&](std::size_t calls) {
    if (calls == 30) proxied.cluster.node(0).kill();
  });
  CHECK(missing(result.keys, "k:", kKeys) == 0);
  // The shard was begun again: the keys of its first 30 calls came twice.
  CHECK(result.returned > kKeys);
}

TEST_CASE("a scan while slots move loses no key") {
  constexpr int kKeys = 5'000;
  ProxiedCluster proxied;
  TestClient client = proxied.client();
  set_keys(client, "k:", kKeys);
  // From the last shard, which is scanned last, to the first, which has been scanned by then.
  const Scan result = scan(client, {"COUNT", "20"}, [&](std::size_t calls) {
    if (calls != 200) return;
    const kit::CommandResult moved = proxied.cluster.reshard(2, 0, 300);
    INFO(moved.output);
    REQUIRE(moved.exit_code == 0);
    proxied.cluster.wait_until_ok();
    // Writes make the workers hear of it; SCAN itself is never redirected.
    set_keys(client, "k:", kKeys);
  });
  CHECK(missing(result.keys, "k:", kKeys) == 0);
}

}  // namespace slotway::integration
