// Pub/sub against a real cluster: every message once to every listener, wherever it was published, through
// failovers and slots that move.
#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

#include "tests/integration/proxied_cluster.hpp"
#include "tests/kit/redis_process.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::integration {
namespace {

using kit::ClusterProcess;
using kit::TestClient;

constexpr std::chrono::seconds kRecovery(40);

ProxiedCluster subscribed_cluster() {
  return ProxiedCluster({"--workers", "2", "--topology-refresh-interval", "500ms"});
}

// Subscriptions of that channel at one node, as PUBSUB counts them.
long long subscriptions_at(ProxiedCluster& proxied, std::size_t node, const std::string& channel,
                           const std::string& question = "NUMSUB") {
  const kit::Reply reply = proxied.cluster.node(node).command({"PUBSUB", question, channel});
  return reply.elements.size() == 2 ? reply.elements[1].integer : -1;
}

std::string message(const std::string& channel, const std::string& text) {
  return "[\"message\", \"" + channel + "\", \"" + text + "\"]";
}

// A key that node `primary` serves; each `n` another one.
std::string key_of(ProxiedCluster& proxied, std::size_t primary, int n = 0) {
  for (int i = 0;; ++i) {
    const std::string key = "key:" + std::to_string(i);
    if (proxied.cluster.primary_of(proxied.cluster.slot_of(key)) == primary && n-- == 0) return key;
  }
}

}  // namespace

TEST_CASE("a message reaches every subscriber once, wherever it is published") {
  ProxiedCluster proxied = subscribed_cluster();
  std::vector<TestClient> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(proxied.client());
    CHECK(clients.back().text({"SUBSCRIBE", "news"}) == "[\"subscribe\", \"news\", :1]");
  }
  CHECK(clients[2].text({"PSUBSCRIBE", "ne*"}) == "[\"psubscribe\", \"ne*\", :2]");
  TestClient publisher = proxied.client();
  const auto heard = [&](const std::string& text) {
    for (TestClient& client : clients) CHECK(kit::to_text(client.read()) == message("news", text));
    CHECK(kit::to_text(clients[2].read()) == "[\"pmessage\", \"ne*\", \"news\", \"" + text + "\"]");
  };
  for (int i = 0; i < 100; ++i) {
    CHECK_FALSE(publisher.command({"PUBLISH", "news", std::to_string(i)}).is_error());
    heard(std::to_string(i));
  }
  for (std::size_t node = 0; node < ClusterProcess::kNodes; ++node) {
    proxied.cluster.node(node).command({"PUBLISH", "news", "from " + std::to_string(node)});
    heard("from " + std::to_string(node));
  }
  // One subscription a worker, at one node.
  long long subscriptions = 0;
  for (std::size_t node = 0; node < ClusterProcess::kNodes; ++node)
    subscriptions += subscriptions_at(proxied, node, "news");
  CHECK(subscriptions == 2);
  CHECK(proxied.slotway.metric("slotway_subscribers") == 3);
  CHECK(proxied.slotway.metric("slotway_messages_delivered_total") == 106 * 4);

  // What is published after an acknowledgement is heard, however soon.
  for (int i = 0; i < 50; ++i) {
    TestClient late = proxied.client();
    const std::string channel = "late:" + std::to_string(i);
    CHECK(late.command({"SUBSCRIBE", channel}).elements.size() == 3);
    publisher.command({"PUBLISH", channel, "x"});
    CHECK(kit::to_text(late.read()) == message(channel, "x"));
  }
}

TEST_CASE("when the node that carries the subscriptions dies, another one does, and nobody is told") {
  ProxiedCluster proxied = subscribed_cluster();
  std::vector<TestClient> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(proxied.client());
    CHECK(clients.back().command({"SUBSCRIBE", "news"}).elements.size() == 3);
  }
  std::size_t carrier = 0;
  while (subscriptions_at(proxied, carrier, "news") == 0) ++carrier;
  REQUIRE(carrier < ClusterProcess::kPrimaries);
  CHECK(subscriptions_at(proxied, carrier, "news") == 2);
  const std::size_t other = (carrier + 1) % ClusterProcess::kPrimaries;
  proxied.cluster.node(carrier).kill();
  kit::wait_until("the subscriptions stand elsewhere", kRecovery, [&] {
    long long subscriptions = 0;
    for (std::size_t node = 0; node < ClusterProcess::kNodes; ++node) {
      if (node != carrier) subscriptions += subscriptions_at(proxied, node, "news");
    }
    return subscriptions == 2;
  });
  proxied.cluster.node(other).command({"PUBLISH", "news", "after"});
  for (TestClient& client : clients) CHECK(kit::to_text(client.read()) == message("news", "after"));

  proxied.cluster.wait_until_primary(carrier + ClusterProcess::kPrimaries, kRecovery);
  TestClient publisher = proxied.client();
  kit::wait_until("PUBLISH works again", kRecovery, [&] {
    return !publisher.command({"PUBLISH", "other", "x"}).is_error();
  });
  publisher.command({"PUBLISH", "news", "recovered"});
  for (TestClient& client : clients) CHECK(kit::to_text(client.read()) == message("news", "recovered"));
}

TEST_CASE("CLIENT REPLY OFF silences neither acknowledgements nor messages") {
  ProxiedCluster proxied = subscribed_cluster();
  const kit::RedisProcess redis;
  TestClient publisher = proxied.client();
  for (const bool through_slotway : {true, false}) {
    TestClient client = through_slotway ? proxied.client() : redis.client();
    client.send_raw(kit::encode({"CLIENT", "REPLY", "OFF"}) + kit::encode({"PING"}) +
                    kit::encode({"SUBSCRIBE", "news", "sports"}) + kit::encode({"UNSUBSCRIBE", "sports"}));
    CHECK(kit::to_text(client.read()) == "[\"subscribe\", \"news\", :1]");
    CHECK(kit::to_text(client.read()) == "[\"subscribe\", \"sports\", :2]");
    CHECK(kit::to_text(client.read()) == "[\"unsubscribe\", \"sports\", :1]");
    TestClient server = redis.client();
    TestClient& asked = through_slotway ? publisher : server;
    CHECK_FALSE(asked.command({"PUBLISH", "news", "x"}).is_error());
    CHECK(kit::to_text(client.read()) == message("news", "x"));
  }
}

TEST_CASE("keyspace notifications of all primaries are heard once, also after a failover") {
  ProxiedCluster proxied = subscribed_cluster();
  for (std::size_t node = 0; node < ClusterProcess::kNodes; ++node)
    proxied.cluster.node(node).command({"CONFIG", "SET", "notify-keyspace-events", "KEA"});
  TestClient client = proxied.client();
  CHECK(client.command({"PSUBSCRIBE", "__keyevent@0__:s[e]t"}).elements.size() == 3);
  TestClient writer = proxied.client();
  const auto set_and_hear = [&](const std::string& key) {
    CHECK(writer.text({"SET", key, "1"}) == "+OK");
    CHECK(kit::to_text(client.read()) ==
          "[\"pmessage\", \"__keyevent@0__:s[e]t\", \"__keyevent@0__:set\", \"" + key + "\"]");
  };
  for (std::size_t primary = 0; primary < ClusterProcess::kPrimaries; ++primary) {
    for (int n = 0; n < 3; ++n) set_and_hear(key_of(proxied, primary, n));
  }
  const std::string key = key_of(proxied, 1);
  proxied.cluster.failover(1 + ClusterProcess::kPrimaries);
  // The replica would speak of the same keys.
  kit::wait_until("the new primary is subscribed to instead of the old one", kRecovery, [&] {
    return proxied.cluster.node(1 + ClusterProcess::kPrimaries).command({"PUBSUB", "NUMPAT"}).integer == 1 &&
           proxied.cluster.node(1).command({"PUBSUB", "NUMPAT"}).integer == 0;
  });
  for (int i = 0; i < 3; ++i) set_and_hear(key);
}

TEST_CASE("a shard channel is heard at its slot's node, and follows the slot") {
  ProxiedCluster proxied = subscribed_cluster();
  const std::string channel = key_of(proxied, 0);
  const std::uint16_t slot = proxied.cluster.slot_of(channel);
  TestClient client = proxied.client();
  TestClient second = proxied.client();
  for (TestClient* each : {&client, &second})
    CHECK(each->text({"SSUBSCRIBE", channel}) == "[\"ssubscribe\", \"" + channel + "\", :1]");
  TestClient publisher = proxied.client();
  const auto publish_and_hear = [&](const std::string& text) {
    CHECK_FALSE(publisher.command({"SPUBLISH", channel, text}).is_error());
    for (TestClient* each : {&client, &second})
      CHECK(kit::to_text(each->read()) == "[\"smessage\", \"" + channel + "\", \"" + text + "\"]");
  };
  publish_and_hear("at home");
  proxied.cluster.begin_migration(slot, 0, 1);
  publish_and_hear("on the way");
  proxied.cluster.end_migration(slot, 0, 1);
  kit::wait_until("the new owner is subscribed to", kRecovery,
                  [&] { return subscriptions_at(proxied, 1, channel, "SHARDNUMSUB") == 2; });
  publish_and_hear("moved");
  CHECK(client.text({"SUNSUBSCRIBE"}) == "[\"sunsubscribe\", \"" + channel + "\", :0]");
}

TEST_CASE("PUBSUB and CLIENT LIST say of subscriptions what one server says") {
  ProxiedCluster proxied = subscribed_cluster();
  const kit::RedisProcess redis;
  // Five clients on two workers, the same five at the server.
  const std::vector<kit::Args> commands[] = {
      {{"SUBSCRIBE", "news", "sports"}, {"PSUBSCRIBE", "n*", "__keyevent@0__:*"}},
      {{"SUBSCRIBE", "news"}, {"SSUBSCRIBE", "shard"}},
      {{"PSUBSCRIBE", "n*"}, {"SSUBSCRIBE", "shard"}, {"SUNSUBSCRIBE"}},
      {{"SUBSCRIBE", "a\r\nb", "gone"}, {"UNSUBSCRIBE", "gone"}},
      {{"SSUBSCRIBE", "other"}},
  };
  std::vector<TestClient> here;
  std::vector<TestClient> there;
  for (const auto& of_client : commands) {
    here.push_back(proxied.client());
    there.push_back(redis.client());
    for (const kit::Args& command : of_client) {
      here.back().send(command);
      there.back().send(command);
      for (std::size_t name = 1; name < std::max<std::size_t>(command.size(), 2); ++name)
        CHECK(kit::to_text(here.back().read()) == kit::to_text(there.back().read()));
    }
  }
  // Names come in any order.
  const auto answer = [](TestClient& client, const kit::Args& command) {
    kit::Reply reply = client.command(command);
    if (command[1].ends_with("CHANNELS")) {
      std::ranges::sort(reply.elements, {}, &kit::Reply::text);
    }
    return kit::to_text(reply);
  };
  TestClient asks_here = proxied.client();
  TestClient asks_there = redis.client();
  for (const kit::Args& command : std::vector<kit::Args>{
           {"PUBSUB", "CHANNELS"},
           {"PUBSUB", "CHANNELS", "*s"},
           {"PUBSUB", "CHANNELS", "[^n]*"},
           {"PUBSUB", "CHANNELS", "none"},
           {"PUBSUB", "CHANNELS", "a", "b"},
           {"PUBSUB", "NUMSUB"},
           {"PUBSUB", "NUMSUB", "news", "none", "news", "gone", "shard"},
           {"PUBSUB", "NUMPAT"},
           {"PUBSUB", "NUMPAT", "x"},
           {"PUBSUB", "SHARDCHANNELS"},
           {"PUBSUB", "SHARDCHANNELS", "o*"},
           {"PUBSUB", "SHARDNUMSUB", "shard", "other", "news"},
           {"PUBSUB", "NOSUCH"},
           {"PUBSUB"},
       }) {
    INFO(kit::to_text({kit::Reply::Type::bulk, command.size() > 1 ? command[1] : "", 0, {}}));
    if (command.size() == 1) {
      CHECK(asks_here.text(command) == asks_there.text(command));
    } else {
      CHECK(answer(asks_here, command) == answer(asks_there, command));
    }
  }
  // The fields of CLIENT LIST that tell of subscriptions, each client's.
  const auto subscriptions = [](TestClient& client, const char* type) {
    std::multiset<std::string> fields;
    const std::string lines = client.command({"CLIENT", "LIST", "TYPE", type}).text;
    for (std::size_t at = lines.find(" flags="); at != std::string::npos; at = lines.find(" flags=", at + 1))
      fields.insert(lines.substr(at, lines.find(" multi=", at) - at));
    return fields;
  };
  CHECK(subscriptions(asks_here, "pubsub") == subscriptions(asks_there, "pubsub"));
  CHECK(subscriptions(asks_here, "pubsub").size() == 5);
  CHECK(subscriptions(asks_here, "normal").size() == 1);
}

}  // namespace slotway::integration
