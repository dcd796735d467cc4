// MONITOR against real servers: the same lines as a redis-server shows, and redis-cli understands them.
#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "tests/integration/proxied_cluster.hpp"
#include "tests/kit/redis_process.hpp"
#include "tests/kit/temp_folder.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::integration {
namespace {

using kit::TestClient;

// Requests of one client, all in one packet, ended by an ECHO that tells where they end.
const std::vector<kit::Args> kRequests = {
    {"set", "{a}k", "a \"quoted\"\tvalue\r\n"},
    {"GET", "{a}k"},
    {"mset", "{a}1", "x", "{a}2", std::string("\0\xff", 2)},
    {"GET"},
    {"NOSUCH", "x"},
    {"auth", "not-a-password"},
    {"AUTH", "default", "not-a-password"},
    {"HELLO", "2", "AUTH", "nobody", "secret", "SETNAME", "me"},
    {"HELLO", "2", "SETNAME", "me"},
    {"HELLO", "9"},
    {"CONFIG", "GET", "port"},
    {"CLIENT", "SETNAME", "other"},
    {"CLIENT", "LIST"},
    {"INCR", "{a}1"},
    {"multi"},
    {"nosuch"},
    {"EXEC"},
    {"MULTI"},
    {"incr", "{a}n"},
    {"exec"},
    {"multi"},
    {"DISCARD"},
    {"exec"},
    {"blpop", "{a}none", "0.01"},
    {"XADD", "{a}s", "*", "f", "v"},
    {"xread", "COUNT", "1", "STREAMS", "{a}s", "0"},
    {"PUBLISH", "ch", "message"},
    {"SCRIPT", "LOAD", "return 1"},
    {"DBSIZE"},
    {"Command", "COUNT"},
    {"OBJECT", "ENCODING", "{a}n"},
    {"ping"},
    {"MONITOR", "too", "many"},
    {"RESET"},
    {"echo", "the end"},
};

std::vector<std::string> lines_of(TestClient monitor, TestClient client) {
  CHECK(monitor.text({"MONITOR"}) == "+OK");
  CHECK(client.pipeline(kRequests).size() == kRequests.size());
  std::vector<std::string> lines;
  do {
    const std::string line = monitor.read().text;
    const std::size_t end = line.find("] ");
    REQUIRE(end != std::string::npos);
    lines.push_back(line.substr(end + 2));
  } while (lines.back() != "\"echo\" \"the end\"");
  return lines;
}

}  // namespace

TEST_CASE("MONITOR shows what a redis-server shows") {
  const kit::RedisProcess redis;
  ProxiedCluster proxied;
  CHECK(lines_of(proxied.client(), proxied.client()) == lines_of(redis.client(), redis.client()));
}

TEST_CASE("redis-cli monitor shows the clients of all workers") {
  ProxiedCluster proxied({"--workers", "3"});
  const kit::TempFolder folder;
  const kit::ChildProcess cli({"redis-cli", "-p", std::to_string(proxied.slotway.port()), "monitor"},
                              folder.path() / "cli.log");
  kit::wait_until("redis-cli to monitor", std::chrono::seconds(10),
                  [&cli] { return cli.output().find("OK") != std::string::npos; });
  for (int i = 0; i < 6; ++i) {
    CHECK(proxied.client().text({"SET", "key:" + std::to_string(i), "v"}) == "+OK");
  }
  kit::wait_until("the last line", std::chrono::seconds(10),
                  [&cli] { return cli.output().find("] \"SET\" \"key:5\" \"v\"") != std::string::npos; });
  for (int i = 0; i < 6; ++i) {
    CHECK(cli.output().find("] \"SET\" \"key:" + std::to_string(i) + "\" \"v\"") != std::string::npos);
  }
}

}  // namespace slotway::integration
