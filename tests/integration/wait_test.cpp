// WAIT and CLIENT UNBLOCK on a real cluster: replicas that have stopped do not count, and no element is lost.
#include <signal.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/integration/proxied_cluster.hpp"
#include "tests/kit/redis_process.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::integration {
namespace {

using kit::TestClient;

// Stops a process for as long as it lives.
class Stopped {
 public:
  explicit Stopped(pid_t pid) : pid_(pid) { ::kill(pid_, SIGSTOP); }
  ~Stopped() { ::kill(pid_, SIGCONT); }
  Stopped(const Stopped&) = delete;
  Stopped& operator=(const Stopped&) = delete;

 private:
  pid_t pid_;
};

std::string id_of(TestClient& client) { return std::to_string(client.command({"CLIENT", "ID"}).integer); }

bool is_blocked(TestClient& other, const std::string& id) {
  return other.command({"CLIENT", "LIST", "ID", id}).text.find("flags=b") != std::string::npos;
}

}  // namespace

TEST_CASE("WAIT counts the replicas that have all that the client has written") {
  ProxiedCluster proxied;
  proxied.cluster.wait_until_in_sync();
  TestClient client = proxied.client();
  const std::string id = id_of(client);
  // One key for each primary.
  std::vector<std::string> keys(kit::ClusterProcess::kPrimaries);
  for (int i = 0; std::count(keys.begin(), keys.end(), "") > 0; ++i) {
    const std::string key = "k" + std::to_string(i);
    const std::size_t primary = proxied.cluster.primary_of(proxied.cluster.slot_of(key));
    if (primary < keys.size()) keys[primary] = key;
  }
  const auto write_all = [&] {
    for (const std::string& key : keys) REQUIRE(client.text({"INCR", key}).starts_with(":"));
  };
  write_all();
  CHECK(client.text({"WAIT", "1", "0"}) == ":1");
  // This one asks no replica, but they report each second.
  kit::wait_until("the replicas' reports", std::chrono::seconds(20), [&] {
    return client.text({"WAIT", "0", "0"}) == ":1";
  });
  CHECK(client.text({"WAIT", "2", "50"}) == ":1");

  TestClient other = proxied.client();
  for (std::size_t primary = 0; primary < kit::ClusterProcess::kPrimaries; ++primary) {
    const Stopped replica(proxied.cluster.node(proxied.cluster.replica_of(primary)).pid());
    write_all();
    CHECK(client.text({"WAIT", "1", "100"}) == ":0");
  }
  {
    const Stopped replica(proxied.cluster.node(proxied.cluster.replica_of(0)).pid());
    write_all();
    client.send({"WAIT", "1", "0"});
    kit::wait_until("a blocked client", std::chrono::seconds(20), [&] { return is_blocked(other, id); });
    CHECK(other.text({"SET", keys[0], "0"}) == "+OK");
  }
  CHECK(kit::to_text(client.read()) == ":1");
  for (const char* const line : {"WAIT x 0", "WAIT 1 x", "WAIT 1 -1", "WAIT 1", "CLIENT UNBLOCK x",
                                 "CLIENT UNBLOCK 1 x", "CLIENT UNBLOCK 1 ERROR x", "CLIENT UNBLOCK 999999"}) {
    const kit::RedisProcess plain;
    INFO(line);
    CHECK(client.text(words(line)) == plain.client().text(words(line)));
  }
}

TEST_CASE("CLIENT UNBLOCK ends every kind of wait as one server does") {
  ProxiedCluster proxied;
  const kit::RedisProcess plain;
  for (const char* const line :
       {"BLPOP q 0", "BRPOPLPUSH {q}a {q}b 0", "BLMOVE {q}a {q}b LEFT LEFT 0", "BLMPOP 0 1 q LEFT",
        "BZPOPMIN z 0", "BZMPOP 0 1 z MIN", "XREAD BLOCK 0 STREAMS x $", "WAIT 9 0"}) {
    for (const char* const how : {"", "TIMEOUT", "error"}) {
      INFO(line << " " << how);
      std::string replies[2];
      for (const bool is_plain : {false, true}) {
        TestClient blocked = is_plain ? plain.client() : proxied.client();
        TestClient other = is_plain ? plain.client() : proxied.client();
        const std::string id = id_of(blocked);
        CHECK(other.text({"CLIENT", "UNBLOCK", id}) == ":0");
        blocked.send(words(line));
        kit::Args unblock = {"CLIENT", "UNBLOCK", id};
        if (*how != '\0') unblock.emplace_back(how);
        kit::wait_until("the client to be unblocked", std::chrono::seconds(20),
                        [&] { return other.text(unblock) == ":1"; });
        replies[is_plain ? 1 : 0] = kit::to_text(blocked.read());
        CHECK(blocked.text({"PING"}) == "+PONG");
      }
      // The plain server has no replica, the cluster's primaries have one.
      if (replies[0] == ":1") replies[0] = ":0";
      CHECK(replies[0] == replies[1]);
    }
  }
}

TEST_CASE("an element that comes while its client is unblocked is either taken or left") {
  ProxiedCluster proxied;
  TestClient pushing = proxied.client();
  TestClient asking = proxied.client();
  int taken = 0;
  for (int round = 0; round < 300; ++round) {
    TestClient blocked = proxied.client();
    const std::string id = id_of(blocked);
    blocked.send({"BLPOP", "queue", "0"});
    kit::wait_until("a blocked client", std::chrono::seconds(20), [&] { return is_blocked(asking, id); });
    (round % 2 == 0 ? pushing : asking)
        .send(round % 2 == 0 ? kit::Args{"RPUSH", "queue", "x"} : kit::Args{"CLIENT", "UNBLOCK", id});
    (round % 2 == 0 ? asking : pushing)
        .send(round % 2 == 0 ? kit::Args{"CLIENT", "UNBLOCK", id} : kit::Args{"RPUSH", "queue", "x"});
    const std::string unblocked = kit::to_text(asking.read());
    REQUIRE(kit::to_text(pushing.read()) == ":1");
    const std::string popped = kit::to_text(blocked.read());
    if (unblocked == ":0") {
      ++taken;
      REQUIRE(popped == "[\"queue\", \"x\"]");
      REQUIRE(pushing.text({"LLEN", "queue"}) == ":0");
    } else {
      REQUIRE(unblocked == ":1");
      REQUIRE(popped == "nil");
      REQUIRE(pushing.text({"LPOP", "queue"}) == "\"x\"");
    }
  }
  INFO("the element won " << taken << " times");
  CHECK(taken < 300);
}

}  // namespace slotway::integration
