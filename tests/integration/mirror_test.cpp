// An upstream whose requests another one is asked too.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/integration/proxied_cluster.hpp"
#include "tests/kit/redis_process.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::integration {
namespace {

using kit::RedisProcess;
using kit::SlotwayProcess;
using kit::TestClient;
using kit::to_text;

constexpr std::chrono::seconds kLimit(20);

struct Mirrored {
  RedisProcess server;
  RedisProcess copy;
  SlotwayProcess slotway;

  explicit Mirrored(const std::vector<std::string>& more)
      : slotway(SLOTWAY_BINARY, server.host_port(), arguments(more),
                "upstreams:\n  copy: {mode: standalone, seeds: " + copy.host_port() + "}\n") {}

  static std::vector<std::string> arguments(const std::vector<std::string>& more) {
    std::vector<std::string> out = {
        "--upstream-mode", "standalone", "--workers", "1", "--upstream-mirror-upstream", "copy"};
    out.insert(out.end(), more.begin(), more.end());
    return out;
  }
  long long calls(const std::string& command) const {
    const std::string text = copy.client().command({"INFO", "commandstats"}).text;
    const std::size_t at = text.find("cmdstat_" + command + ":calls=");
    return at == std::string::npos ? 0 : std::atoll(text.c_str() + at + command.size() + 15);
  }
  double metric(const std::string& name) const { return slotway.metric("slotway_" + name); }
  void wait_for_size(const std::string& size) const {
    kit::wait_until("the copy has them", kLimit,
                    [&] { return copy.client().text({"DBSIZE"}) == ":" + size; });
  }
};

}  // namespace

TEST_CASE("what a mirrored upstream is told the other one is told too") {
  Mirrored mirrored({});
  TestClient client = mirrored.slotway.client();
  for (int i = 0; i < 300; ++i) REQUIRE(client.text({"SET", "k" + std::to_string(i), "v"}) == "+OK");
  CHECK(client.text({"MGET", "k1", "k2"}) == "[\"v\", \"v\"]");
  mirrored.wait_for_size("300");
  kit::wait_until("reads too", kLimit, [&] { return mirrored.calls("mget") == 1; });
  // In the database and the transaction that it was said in
  CHECK(client.text({"SELECT", "3"}) == "+OK");
  CHECK(client.text({"SET", "in-three", "v"}) == "+OK");
  CHECK(client.text({"MULTI"}) == "+OK");
  CHECK(client.text({"INCR", "n"}) == "+QUEUED");
  CHECK(client.text({"INCR", "n"}) == "+QUEUED");
  CHECK(client.text({"EXEC"}) == "[:1, :2]");
  CHECK(client.text({"WATCH", "n"}) == "+OK");
  CHECK(client.text({"MULTI"}) == "+OK");
  CHECK(client.text({"SET", "watched", "v"}) == "+QUEUED");
  CHECK(client.text({"EXEC"}) == "[+OK]");
  // One that was not executed
  CHECK(client.text({"WATCH", "n"}) == "+OK");
  CHECK(mirrored.server.client().text({"SELECT", "0"}) == "+OK");
  TestClient other = mirrored.server.client();
  CHECK(other.text({"SELECT", "3"}) == "+OK");
  CHECK(other.text({"INCR", "n"}) == ":3");
  CHECK(client.text({"MULTI"}) == "+OK");
  CHECK(client.text({"SET", "never", "v"}) == "+QUEUED");
  CHECK(client.text({"EXEC"}) == "nil");
  CHECK(client.text({"SELECT", "0"}) == "+OK");
  CHECK(client.text({"SET", "last", "v"}) == "+OK");
  mirrored.wait_for_size("301");
  TestClient copy = mirrored.copy.client();
  CHECK(copy.text({"SELECT", "3"}) == "+OK");
  CHECK(copy.text({"MGET", "in-three", "n", "watched", "never"}) == "[\"v\", \"2\", \"v\", nil]");
  CHECK(mirrored.metric("mirror_dropped_total") == 0);
  CHECK(client.text({"CLIENT", "LIST"}).find("\\n", 0) == client.text({"CLIENT", "LIST"}).rfind("\\n"));
  CHECK(mirrored.metric("clients{worker=\"0\"}") == 1);
}

TEST_CASE("of a hundred writes so many are mirrored, and of reads none") {
  Mirrored mirrored({"--upstream-mirror-percent", "10", "--upstream-mirror-writes-only", "on"});
  TestClient client = mirrored.slotway.client();
  for (int i = 0; i < 200; ++i) {
    REQUIRE(client.text({"SET", "k" + std::to_string(i), "v"}) == "+OK");
    REQUIRE(client.text({"GET", "k" + std::to_string(i)}) == "\"v\"");
  }
  mirrored.wait_for_size("20");
  CHECK(mirrored.calls("get") == 0);
  CHECK(mirrored.metric("mirrored_requests_total") == 20);
}

TEST_CASE("a write that waits for the end of a pause counts once among those that may be mirrored") {
  Mirrored mirrored({"--upstream-mirror-percent", "50"});
  TestClient client = mirrored.slotway.client();
  for (int i = 0; i < 10; ++i) {
    REQUIRE(client.text({"CLIENT", "PAUSE", "20", "WRITE"}) == "+OK");
    REQUIRE(client.text({"SET", "k", "v"}) == "+OK");
  }
  CHECK(mirrored.metric("mirrored_requests_total") == 5);
}

TEST_CASE("replies that differ are counted, and one is shown") {
  Mirrored mirrored({"--upstream-mirror-compare", "on"});
  REQUIRE(mirrored.copy.client().text({"SET", "other", "its own"}) == "+OK");
  TestClient client = mirrored.slotway.client();
  REQUIRE(client.text({"SET", "same", "v"}) == "+OK");
  CHECK(client.text({"GET", "same"}) == "\"v\"");
  CHECK(client.text({"MGET", "same", "nothing"}) == "[\"v\", nil]");
  kit::wait_until("they are compared", kLimit, [&] { return mirrored.metric("mirror_compared_total") == 3; });
  CHECK(mirrored.metric("mirror_differing_total") == 0);
  CHECK(client.text({"GET", "other"}) == "nil");
  kit::wait_until("it differs", kLimit, [&] { return mirrored.metric("mirror_differing_total") == 1; });
  CHECK(mirrored.slotway.output().find("mirror: GET other was answered '$-1\\x0d\\x0a' by default, and "
                                       "'$7\\x0d\\x0aits own\\x0d\\x0a' by copy") != std::string::npos);
}

TEST_CASE("a mirror that does not answer delays nobody, and what is too much is dropped") {
  Mirrored mirrored({"--upstream-mirror-compare", "on"});
  TestClient client = mirrored.slotway.client();
  REQUIRE(client.text({"SET", "k", "v"}) == "+OK");
  mirrored.copy.pause();
  const std::vector<kit::Args> commands(1000, kit::Args{"SET", "k", "v"});
  for (int round = 0; round < 15; ++round) {
    for (const kit::Reply& reply : client.pipeline(commands)) REQUIRE(to_text(reply) == "+OK");
  }
  CHECK(mirrored.metric("mirror_dropped_total") > 0);
  mirrored.copy.resume();
  // It is used again
  kit::wait_until("it has caught up", kLimit, [&] {
    client.text({"SET", "after", "v"});
    return mirrored.copy.client().text({"EXISTS", "after"}) == ":1";
  });
}

}  // namespace slotway::integration
