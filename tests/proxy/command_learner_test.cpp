// When nodes are asked for their commands: by the learner alone, and by the refresher that owns it.
#include "proxy/control/command_learner.hpp"

#include <catch2/catch.hpp>

#include "tests/protocol/described_command.hpp"
#include "tests/proxy/refresher_stage.hpp"

using namespace slotway;
using namespace slotway::proxy;
using namespace slotway::tests;
using protocol::command_reply;
using protocol::DescribedCommand;
using protocol::first_key;
using routing::RefreshReason;

namespace {

protocol::ReplyTree tree(const std::string& bytes) {
  protocol::ReplyReader reader;
  reader.feed(bytes);
  auto reply = reader.next();
  REQUIRE(reply);
  return std::move(*reply);
}

const std::string kAcme = command_reply({DescribedCommand{"acme.get", 2, {"readonly"}, {first_key()}}});

}  // namespace

TEST_CASE("Each run of a server is asked once, and again now and then") {
  CommandLearner learner;
  const CommandLearner::TimePoint now{};
  CHECK(learner.wants("r1", now));
  CHECK(learner.take(tree(kAcme)));
  CHECK(learner.current()->find("ACME.GET") != nullptr);
  CHECK_FALSE(learner.wants("r1", now));
  CHECK(learner.wants("r2", now));
  CHECK_FALSE(learner.take(tree(kAcme)));
  CHECK_FALSE(learner.wants("", now));
  std::uint32_t refreshes = 2;
  while (!learner.wants("r2", now) && refreshes < 1000) ++refreshes;
  CHECK(refreshes == CommandLearner::kRefreshesBetween);
}

TEST_CASE("A client's unknown command makes a node be asked, at most once in a pause") {
  CommandLearner learner;
  const CommandLearner::TimePoint now{};
  CHECK(learner.wants("r1", now));
  CHECK_FALSE(learner.take(tree("*0\r\n")));
  CHECK(learner.current() == nullptr);
  CHECK(learner.request(now));
  CHECK(learner.request(now));
  CHECK(learner.wants("r1", now));
  CHECK_FALSE(learner.wants("r1", now));
  CHECK_FALSE(learner.request(now + CommandLearner::kPause - 1ms));
  CHECK_FALSE(learner.wants("r1", now + CommandLearner::kPause));
  CHECK(learner.request(now + CommandLearner::kPause));
  CHECK(learner.wants("r1", now + CommandLearner::kPause));
}

TEST_CASE("A node that does not describe its commands is warned about, and not asked again") {
  CapturedLog log;
  CommandLearner learner;
  CHECK(learner.wants("r1", {}));
  CHECK_FALSE(learner.take(tree("-NOPERM this user\r\n")));
  CHECK(contains(log.text(), "commands: a node does not describe its own: NOPERM this user"));
  CHECK_FALSE(learner.wants("r1", {}));
}

TEST_CASE("Commands are published before the map, once for each thing that is new") {
  Stage stage;
  int asked = 0;
  NodeFacts facts{.port = 7001, .commands = kAcme};
  FakeNode node{stage.io, [&](const Argv& argv) {
                  asked += argv[0] == "COMMAND" ? 1 : 0;
                  return Reaction{usual_reply(argv, facts)};
                }};
  stage.add_seed(node.port());
  stage.start();
  stage.run_until_published(1);
  REQUIRE(stage.learned.size() == 1);
  CHECK(stage.learned[0]->find("acme.get") != nullptr);
  CHECK(asked == 1);

  SECTION("the same run is not asked again") {
    stage.refresher->request_refresh(RefreshReason::clusterdown);
    stage.run_until_result(RefreshResult::unchanged);
    CHECK(asked == 1);
  }
  SECTION("another run is") {
    facts.run = "r2";
    facts.commands = command_reply({DescribedCommand{"acme.set", 3, {"write"}, {first_key()}}});
    stage.refresher->request_refresh(RefreshReason::clusterdown);
    stage.run_until_result(RefreshResult::unchanged);
    REQUIRE(stage.learned.size() == 2);
    CHECK(stage.learned[1]->find("acme.set") != nullptr);
    CHECK(stage.learned[1]->find("acme.get") != nullptr);
  }
  SECTION("so is one that runs on, when a client knows more than we do") {
    facts.commands = command_reply({DescribedCommand{"acme.set", 3, {"write"}, {first_key()}}});
    stage.refresher->request_refresh(RefreshReason::unknown_command);
    stage.run_until_result(RefreshResult::unchanged);
    CHECK(asked == 2);
    CHECK(stage.refresher->status().count(RefreshReason::unknown_command, RefreshResult::unchanged) == 1);
    CHECK(stage.learned.size() == 2);
  }
  SECTION("what does not answer costs nothing but the question") {
    facts.run = "r2";
    facts.commands = "-ERR unknown command 'COMMAND'\r\n";
    stage.refresher->request_refresh(RefreshReason::clusterdown);
    stage.run_until_result(RefreshResult::unchanged);
    CHECK(asked == 2);
    CHECK(stage.learned.size() == 1);
  }
}
