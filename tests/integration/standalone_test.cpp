// One redis-server behind Slotway: all keys together, and databases to select.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/integration/proxied_cluster.hpp"
#include "tests/kit/child_process.hpp"
#include "tests/kit/free_port.hpp"
#include "tests/kit/redis_process.hpp"
#include "tests/kit/temp_folder.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::integration {
namespace {

using kit::Args;
using kit::RedisProcess;
using kit::SlotwayProcess;
using kit::TestClient;

struct ProxiedServer {
  RedisProcess redis;
  SlotwayProcess slotway;

  explicit ProxiedServer(std::vector<std::string> redis_arguments = {},
                         std::vector<std::string> slotway_arguments = {})
      : redis(std::move(redis_arguments)),
        slotway(SLOTWAY_BINARY, redis.host_port(), in_front(std::move(slotway_arguments))) {}

  static std::vector<std::string> in_front(std::vector<std::string> more) {
    std::vector<std::string> out = {"--upstream-mode", "standalone", "--workers", "2"};
    out.insert(out.end(), more.begin(), more.end());
    return out;
  }
  TestClient client() const { return slotway.client(); }
};

// Both are told the same, one after the other, and must say the same.
void check_alike(TestClient& through, TestClient& direct, const std::vector<std::string>& lines) {
  for (const std::string& line : lines) {
    INFO(line);
    const std::string expected = direct.text(words(line));
    CHECK(through.text(words(line)) == expected);
  }
}

}  // namespace

TEST_CASE("commands of keys that a cluster would keep apart are one server's") {
  ProxiedServer proxied;
  const RedisProcess other;
  TestClient through = proxied.client();
  TestClient direct = other.client();
  check_alike(through, direct,
              {"MSET a 1 b 2 c 3",
               "MGET a b c nothing",
               "MSETNX a 1 z 2",
               "MSETNX y 1 z 2",
               "RENAME a d",
               "RENAMENX b c",
               "EXISTS a b c d",
               "SADD s1 x y",
               "SADD s2 y z",
               "SUNIONSTORE s3 s1 s2",
               "SINTERCARD 2 s1 s2",
               "SMOVE s1 s2 x",
               "ZADD z1 1 m",
               "ZUNIONSTORE z3 2 z1 nothing",
               "PFADD h1 a",
               "PFMERGE h2 h1",
               "BITOP OR o c d",
               "LPUSH l1 v",
               "LMOVE l1 l2 LEFT RIGHT",
               "COPY c c2",
               "DEL a b c",
               "UNLINK s1 s2 s3 nothing",
               "TOUCH d y",
               "DBSIZE",
               "RANDOMKEY x",
               "LPUSH q2 v",
               "BLPOP q1 q2 1",
               "EVAL return{KEYS[1],KEYS[2]} 2 k1 k2",
               "OBJECT ENCODING d",
               "SORT l2 ALPHA STORE l3",
               "XADD st1 1-1 f v",
               "XREAD STREAMS st1 st2 0 0",
               "CLUSTER INFO",
               "CLUSTER SLOTS",
               "READONLY",
               "WAIT 0 0",
               "PUBLISH c m",
               "SPUBLISH c m",
               "TYPE z3",
               "GETDEL d"});
}

TEST_CASE("transactions take keys of any kind, and WATCH too") {
  ProxiedServer proxied;
  TestClient client = proxied.client();
  TestClient other = proxied.client();
  CHECK(client.text({"WATCH", "a", "b"}) == "+OK");
  CHECK(client.text({"MULTI"}) == "+OK");
  CHECK(client.text({"SET", "a", "1"}) == "+QUEUED");
  CHECK(client.text({"MGET", "a", "b", "c"}) == "+QUEUED");
  CHECK(client.text({"DBSIZE"}) == "+QUEUED");
  CHECK(client.text({"EXEC"}) == "[+OK, [\"1\", nil, nil], :1]");
  CHECK(client.text({"WATCH", "a", "b"}) == "+OK");
  CHECK(other.text({"SET", "b", "2"}) == "+OK");
  CHECK(client.text({"MULTI"}) == "+OK");
  CHECK(client.text({"SET", "c", "1"}) == "+QUEUED");
  CHECK(client.text({"EXEC"}) == "nil");
}

TEST_CASE("clients of different databases see their own, on connections that they share") {
  ProxiedServer proxied;
  std::vector<TestClient> clients;
  for (int i = 0; i < 16; ++i) {
    clients.push_back(proxied.client());
    REQUIRE(clients.back().text({"SELECT", std::to_string(i)}) == "+OK");
    REQUIRE(clients.back().text({"SET", "k", "of " + std::to_string(i)}) == "+OK");
  }
  for (int i = 0; i < 16; ++i) {
    CHECK(clients[static_cast<std::size_t>(i)].text({"GET", "k"}) == "\"of " + std::to_string(i) + "\"");
    CHECK(clients[static_cast<std::size_t>(i)].text({"DBSIZE"}) == ":1");
  }
  TestClient& third = clients[3];
  CHECK(third.text({"MOVE", "k", "4"}) == ":0");
  CHECK(third.text({"COPY", "k", "k2", "DB", "4"}) == ":1");
  CHECK(clients[4].text({"GET", "k2"}) == "\"of 3\"");
  CHECK(third.text({"SWAPDB", "3", "4"}) == "+OK");
  CHECK(third.text({"GET", "k"}) == "\"of 4\"");
  CHECK(third.text({"SCAN", "0", "COUNT", "100"}).find("\"k2\"") != std::string::npos);
  CHECK(third.text({"FLUSHDB"}) == "+OK");
  CHECK(third.text({"KEYS", "*"}) == "[]");
  CHECK(clients[4].text({"GET", "k"}) == "\"of 3\"");
  CHECK(third.text({"CLIENT", "INFO"}).find(" db=3 ") != std::string::npos);
  CHECK(third.text({"RESET"}) == "+RESET");
  CHECK(third.text({"GET", "k"}) == "\"of 0\"");
}

TEST_CASE("a pipeline that selects keeps its order") {
  ProxiedServer proxied;
  TestClient client = proxied.client();
  std::vector<Args> commands;
  for (int i = 0; i < 200; ++i) {
    commands.push_back({"SELECT", std::to_string(i % 3)});
    commands.push_back({"INCR", "n"});
    commands.push_back({"GET", "n"});
  }
  const auto replies = client.pipeline(commands);
  for (int i = 0; i < 200; ++i) {
    const auto at = static_cast<std::size_t>(i) * 3;
    REQUIRE(to_text(replies[at]) == "+OK");
    REQUIRE(to_text(replies[at + 1]) == ":" + std::to_string(i / 3 + 1));
    REQUIRE(to_text(replies[at + 2]) == "\"" + std::to_string(i / 3 + 1) + "\"");
  }
}

TEST_CASE("a database that does not exist is refused as by the server") {
  ProxiedServer proxied({"--databases", "4"});
  TestClient through = proxied.client();
  TestClient direct = proxied.redis.client();
  check_alike(through, direct,
              {"SELECT 3", "SELECT 4", "SELECT -1", "SELECT x", "SELECT 99999999999", "SELECT", "SELECT 1 2",
               "CONFIG GET databases", "MOVE k 9", "SWAPDB 0 9"});
  // It stays where it was.
  CHECK(through.text({"CLIENT", "INFO"}).find(" db=3 ") != std::string::npos);
}

TEST_CASE("databases are counted where CONFIG goes by another name") {
  const std::string count = GENERATE(as<std::string>{}, "1", "2", "15", "16", "17", "300");
  ProxiedServer proxied({"--databases", count, "--rename-command", "CONFIG", ""});
  TestClient client = proxied.client();
  const int last = std::stoi(count) - 1;
  CHECK(client.text({"SELECT", std::to_string(last)}) == "+OK");
  CHECK(client.text({"SET", "k", "v"}) == "+OK");
  CHECK(client.text({"SELECT", std::to_string(last + 1)}) == "-ERR DB index is out of range");
  CHECK(client.text({"GET", "k"}) == "\"v\"");
}

TEST_CASE("SELECT in a transaction holds for what follows, and for the client from then on") {
  ProxiedServer proxied;
  TestClient client = proxied.client();
  TestClient other = proxied.client();
  const bool watches = GENERATE(false, true);
  if (watches) {
    CHECK(client.text({"WATCH", "w"}) == "+OK");
  }
  const std::vector<Args> transaction = {
      {"MULTI"},       {"SET", "k", "zero"}, {"SELECT", "2"}, {"SET", "k", "two"},
      {"SELECT", "5"}, {"GET", "k"},         {"EXEC"},        {"SET", "k", "five"}};
  const auto replies = client.pipeline(transaction);
  CHECK(to_text(replies[6]) == "[+OK, +OK, +OK, +OK, nil]");
  // Others share the connection that it went over.
  CHECK(other.text({"GET", "k"}) == "\"zero\"");
  CHECK(client.text({"GET", "k"}) == "\"five\"");
  CHECK(client.text({"SELECT", "2"}) == "+OK");
  CHECK(client.text({"GET", "k"}) == "\"two\"");

  SECTION("one that is discarded selects nothing") {
    client.pipeline({{"MULTI"}, {"SELECT", "7"}, {"DISCARD"}});
    CHECK(client.text({"GET", "k"}) == "\"two\"");
  }
  SECTION("one that is refused selects nothing") {
    const auto refused = client.pipeline({{"MULTI"}, {"SELECT", "7"}, {"GET"}, {"EXEC"}});
    CHECK(to_text(refused[3]) == "-EXECABORT Transaction discarded because of previous errors.");
    CHECK(client.text({"GET", "k"}) == "\"two\"");
  }
  SECTION("what was watched in another database counts") {
    CHECK(client.text({"WATCH", "k"}) == "+OK");
    CHECK(client.text({"SELECT", "3"}) == "+OK");
    CHECK(client.text({"WATCH", "x"}) == "+OK");
    CHECK(other.text({"SET", "x", "of zero"}) == "+OK");
    const auto first = client.pipeline({{"MULTI"}, {"SET", "k", "three"}, {"EXEC"}});
    CHECK(to_text(first[2]) == "[+OK]");
    CHECK(client.text({"GET", "k"}) == "\"three\"");
    CHECK(client.text({"WATCH", "k"}) == "+OK");
    CHECK(client.text({"SELECT", "4"}) == "+OK");
    CHECK(other.text({"SELECT", "3"}) == "+OK");
    CHECK(other.text({"SET", "k", "changed"}) == "+OK");
    const auto second = client.pipeline({{"MULTI"}, {"SET", "k", "four"}, {"EXEC"}, {"GET", "k"}});
    CHECK(to_text(second[2]) == "nil");
    CHECK(to_text(second[3]) == "nil");
  }
}

TEST_CASE("a transaction leaves nobody else in its database, whatever it selects") {
  ProxiedServer proxied({"--databases", "70000"});
  TestClient client = proxied.client();
  TestClient other = proxied.client();
  for (const char* database : {"69999", "65536", "3"}) {
    INFO(database);
    client.pipeline({{"MULTI"}, {"SELECT", database}, {"SET", "k", "not yours"}, {"EXEC"}});
    CHECK(other.text({"GET", "k"}) == "nil");
  }
}

TEST_CASE("a client blocks in its own database") {
  ProxiedServer proxied;
  TestClient waiting = proxied.client();
  TestClient other = proxied.client();
  REQUIRE(waiting.text({"SELECT", "6"}) == "+OK");
  waiting.send({"BLPOP", "q", "0"});
  kit::wait_until("it blocks", std::chrono::seconds(10), [&] {
    return other.text({"INFO", "clients"}).find("blocked_clients:1") != std::string::npos;
  });
  CHECK(other.text({"RPUSH", "q", "not this"}) == ":1");
  CHECK(other.text({"SELECT", "6"}) == "+OK");
  CHECK(other.text({"RPUSH", "q", "this"}) == ":1");
  CHECK(to_text(waiting.read()) == "[\"q\", \"this\"]");
}

TEST_CASE("a server that is restarted is waited for") {
  ProxiedServer proxied;
  TestClient client = proxied.client();
  REQUIRE(client.text({"SELECT", "1"}) == "+OK");
  REQUIRE(client.text({"SET", "k", "v"}) == "+OK");
  proxied.redis.kill();
  client.send({"GET", "k"});
  proxied.redis.restart();
  CHECK(to_text(client.read()) == "nil");
  CHECK(client.text({"SET", "k", "v"}) == "+OK");
}

TEST_CASE("INFO and ROLE are those of one server") {
  ProxiedServer proxied;
  TestClient client = proxied.client();
  REQUIRE(client.text({"SELECT", "2"}) == "+OK");
  REQUIRE(client.text({"SET", "k", "v"}) == "+OK");
  const std::string info = client.command({"INFO"}).text;
  INFO(info);
  CHECK(info.find("redis_mode:standalone") != std::string::npos);
  CHECK(info.find("cluster_enabled:0") != std::string::npos);
  CHECK(info.find("db2:keys=1") != std::string::npos);
  CHECK(client.text({"ROLE"}) == "[\"master\", :0, []]");
}

TEST_CASE("what is no single server is named in /readyz") {
  const bool is_cluster = GENERATE(true, false);
  const RedisProcess redis(is_cluster ? std::vector<std::string>{"--cluster-enabled", "yes"}
                                      : std::vector<std::string>{"--requirepass", "secret"});
  const std::uint16_t admin = kit::free_port();
  const kit::TempFolder folder;
  kit::ChildProcess slotway({SLOTWAY_BINARY, "--upstream", redis.host_port(), "--upstream-mode", "standalone",
                             "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:" + std::to_string(admin)},
                            folder.path() / "log");
  const std::string expected = is_cluster ? "set upstream.mode to cluster" : "set upstream.password";
  kit::wait_until("the reason is told", std::chrono::seconds(20), [&] {
    try {
      const auto reply = kit::http_get(admin, "/readyz");
      return reply.status == 503 && reply.body.find(expected) != std::string::npos;
    } catch (const kit::ClientError&) {
      return false;
    }
  });
  CHECK(slotway.running());
}

}  // namespace slotway::integration
