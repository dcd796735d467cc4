// RESP3 through a real cluster: every type of reply as one server gives it, byte for byte.
#include <catch2/catch.hpp>

#include "tests/integration/proxied_cluster.hpp"

namespace slotway::integration {
namespace {

using kit::TestClient;

// What comes for these lines in RESP3, up to the ECHO that ends them.
std::string transcript(TestClient client, const std::vector<std::string>& lines) {
  const std::string end = "$3\r\nend\r\n";
  std::string out;
  client.send_raw(kit::encode({"HELLO", "3"}) + kit::encode({"ECHO", "end"}));
  while (!out.ends_with(end)) out += client.read_raw(1);
  out.clear();
  for (const std::string& line : lines) client.send_raw(kit::encode(words(line)));
  client.send_raw(kit::encode({"ECHO", "end"}));
  while (!out.ends_with(end)) out += client.read_raw(1);
  return out;
}

}  // namespace

TEST_CASE("RESP3 replies are those of one server") {
  ProxiedCluster proxied({"--workers", "1"});
  kit::RedisProcess server;
  const std::vector<std::string> lines = {"HSET h f v",
                                          "HGETALL h",
                                          "SADD s m",
                                          "SMEMBERS s",
                                          "ZADD z 1.5 m",
                                          "ZSCORE z m",
                                          "ZRANGE z 0 -1 WITHSCORES",
                                          "GET nothing",
                                          "MGET a b c nothing",
                                          "MSET a 1 b 2 c 3",
                                          "MGET a b c nothing",
                                          "DEL a b c",
                                          "LPOP nothing",
                                          "XADD x 1-1 f v",
                                          "XREAD STREAMS x 0",
                                          "XREAD STREAMS nothing 0",
                                          "XADD y 1-1 f v",
                                          "XADD u 2-1 g w",
                                          "XREAD STREAMS u x nothing y 0 0 0 0",
                                          "XREAD STREAMS u x y 9 9 9",
                                          "HRANDFIELD h 1 WITHVALUES",
                                          "SISMEMBER s m",
                                          "GEOADD g 1 2 p",
                                          "GEOPOS g p nothing",
                                          "EVAL return{1,{map={a=1}},false} 0",
                                          "EVAL redis.setresp(3);return{double=1.5} 0",
                                          "BLPOP nothing 0.01",
                                          "MULTI",
                                          "HGETALL h",
                                          "EXEC",
                                          "WATCH h",
                                          "MULTI",
                                          "EXEC",
                                          "OBJECT ENCODING h",
                                          "HINCRBY h f 1",
                                          "CONFIG GET databases",
                                          "CLIENT GETNAME",
                                          "COMMAND COUNT",
                                          "COMMAND INFO get",
                                          "NOSUCH",
                                          "HELLO 4"};
  CHECK(transcript(proxied.client(), {"CONFIG GET databases"}).starts_with("%1\r\n"));
  std::vector<std::string> same = lines;
  std::erase(same, "CONFIG GET databases");  // a cluster has one
  CHECK(transcript(proxied.client(), same) == transcript(server.client(), same));
}

TEST_CASE("redis-cli speaks RESP3 through the proxy") {
  ProxiedCluster proxied({"--workers", "1"});
  const std::string port = std::to_string(proxied.port());
  REQUIRE(proxied.client().text({"HSET", "h", "f", "v"}) == ":1");
  const kit::CommandResult shown =
      kit::run_command({"redis-cli", "-3", "-p", port, "--no-raw", "HGETALL", "h"}, std::chrono::seconds(20));
  CHECK(shown.output == "1# \"f\" => \"v\"\n");
}

}  // namespace slotway::integration
