#include "proxy/control/sentinel_source.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "proxy/control/sentinel_watcher.hpp"
#include "tests/proxy/refresher_stage.hpp"

using namespace slotway;
using namespace slotway::proxy;
using namespace slotway::tests;

namespace {

std::string words_reply(const std::vector<std::string>& words) {
  std::string out = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) out += bulk(word);
  return out;
}

// What a sentinel says; others may change it while it runs.
struct Said {
  std::string id;
  std::uint16_t primary = 0;
  int epoch = 1;
  std::vector<std::uint16_t> replicas{};
  bool is_silent = false;
};

FakeNode::React sentinel(const std::shared_ptr<Said>& said) {
  return [said](const Argv& argv) -> Reaction {
    if (said->is_silent) return {};
    if (argv[0] == "SUBSCRIBE") return {};
    if (argv[1] == "MYID") return {bulk(said->id)};
    if (argv[2] != "mymaster" && !argv[2].starts_with("m:"))
      return {"-ERR No such master with that name\r\n"};
    const std::string port = std::to_string(said->primary);
    if (argv[1] == "GET-MASTER-ADDR-BY-NAME") return {words_reply({"127.0.0.1", port})};
    if (argv[1] == "MASTER")
      return {words_reply({"ip", "127.0.0.1", "port", port, "config-epoch", std::to_string(said->epoch)})};
    if (argv[1] != "REPLICAS") return {"*0\r\n"};
    std::string out = "*" + std::to_string(said->replicas.size()) + "\r\n";
    for (const std::uint16_t replica : said->replicas)
      out += words_reply({"ip", "127.0.0.1", "port", std::to_string(replica), "flags", "slave"});
    return {out};
  };
}

FakeNode::React server(const std::string& role) {
  return [role](const Argv& argv) -> Reaction {
    if (argv[0] == "ROLE") return {words_reply({role})};
    if (argv[0] == "CONFIG") return {words_reply({"databases", "32"})};
    return {usual_reply(argv, {})};
  };
}

// Three sentinels that agree on a primary with one replica, and a server that is nobody's.
struct SentinelStage : Stage {
  FakeNode primary{io, server("master")};
  FakeNode replica{io, server("slave")};
  FakeNode stranger{io, server("master")};
  std::vector<std::shared_ptr<Said>> said;
  std::vector<std::unique_ptr<FakeNode>> sentinels;

  SentinelStage() {
    config.upstream.mode = config::UpstreamMode::sentinel;
    for (const char* id : {"a", "b", "c"}) {
      said.push_back(std::make_shared<Said>(Said{id, primary.port(), 5, {replica.port()}}));
      sentinels.push_back(std::make_unique<FakeNode>(io, sentinel(said.back())));
      add_seed(sentinels.back()->port());
    }
  }
  std::uint16_t primary_of(std::size_t map) const { return routing::sentinel_primary(*published[map]).port; }
};

}  // namespace

TEST_CASE("The map is the primary that the sentinels name, with its replicas and databases") {
  SentinelStage stage;
  stage.start();
  stage.run_until_published(1);
  const routing::Topology& map = *stage.published[0];
  CHECK(stage.primary_of(0) == stage.primary.port());
  CHECK(map.covered_slots() == routing::kSlotCount);
  CHECK(map.nodes().size() == 2);
  CHECK(map.epoch() == 5);
  CHECK(map.databases() == 32);
}

TEST_CASE("A sentinel that is silent keeps nobody waiting") {
  SentinelStage stage;
  stage.said[GENERATE(0, 1, 2)]->is_silent = true;
  stage.start();
  stage.run_until_published(1);
  CHECK(stage.primary_of(0) == stage.primary.port());
}

TEST_CASE("A sentinel that lies is not believed, at the start and later") {
  SentinelStage stage;
  Said& liar = *stage.said[GENERATE(0, 1, 2)];
  const std::uint16_t named = GENERATE(0, 1) == 0 ? stage.stranger.port() : stage.replica.port();
  const auto lie = [&] {
    liar.primary = named;
    liar.epoch = 99;
  };
  const bool from_the_start = GENERATE(true, false);
  if (from_the_start) lie();
  stage.start();
  stage.run_until_published(1);
  CHECK(stage.primary_of(0) == stage.primary.port());
  lie();
  for (std::uint64_t look = 1; look <= 3; ++look) {
    const std::uint64_t before = stage.results(RefreshResult::unchanged);
    stage.refresher->request_refresh(routing::RefreshReason::sentinel_event);
    stage.run_until_result(RefreshResult::unchanged, before + 1);
  }
  CHECK(stage.published.size() == 1);
}

TEST_CASE("A failover that one sentinel has heard of is followed when the new primary says so too") {
  SentinelStage stage;
  stage.start();
  stage.run_until_published(1);
  stage.said[1]->primary = stage.replica.port();
  stage.said[1]->epoch = 6;
  stage.refresher->request_refresh(routing::RefreshReason::sentinel_event);
  stage.run_until_result(RefreshResult::unchanged);
  stage.replica.set_reaction(server("master"));
  stage.refresher->request_refresh(routing::RefreshReason::sentinel_event);
  stage.run_until_published(2);
  CHECK(stage.primary_of(1) == stage.replica.port());
  CHECK(stage.published[1]->epoch() == 6);
}

TEST_CASE("Why there is no primary is an error that says what to do") {
  SentinelStage stage;
  std::string expected;
  SECTION("no sentinel knows the master") {
    stage.config.upstream.master_name = "other";
    expected = "it watches no master 'other': check upstream.master_name";
  }
  SECTION("what they name is a replica") {
    stage.primary.set_reaction(server("slave"));
    expected = "it says that it is a replica";
  }
  SECTION("no sentinel answers") {
    for (const auto& sentinel : stage.sentinels) sentinel->shut();
    expected = "Connection refused";
  }
  stage.start();
  stage.run_until_result(RefreshResult::failed);
  CHECK(contains(stage.refresher->status().last_error, expected));
}

TEST_CASE("A hundred masters are asked for on one connection to each sentinel, and heard of on one more") {
  SentinelStage stage;
  constexpr std::size_t kMasters = 100;
  std::vector<std::shared_ptr<const routing::Topology>> maps(kMasters);
  std::vector<std::unique_ptr<TopologyRefresher>> refreshers;
  for (std::size_t i = 0; i < kMasters; ++i) {
    config::Config config = stage.config;
    config.upstream.master_name = "m:" + std::to_string(i);
    // In whatever order
    if (i % 2 == 1) std::reverse(config.upstream.seeds.begin(), config.upstream.seeds.end());
    refreshers.push_back(std::make_unique<TopologyRefresher>(
        stage.io, stage.groups, config.upstream.master_name, config,
        [&maps, i](auto map) { maps[i] = std::move(map); }, [](auto) {}));
    refreshers.back()->start();
  }
  const auto limit = std::chrono::steady_clock::now() + 20s;
  const auto has_map = [](const auto& map) { return map != nullptr; };
  while (!std::all_of(maps.begin(), maps.end(), has_map)) REQUIRE(stage.io.run_one_until(limit) == 1);
  for (const auto& map : maps) CHECK(routing::sentinel_primary(*map).port == stage.primary.port());

  // Once more, when something has happened to all
  const auto looks = [](const auto& refresher) {
    std::uint64_t sum = 0;
    for (const auto& by_result : refresher->status().counts)
      for (const std::uint64_t count : by_result) sum += count;
    return sum;
  };
  for (const auto& said : stage.said) said->primary = stage.stranger.port();
  for (const auto& refresher : refreshers) refresher->request_refresh(routing::RefreshReason::sentinel_event);
  const auto has_followed = [&](const auto& map) {
    return routing::sentinel_primary(*map).port == stage.stranger.port();
  };
  while (!std::all_of(maps.begin(), maps.end(), has_followed)) REQUIRE(stage.io.run_one_until(limit) == 1);
  for (const auto& refresher : refreshers) CHECK(looks(refresher) >= 2);

  int connections = 0;
  for (const auto& sentinel : stage.sentinels) connections += sentinel->connections();
  CHECK(connections == 3 + 1);
}

TEST_CASE("Whoever logs in to the sentinels in another way is in a group of its own") {
  boost::asio::io_context io;
  SentinelGroups groups(io);
  const UpstreamLogin plain{{"", "", "upstream.sentinel_"}, 1s};
  const UpstreamLogin other{{"", "word", "upstream.sentinel_"}, 1s};
  const auto first = groups.find_or_make({{"a", 1}, {"b", 2}}, plain);
  CHECK(groups.find_or_make({{"b", 2}, {"a", 1}}, plain) == first);
  CHECK(groups.find_or_make({{"a", 1}}, plain) != first);
  CHECK(groups.find_or_make({{"a", 1}, {"b", 2}}, other) != first);
}

TEST_CASE("What a sentinel says of other masters is none of our business") {
  struct Case {
    std::string channel;
    std::string message;
    bool is_ours;
  };
  const std::vector<Case> cases = {
      {"+switch-master", "mymaster 10.0.0.1 6379 10.0.0.2 6379", true},
      {"+switch-master", "mymaster2 10.0.0.1 6379 10.0.0.2 6379", false},
      {"+sdown", "master mymaster 10.0.0.1 6379", true},
      {"+sdown", "master other 10.0.0.1 6379", false},
      {"+slave", "slave 10.0.0.2:6379 10.0.0.2 6379 @ mymaster 10.0.0.1 6379", true},
      {"-sdown", "slave 10.0.0.2:6379 10.0.0.2 6379 @ other 10.0.0.1 6379", false},
      {"+reboot", "", false},
      {"+switch-master", "", false},
  };
  for (const Case& c : cases) {
    INFO(c.channel << " " << c.message);
    CHECK((master_of(c.channel, c.message) == "mymaster") == c.is_ours);
  }
}
