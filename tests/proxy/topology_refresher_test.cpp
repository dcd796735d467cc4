#include "proxy/control/topology_refresher.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

#include "tests/proxy/refresher_stage.hpp"

using namespace slotway;
using namespace slotway::proxy;
using namespace slotway::tests;
using namespace std::chrono_literals;
using routing::RefreshReason;
using routing::Topology;

TEST_CASE("The first map comes from a seed, with epoch, version and status") {
  Stage stage;
  FakeNode node{stage.io, usual({.port = 7001})};
  stage.add_seed(node.port());
  stage.start();
  CHECK(stage.refresher->current() == nullptr);
  CHECK_FALSE(stage.refresher->status().last_success.has_value());
  stage.run_until_published(1);
  stage.finish();
  const Topology& t = *stage.published[0];
  CHECK(stage.refresher->current() == stage.published[0]);
  CHECK(t.covered_slots() == routing::kSlotCount);
  CHECK(t.find("127.0.0.1", 7001) == t.primary_of(0));
  CHECK(t.epoch() == 5);
  CHECK(t.server_version() == "7.0.15");
  const RefreshStatus& status = stage.refresher->status();
  CHECK(status.last_success.has_value());
  CHECK(status.last_error.empty());
  CHECK(status.count(RefreshReason::start, RefreshResult::changed) == 1);
  CHECK(contains(stage.log.text(),
                 "1 nodes, 1 primaries, 16384 of 16384 slots covered, epoch 5, version 7.0.15"));
}

TEST_CASE("A server without CLUSTER SHARDS is asked for CLUSTER SLOTS") {
  const std::string refusal =
      GENERATE(as<std::string>{}, "-ERR unknown subcommand 'SHARDS'. Try CLUSTER HELP.\r\n",
               "-ERR Unknown subcommand or wrong number of arguments for 'SHARDS'. Try CLUSTER HELP.\r\n",
               "-NOPERM this user has no permissions to run the 'cluster|shards' command\r\n");
  Stage stage;
  FakeNode node{stage.io, [&refusal](const Argv& argv) {
                  return Reaction{argv.back() == "SHARDS" ? refusal : usual_reply(argv, {.port = 7001})};
                }};
  stage.add_seed(node.port(), "localhost");
  stage.start();
  stage.run_until_published(1);
  // The NULL host of the reply is the address that the seed's name was resolved to.
  CHECK(stage.published[0]->find("127.0.0.1", 7001) == stage.published[0]->primary_of(0));
}

TEST_CASE("The password is sent first, with the user's name if there is one, and appears nowhere") {
  Stage stage;
  stage.config.upstream.password = "s3cret";
  Argv first;
  std::string reply = "+OK\r\n";
  std::string error;
  SECTION("default user") {}
  SECTION("named user") { stage.config.upstream.username = "proxy"; }
  SECTION("wrong password") {
    reply = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
    error = "wrong username or password: check upstream.username and upstream.password";
  }
  SECTION("no password on the node") {
    reply =
        "-ERR AUTH <password> called without any password configured for the default user. Are you sure?\r\n";
    error = "the node has no password, but upstream.password is set";
  }
  SECTION("a node that echoes what it does not know") {
    reply = "-ERR unknown command 'AUTH', with args beginning with: 's3cret' \r\n";
    error = "AUTH was refused with ERR";
  }
  SECTION("no error, but not OK either") {
    reply = ":1\r\n";
    error = "AUTH was not answered with OK";
  }
  FakeNode node{stage.io, [&](const Argv& argv) {
                  if (first.empty()) first = argv;
                  return Reaction{argv[0] == "AUTH" ? reply : usual_reply(argv, {})};
                }};
  stage.add_seed(node.port());
  stage.start();
  if (error.empty()) {
    stage.run_until_published(1);
    CHECK(first == (stage.config.upstream.username.empty() ? Argv{"AUTH", "s3cret"}
                                                           : Argv{"AUTH", "proxy", "s3cret"}));
  } else {
    stage.run_until_result(RefreshResult::failed);
    CHECK(contains(stage.refresher->status().last_error, error));
    CHECK(contains(stage.log.text(), error));
    CHECK(stage.published.empty());
  }
  CHECK_FALSE(contains(stage.log.text(), "s3cret"));
  CHECK_FALSE(contains(stage.refresher->status().last_error, "s3cret"));
}

TEST_CASE("Whatever step fails in whatever way, the error says so and the next attempt succeeds") {
  struct Fault {
    std::string name;
    Reaction reaction;
    std::string error;
  };
  const Fault faults[] = {
      {"closes", {"", true}, "closed the connection"},
      {"closes in the middle of a reply", {"$1000\r\ncluster_", true}, "closed the connection"},
      {"garbage", {"HTTP/1.1 400 Bad Request\r\n\r\n", false}, "unreadable reply"},
      {"silence", {"", false}, "no reply in time"},
      {"half a reply, then silence", {"*3\r\n:1\r\n", false}, "no reply in time"},
  };
  for (const std::string step : {"AUTH", "CLUSTER INFO", "CLUSTER SHARDS", "CLUSTER SLOTS", "INFO server"}) {
    for (const Fault& fault : faults) {
      CAPTURE(step, fault.name);
      Stage stage;
      stage.config.upstream.password = "p";
      if (contains(fault.name, "silence")) stage.config.timeouts.connect = 20ms;
      bool is_faulty = true;
      FakeNode node{stage.io, [&](const Argv& argv) {
                      const std::string command =
                          argv[0] == "AUTH" || argv.size() == 1 ? argv[0] : argv[0] + " " + argv[1];
                      if (is_faulty && command == step) return fault.reaction;
                      const bool refuses = step == "CLUSTER SLOTS" && argv.back() == "SHARDS";
                      return Reaction{refuses ? "-ERR unknown command\r\n" : usual_reply(argv, {})};
                    }};
      stage.add_seed(node.port());
      stage.start();
      stage.run_until_result(RefreshResult::failed);
      CHECK(contains(stage.refresher->status().last_error, fault.error));
      CHECK(stage.published.empty());
      is_faulty = false;
      stage.run_until_published(1);
      stage.finish();
      CHECK(stage.refresher->status().last_error.empty());
    }
  }
}

TEST_CASE("Error replies are explained in one line") {
  struct Row {
    std::string reply, error;
  };
  const Row rows[] = {
      {"-ERR This instance has cluster support disabled\r\n", "start it with cluster-enabled yes"},
      {"-NOAUTH Authentication required.\r\n", "set upstream.password or upstream.password_file"},
      {"-LOADING \x1b[31mRedis is loading\r\n", "LOADING ?[31mRedis is loading"},
      {"*0\r\n", "no node is listed"},
      {":1\r\n", "the reply is not an array"},
      {shards_reply({.port = 1, .last_slot = 16384}), "below 16384"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.reply);
    Stage stage;
    FakeNode node{stage.io, [&row](const Argv&) { return Reaction{row.reply}; }};
    stage.add_seed(node.port());
    stage.start();
    stage.run_until_result(RefreshResult::failed);
    CHECK(contains(stage.refresher->status().last_error, row.error));
    CHECK(contains(stage.log.text(), "there is no map yet"));
    CHECK(stage.published.empty());
  }
}

TEST_CASE("A seed that cannot be reached is passed over") {
  Stage stage;
  FakeNode node{stage.io, usual()};
  SECTION("refused") { stage.add_seed(closed_port(stage.io)); }
  SECTION("no such name") { stage.add_seed(1, "a..b"); }
  stage.add_seed(node.port());
  stage.start();
  stage.run_until_published(1);
  CHECK(node.connections() == 1);
}

TEST_CASE("A node that accepts and says nothing is given up in time, and named") {
  Stage stage;
  stage.config.timeouts.connect = 500ms;  // also for the look-up of a name that does not exist
  stage.add_seed(closed_port(stage.io));
  stage.add_seed(1, "a..b");
  FakeNode silent{stage.io, [](const Argv&) { return Reaction{}; }};
  stage.add_seed(silent.port());
  stage.start();
  stage.run_until_result(RefreshResult::failed);
  const std::string error = stage.refresher->status().last_error;
  CHECK(contains(error, ": Connection refused; "));
  CHECK(contains(error, "a..b:1: its name cannot be resolved: "));
  CHECK(contains(error, std::to_string(silent.port()) + ": no reply in time"));
}

TEST_CASE("A request wakes the loop at once, a map is published only if it changed, or was patched") {
  Stage stage;
  FakeNode node{stage.io, {}};
  node.set_reaction(usual({.port = node.port()}));
  stage.add_seed(node.port());
  stage.start();
  stage.run_until_published(1);
  stage.finish();
  SECTION("a changed map") {
    node.set_reaction(usual({.port = node.port(), .id = "b", .epoch = 6}));
    stage.refresher->request_refresh(RefreshReason::connection_lost);
    stage.run_until_published(2);
    CHECK(stage.published[1]->node(0).id == "b");
    stage.finish();
    CHECK(stage.refresher->status().count(RefreshReason::connection_lost, RefreshResult::changed) == 1);
  }
  SECTION("the same map, several requests") {
    for (int i = 0; i < 100; ++i) stage.refresher->request_refresh(RefreshReason::clusterdown);
    stage.run_until_result(RefreshResult::unchanged);
    CHECK(stage.published.size() == 1);
    CHECK(node.connections() == 2);
    CHECK(stage.refresher->status().count(RefreshReason::clusterdown, RefreshResult::unchanged) == 1);
  }
  SECTION("the same map, after a MOVED that workers have followed") {
    stage.refresher->request_refresh(RefreshReason::moved);
    stage.run_until_result(RefreshResult::unchanged);
    REQUIRE(stage.published.size() == 2);
    CHECK(stage.published[1]->same_as(*stage.published[0]));
  }
}

TEST_CASE("Refreshes are made periodically without a request") {
  Stage stage;
  stage.config.topology.refresh_interval = 5ms;
  FakeNode node{stage.io, usual()};
  stage.add_seed(node.port());
  stage.start();
  stage.run_until_result(RefreshResult::unchanged, 3);
  CHECK(stage.refresher->status().count(RefreshReason::periodic, RefreshResult::unchanged) == 3);
}

TEST_CASE("When all known nodes have vanished, the seeds are asked again, and the map is kept meanwhile") {
  Stage stage;
  const std::uint16_t gone = closed_port(stage.io);
  FakeNode seed{stage.io, usual({.port = gone})};
  stage.add_seed(seed.port(), "localhost");
  stage.start();
  stage.run_until_published(1);
  seed.set_reaction([](const Argv&) { return Reaction{"", true}; });
  stage.refresher->request_refresh(RefreshReason::connection_lost);
  stage.run_until_result(RefreshResult::failed);
  CHECK(stage.refresher->current() == stage.published[0]);
  CHECK(contains(stage.log.text(), "the last map is kept"));
  seed.set_reaction(usual({.port = 7009, .epoch = 7}));
  stage.run_until_published(2);
  CHECK(stage.published[1]->find("127.0.0.1", 7009) != routing::kNoNode);
}

TEST_CASE("A view that is worse than the map is not taken, until its only node has insisted") {
  Stage stage;
  FakeNode node{stage.io, {}};
  node.set_reaction(usual({.port = node.port()}));
  stage.add_seed(closed_port(stage.io));
  stage.add_seed(node.port());
  stage.start();
  stage.run_until_published(1);
  stage.finish();
  NodeFacts worse{.port = node.port(), .id = "a", .epoch = 9};
  std::string error;
  SECTION("older epoch") {
    worse = {.port = node.port(), .id = "b", .epoch = 4};
    error = "its epoch is older";
  }
  SECTION("fewer slots") {
    worse.last_slot = 99;
    error = "it covers fewer slots";
  }
  SECTION("cluster_state:fail and another map") {
    worse.id = "b";
    worse.state = "fail";
    error = "it says cluster_state:fail";
  }
  // A second node in the map: one vote is not enough then.
  node.set_reaction([facts = NodeFacts{.port = node.port(), .id = "a"}](const Argv& argv) {
    if (argv.back() != "SHARDS") return Reaction{usual_reply(argv, facts)};
    std::string two = shards_reply(facts);
    NodeFacts other{.port = 1, .id = "z"};
    return Reaction{"*2\r\n" + two.substr(4) + shards_reply(other).substr(4)};
  });
  stage.refresher->request_refresh(RefreshReason::moved);
  stage.run_until_published(2);
  REQUIRE(stage.published[1]->nodes().size() == 2);
  stage.finish();
  node.set_reaction(usual(worse));
  stage.refresher->request_refresh(RefreshReason::moved);
  stage.run_until_result(RefreshResult::failed);
  CHECK(contains(stage.refresher->status().last_error, error));
  CHECK(stage.published.size() == 2);
  CHECK(stage.refresher->current() == stage.published[1]);
}

TEST_CASE("A node that is behind does not turn the map back, and does not keep it from going on") {
  Stage stage;
  FakeNode fresh{stage.io, {}};
  FakeNode behind{stage.io, {}};
  const auto view = [&](const std::string& id, int epoch) {
    const NodeFacts first{.port = fresh.port(), .id = id, .epoch = epoch};
    const NodeFacts second{.port = behind.port(), .id = "z", .epoch = epoch};
    return [first, second](const Argv& argv) {
      if (argv.back() != "SHARDS") return Reaction{usual_reply(argv, first)};
      return Reaction{"*2\r\n" + shards_reply(first).substr(4) + shards_reply(second).substr(4)};
    };
  };
  fresh.set_reaction(view("e5", 5));
  behind.set_reaction(view("e5", 5));
  stage.add_seed(fresh.port());
  stage.start();
  stage.run_until_published(1);
  stage.finish();

  behind.set_reaction(view("old", 4));
  const int asked_before = behind.connections();
  for (int epoch = 6; epoch < 10; ++epoch) {
    fresh.set_reaction(view("e" + std::to_string(epoch), epoch));
    stage.refresher->request_refresh(RefreshReason::moved);
    stage.run_until_published(static_cast<std::size_t>(epoch - 4));
    stage.finish();
    CHECK(stage.published.back()->epoch() == static_cast<std::uint64_t>(epoch));
    CHECK(stage.published.back()->find("127.0.0.1", behind.port()) != routing::kNoNode);
  }
  CHECK(behind.connections() > asked_before);  // in its turn
}

TEST_CASE("After stop() nothing is published, wherever the loop was") {
  Stage stage;
  std::function<void()> on_command = [] {};
  FakeNode node{stage.io, [&on_command](const Argv& argv) {
                  on_command();
                  return Reaction{usual_reply(argv, {})};
                }};
  stage.add_seed(node.port());
  bool is_stopped = false;
  const auto stop = [&stage, &is_stopped] {
    stage.refresher->stop();
    is_stopped = true;
  };
  const auto run_dry = [&stage, &node] {
    node.shut();
    stage.io.run();
  };
  SECTION("before it began") {
    stage.start();
    stop();
    run_dry();
    CHECK(node.connections() == 0);
  }
  SECTION("while it asked") {
    stage.start();
    on_command = stop;
    stage.run_until([&is_stopped] { return is_stopped; });
    run_dry();
    CHECK(stage.published.empty());
  }
  SECTION("while it looked a name up") {
    stage.config.upstream.seeds = {{"localhost", node.port()}};
    stage.start();
    stage.io.run_one();
    stop();
    run_dry();
    CHECK(stage.published.empty());
  }
  SECTION("from within the publication") {
    stage.refresher.emplace(
        stage.io, stage.groups, "default", stage.config,
        [&stage, &stop](auto topology) {
          stage.published.push_back(std::move(topology));
          stop();
        },
        [](const auto&) {});
    stage.refresher->start();
    stage.run_until([&is_stopped] { return is_stopped; });
    run_dry();
    CHECK(stage.published.size() == 1);
  }
  SECTION("while it waited; it was destroyed, and the loop never ran again") {
    stage.start();
    stage.run_until_published(1);
    stage.refresher.reset();
    CHECK(stage.published.size() == 1);
  }
}
