// Client-side caching against a real cluster: whoever writes, and whatever happens to the nodes, no cache
// keeps an old value.
#include <catch2/catch.hpp>

#include <poll.h>

#include <map>
#include <memory>
#include <optional>
#include <random>

#include "tests/integration/proxied_cluster.hpp"
#include "tests/kit/redis_process.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::integration {
namespace {

using kit::ClusterProcess;
using kit::TestClient;

constexpr std::chrono::seconds kRecovery(40);

// A client of RESP3 with a cache, as a library has one.
class CachingClient {
 public:
  explicit CachingClient(TestClient client, const kit::Args& options = {}) : client_(std::move(client)) {
    client_.send_raw(kit::encode({"HELLO", "3"}) + kit::encode({"ECHO", "ready"}));
    while (line() != "ready") {
    }
    kit::Args tracking = {"CLIENT", "TRACKING", "ON"};
    tracking.insert(tracking.end(), options.begin(), options.end());
    client_.send(tracking);
    REQUIRE(line() == "+OK");
  }

  // nullopt: there is no such key, or the node could not be asked.
  std::optional<std::string> get(const std::string& key) {
    take_invalidations();
    if (const auto cached = cache_.find(key); cached != cache_.end()) return cached->second;
    client_.send({"GET", key});
    const std::string header = reply_line();
    if (!header.starts_with('$')) return std::nullopt;
    cache_[key] = line();
    return cache_[key];
  }
  std::size_t size() const { return cache_.size(); }

 private:
  std::string line() {
    std::string text;
    while (!text.ends_with("\r\n")) text += client_.read_raw(1);
    text.resize(text.size() - 2);
    return text;
  }
  // The first line of the next reply: the frames before it are taken in.
  std::string reply_line() {
    for (;;) {
      const std::string header = line();
      if (header != ">2") return header;
      take_frame();
    }
  }
  void take_frame() {
    line();
    REQUIRE(line() == "invalidate");
    const std::string count = line();
    if (count == "_") return cache_.clear();
    for (int left = std::stoi(count.substr(1)); left > 0; --left) {
      line();
      cache_.erase(line());
    }
  }
  void take_invalidations() {
    pollfd entry{client_.fd(), POLLIN, 0};
    if (::poll(&entry, 1, 0) != 1) return;
    client_.send({"ECHO", "x"});
    reply_line();
    line();
  }

  TestClient client_;
  std::map<std::string, std::string> cache_;
};

struct Caches {
  ProxiedCluster proxied{{"--workers", "2", "--topology-refresh-interval", "500ms"}};
  std::vector<std::unique_ptr<CachingClient>> clients;
  std::map<std::string, std::string> truth;
  std::mt19937 random{20};

  Caches() {
    const kit::Args options[] = {{}, {"BCAST"}, {}, {"BCAST", "PREFIX", "key:1", "PREFIX", "key:2"}};
    for (int i = 0; i < 30; ++i) truth["key:" + std::to_string(100 + i)] = "";
    for (const kit::Args& option : options)
      clients.push_back(std::make_unique<CachingClient>(proxied.client(), option));
  }

  std::string any_key() { return std::next(truth.begin(), static_cast<int>(random() % truth.size()))->first; }
  // Through Slotway, or at the node itself.
  void write(TestClient& writer, int round) {
    const std::string key = any_key();
    const std::string value = std::to_string(round);
    const bool direct = random() % 2 == 0;
    const std::size_t primary = proxied.cluster.primary_of(proxied.cluster.slot_of(key));
    const kit::Reply reply = direct ? proxied.cluster.node(primary).command({"SET", key, value})
                                    : writer.command({"SET", key, value});
    if (!reply.is_error()) truth[key] = value;
  }
  void read(int times) {
    for (int i = 0; i < times; ++i) clients[random() % clients.size()]->get(any_key());
  }
  void use(TestClient& writer, int rounds) {
    for (int round = 0; round < rounds; ++round) {
      write(writer, round);
      read(5);
    }
  }
  void expect_truth() {
    for (std::size_t i = 0; i < clients.size(); ++i) {
      for (const auto& [key, value] : truth) {
        INFO("client " << i << ", " << key);
        kit::wait_until("the cache has the value that was written last", kRecovery, [&] {
          return clients[i]->get(key) == (value.empty() ? std::nullopt : std::optional(value));
        });
      }
    }
  }
};

}  // namespace

TEST_CASE("no cache keeps an old value, wherever it was overwritten") {
  Caches caches;
  TestClient writer = caches.proxied.client();
  caches.use(writer, 400);
  caches.expect_truth();
  CHECK(caches.clients[0]->size() > 20);
  CHECK(caches.proxied.slotway.metric("slotway_tracking_clients") == 4);
  CHECK(caches.proxied.slotway.metric("slotway_invalidations_total") > 100);

  CHECK(writer.text({"FLUSHALL"}) == "+OK");
  for (auto& [key, value] : caches.truth) value.clear();
  caches.expect_truth();
}

TEST_CASE("no cache keeps an old value through a failover") {
  Caches caches;
  TestClient writer = caches.proxied.client();
  caches.use(writer, 50);
  ClusterProcess& cluster = caches.proxied.cluster;
  cluster.wait_until_in_sync();
  const std::size_t heir = cluster.replica_of(0);
  cluster.node(0).kill();
  caches.read(20);
  cluster.wait_until_primary(heir, kRecovery);
  kit::wait_until("all keys can be written again", kRecovery, [&] {
    for (auto& [key, value] : caches.truth) {
      if (writer.text({"SET", key, "after"}) != "+OK") return false;
      value = "after";
    }
    return true;
  });
  caches.read(100);
  for (auto& [key, value] : caches.truth) {
    value = "last";
    REQUIRE(writer.text({"SET", key, value}) == "+OK");
  }
  caches.expect_truth();
}

TEST_CASE("no cache keeps an old value of a slot that moves") {
  Caches caches;
  TestClient writer = caches.proxied.client();
  ClusterProcess& cluster = caches.proxied.cluster;
  const std::string key = caches.any_key();
  const std::uint16_t slot = cluster.slot_of(key);
  const std::size_t from = cluster.primary_of(slot);
  const std::size_t to = (from + 1) % ClusterProcess::kPrimaries;
  const auto write_and_check = [&](const std::string& value) {
    REQUIRE(writer.text({"SET", key, value}) == "+OK");
    caches.truth[key] = value;
    caches.expect_truth();
  };
  write_and_check("before");
  cluster.begin_migration(slot, from, to);
  write_and_check("while it moves");
  cluster.migrate_key(key, from, to);
  write_and_check("when the key has moved");
  cluster.end_migration(slot, from, to);
  write_and_check("after");
}

TEST_CASE("CLIENT TRACKING answers as one server does") {
  const ProxiedCluster proxied;
  const kit::RedisProcess redis;
  TestClient ours = proxied.client();
  TestClient theirs = redis.client();
  const char* const commands[] = {
      "CLIENT TRACKINGINFO",
      "CLIENT CACHING YES",
      "CLIENT TRACKING ON NOLOOP",
      "CLIENT TRACKINGINFO",
      "CLIENT GETREDIR",
      "CLIENT TRACKING ON BCAST",
      "CLIENT CACHING YES",
      "CLIENT CACHING NO",
      "CLIENT CACHING MAYBE",
      "CLIENT TRACKING ON OPTIN",
      "CLIENT CACHING YES",
      "CLIENT TRACKINGINFO",
      "CLIENT TRACKINGINFO",
      "CLIENT TRACKING ON OPTOUT",
      "CLIENT TRACKING OFF",
      "CLIENT TRACKING ON BCAST PREFIX a PREFIX b",
      "CLIENT TRACKINGINFO",
      "CLIENT TRACKING ON BCAST PREFIX ab",
      "CLIENT TRACKING ON BCAST PREFIX c",
      "CLIENT TRACKINGINFO",
      "CLIENT TRACKING ON BCAST REDIRECT 0",
      "CLIENT TRACKING ON BCAST REDIRECT 9999999",
      "RESET",
      "CLIENT TRACKINGINFO",
      "CLIENT GETREDIR",
  };
  for (const char* command : commands) {
    INFO(command);
    CHECK(ours.text(words(command)) == theirs.text(words(command)));
  }
}

}  // namespace slotway::integration
