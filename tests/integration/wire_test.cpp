// Raw bytes: deep pipelines, inline commands, broken input; compared with one plain redis-server.
#include <catch2/catch.hpp>

#include "tests/integration/proxied_cluster.hpp"
#include "tests/kit/redis_process.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::integration {
namespace {

using kit::RedisProcess;
using kit::TestClient;

// What comes back until the server closes.
std::string transcript(TestClient client, const std::string& bytes) {
  client.send_raw(bytes);
  return client.read_until_closed();
}

// Transcripts that the server ends: with QUIT, or because the bytes are broken.
const std::vector<std::string>& transcripts() {
  static const std::vector<std::string> all = {
      // inline commands
      "PING\r\nQUIT\r\n",
      "SET a \"x\\x41\\n\\\"y\"\r\nGET a\r\nSET b 'it\\'s'\r\nGET b\r\nQUIT\r\n",
      "\r\n\r\nPING\nquit\r\n",
      "  SET   a   1  \r\nGET a\r\nQUIT\r\n",
      // requests that are none
      "*0\r\n*-1\r\nPING\r\nQUIT\r\n",
      // empty arguments
      "*3\r\n$3\r\nSET\r\n$0\r\n\r\n$0\r\n\r\n*2\r\n$3\r\nGET\r\n$0\r\n\r\nQUIT\r\n",
      "*1\r\n$0\r\n\r\nQUIT\r\n",
      // what comes before the broken bytes is answered
      "SET a 1\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\n*1\r\n$-5\r\n",
      // broken
      "*1\r\n$-1\r\n",
      "*1\r\n$99999999999\r\n",
      "*1\r\n$x\r\n",
      "*1\r\n+PING\r\n",
      "*1\r\n\r\n",
      "*x\r\n",
      "*99999999999\r\n",
      "*\r\n",
      "SET a \"unbalanced\r\n",
      "SET a \"un\"balanced\r\n",
      std::string(64 * 1024 + 1, 'x'),
      "*" + std::string(64 * 1024, '1'),
      "*1\r\n$" + std::string(64 * 1024 + 16, '1'),
  };
  return all;
}

}  // namespace

TEST_CASE("inline commands and broken bytes get a plain server's own answers") {
  ProxiedCluster proxied;
  const RedisProcess plain;
  TestClient bystander = proxied.client();
  for (const std::string& bytes : transcripts()) {
    INFO(kit::to_text({kit::Reply::Type::bulk, bytes.substr(0, 200), 0, {}}));
    const std::string expected = transcript(plain.client(), bytes);
    CHECK(transcript(proxied.client(), bytes) == expected);
    CHECK(!expected.empty());
    CHECK(bystander.text({"PING"}) == "+PONG");
  }
}

TEST_CASE("bytes that come one by one get the same answers") {
  ProxiedCluster proxied;
  for (const std::string& bytes : transcripts()) {
    if (bytes.size() > 1000) continue;
    INFO(kit::to_text({kit::Reply::Type::bulk, bytes, 0, {}}));
    const std::string expected = transcript(proxied.client(), bytes);
    TestClient client = proxied.client();
    for (const char c : bytes) client.send_raw({&c, 1});
    CHECK(client.read_until_closed() == expected);
  }
}

TEST_CASE("a pipeline of 10,000 commands over all slots is answered in order") {
  ProxiedCluster proxied;
  TestClient client(proxied.port(), std::chrono::seconds(30));
  std::vector<kit::Args> commands;
  for (int i = 0; i < 10'000; ++i) {
    const std::string n = std::to_string(i);
    switch (i % 5) {
      case 0: commands.push_back({"SET", "deep:" + n, n}); break;
      case 1: commands.push_back({"ECHO", n}); break;
      case 2: commands.push_back({"GET", "deep:" + std::to_string(i - 2)}); break;
      case 3: commands.push_back({"MGET", "deep:" + std::to_string(i - 3), "none:" + n}); break;
      default: commands.push_back({"NOSUCH" + n}); break;
    }
  }
  const std::vector<kit::Reply> replies = client.pipeline(commands);
  int wrong = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::string base = "\"" + std::to_string(i - i % 5) + "\"";
    const std::string expected[] = {
        "+OK", "\"" + std::to_string(i) + "\"", base, "[" + base + ", nil]",
        "-ERR unknown command 'NOSUCH" + std::to_string(i) + "', with args beginning with: "};
    if (kit::to_text(replies[static_cast<std::size_t>(i)]) != expected[i % 5] && ++wrong < 4) {
      CHECK(kit::to_text(replies[static_cast<std::size_t>(i)]) == expected[i % 5]);
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("a client that does not read its replies stops being read, and nobody else") {
  ProxiedCluster proxied(
      {"--workers", "1", "--limits-max-output-per-client", "1mb", "--limits-max-inflight-per-client", "64"});
  TestClient greedy(proxied.port(), std::chrono::seconds(30));
  TestClient other = proxied.client();
  CHECK(other.text({"SET", "v", std::string(100'000, 'v')}) == "+OK");
  std::string request;
  for (int i = 0; i < 100; ++i)
    request += kit::encode({"GET", "v"}) + kit::encode({"ECHO", std::string(20'000, 'e')});
  // More than any socket buffer takes: sending stalls because Slotway has stopped reading.
  std::string bytes;
  for (int i = 0; i < 20; ++i) bytes += request;
  const std::size_t sent = greedy.send_unread(bytes, std::chrono::milliseconds(500));
  CHECK(sent < bytes.size());
  CHECK(other.text({"PING"}) == "+PONG");
  kit::wait_until("the client is paused", std::chrono::seconds(5),
                  [&] { return proxied.slotway.metric("slotway_clients_paused") == 1; });
  // It goes on as soon as the client reads.
  INFO(proxied.slotway.output());
  greedy.send_raw(std::string_view(bytes).substr(sent));
  for (int i = 0; i < 2000; ++i) {
    REQUIRE(greedy.read().text.size() == 100'000);
    REQUIRE(greedy.read().text.size() == 20'000);
  }
  CHECK(greedy.text({"PING"}) == "+PONG");
}

TEST_CASE("a client that leaves in the middle of its requests disturbs nobody") {
  ProxiedCluster proxied({"--workers", "1"});
  TestClient other = proxied.client();
  for (int i = 0; i < 50; ++i) {
    TestClient leaving = proxied.client();
    std::string bytes;
    for (int j = 0; j < 200; ++j) bytes += kit::encode({"INCR", "leaving:" + std::to_string(j)});
    leaving.send_raw(bytes + "*3\r\n$3\r\nSET\r\n$100\r\nhalf");
    leaving.close();
    CHECK(other.text({"SET", "stays", std::to_string(i)}) == "+OK");
    CHECK(other.text({"GET", "stays"}) == "\"" + std::to_string(i) + "\"");
  }
}

}  // namespace slotway::integration
