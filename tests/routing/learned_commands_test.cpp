// Commands that are not built in: what a node's description makes of them.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "protocol/learned_commands.hpp"
#include "protocol/reply_tree.hpp"
#include "routing/planner.hpp"
#include "tests/protocol/described_command.hpp"
#include "tests/protocol/request_words.hpp"
#include "tests/routing/plan_text.hpp"

using namespace slotway;
using namespace slotway::protocol;
using namespace slotway::routing;

namespace {

ReplyTree tree(const std::string& bytes) {
  ReplyReader reader;
  reader.feed(bytes);
  auto reply = reader.next();
  INFO(reader.error());
  REQUIRE(reply);
  return std::move(*reply);
}

using Learned = std::shared_ptr<const LearnedCommands>;

Learned learn(const std::string& reply, Learned before = nullptr) {
  return LearnedCommands::add(std::move(before), parse_command_reply(tree(reply)));
}

std::string plan_of(const Learned& learned, std::string_view line, const SessionFacts& facts = {}) {
  Planner planner{config::MultikeyConfig{}};
  planner.set_learned(learned);
  const RequestWords request(split_words(line));
  return std::visit(PlanText{}, planner.plan(request.view(), facts));
}

const CommandRow& row_of(const Learned& learned, const std::string& name) {
  REQUIRE(learned);
  const CommandRow* row = learned->find(name);
  REQUIRE(row);
  return *row;
}

}  // namespace

// Slots: a 15495, b 3300, c 7365, foo 12182.
TEST_CASE("A described command goes where its key specs say") {
  struct Case {
    DescribedCommand command;
    std::vector<std::pair<std::string, std::string>> plans;  // request, plan
  };
  const std::vector<Case> cases = {
      {{"acme.get", 2, {"readonly"}, {first_key()}},
       {{"ACME.GET a", "send acme.get to 15495"},
        {"acme.get", "reject acme.get: arity"},
        {"acme.get a b", "reject acme.get: arity"}}},
      {{"acme.mget", -2, {"readonly"}, {all_keys()}},
       {{"acme.mget a {a}b", "send acme.mget to 15495"}, {"acme.mget a b", "reject acme.mget: CROSSSLOT"}}},
      {{"acme.pairs", -3, {"write"}, {all_keys(2)}},
       {{"acme.pairs a b {a} c", "send acme.pairs to 15495"},
        {"acme.pairs a 1 b 1", "reject acme.pairs: CROSSSLOT"}}},
      {{"acme.last", -3, {"write"}, {key_spec(from_index(2), keys_in_range(-2, 1, 0))}},
       {{"acme.last x a {a} b", "send acme.last to 15495"}}},
      {{"acme.half", -3, {"write"}, {key_spec(from_index(1), keys_in_range(-1, 1, 2))}},
       {{"acme.half a {a} b c", "send acme.half to 15495"}}},
      {{"acme.count", -3, {"write", "movablekeys"}, {key_spec(from_index(1), keys_by_number(0, 1, 1))}},
       {{"acme.count 2 a {a} b", "send acme.count to 15495"},
        {"acme.count 2 a b", "reject acme.count: CROSSSLOT"},
        {"acme.count x a", "send acme.count to any"},
        {"acme.count 9 a", "send acme.count to any"}}},
      {{"acme.into",
        -2,
        {"write", "movablekeys"},
        {first_key(), key_spec(from_keyword("STORE", 2), keys_in_range(0, 1, 0))}},
       {{"acme.into a", "send acme.into to 15495"},
        {"acme.into a store {a}", "send acme.into to 15495"},
        {"acme.into a x Store b", "reject acme.into: CROSSSLOT"}}},
      {{"acme.back",
        -2,
        {"write", "movablekeys"},
        {key_spec(from_keyword("keys", -2), keys_in_range(-1, 1, 0))}},
       {{"acme.back 1 2 KEYS b", "send acme.back to 3300"}}},
      // Half of what it says is unknown: the rest will do.
      {{"acme.some",
        -2,
        {"write", "movablekeys"},
        {key_spec(from_index(1), unknown_half()), first_key(),
         key_spec(unknown_half(), keys_in_range(0, 1, 0))}},
       {{"acme.some a x y", "send acme.some to 15495"}}},
  };
  for (const Case& c : cases) {
    const Learned learned = learn(command_reply({c.command}));
    REQUIRE(learned);
    CHECK(learned->size() == 1);
    for (const auto& [request, plan] : c.plans) {
      INFO(request);
      CHECK(plan_of(learned, request) == plan);
    }
  }
}

TEST_CASE("How a described command is served follows from its flags and tips") {
  struct Case {
    DescribedCommand command;
    std::string request;
    std::string plan;
    Merge merge = Merge::none;
  };
  const std::vector<std::string> all = {"request_policy:all_shards"};
  const auto with = [](std::string request, std::string response) {
    return std::vector<std::string>{"nondeterministic_output", "request_policy:" + request,
                                    "response_policy:" + response};
  };
  const std::vector<Case> cases = {
      // --- without keys ---
      {{"x", -1}, "x 1", "send x to any"},
      {{"x", -1, {"write"}}, "x 1", "send x to any"},
      {{"x", -1, {"admin"}}, "x 1", "reject x: unsupported"},
      {{"x", -1, {"pubsub"}}, "x 1", "reject x: unsupported"},
      {{"x", -1, {"noscript"}}, "x 1", "reject x: unsupported"},
      {{"x", -1, {"blocking"}}, "x 1", "reject x: unsupported"},
      {{"x", -1, {"movablekeys"}}, "x 1", "reject x: unsupported"},
      {{"x", -1, {}, {}, {}, {"@slow", "@connection"}}, "x", "reject x: unsupported"},
      {{"x", -1, {}, {key_spec(unknown_half(), unknown_half())}}, "x 1", "reject x: unsupported"},
      // --- with keys ---
      {{"x", -2, {"write", "blocking", "noscript"}, {first_key()}}, "x a 0", "block x on 15495 for ever"},
      {{"x", -2, {"write", "admin"}, {first_key()}}, "x a", "reject x: unsupported"},
      {{"x", -2, {"write", "noscript"}, {first_key()}}, "x a", "send x to 15495"},
      // --- to all ---
      {{"x", -1, {}, {}, all}, "x", "all x", Merge::concat},
      {{"x", -1, {}, {}, {"request_policy:all_nodes"}}, "x", "all x", Merge::concat},
      {{"x", -1, {"noscript"}, {}, with("all_nodes", "all_succeeded")}, "x", "all x", Merge::first},
      {{"x", -1, {}, {}, with("all_shards", "one_succeeded")}, "x", "all x", Merge::any_ok},
      {{"x", -1, {}, {}, with("all_shards", "agg_sum")}, "x", "all x", Merge::sum},
      {{"x", -1, {}, {}, with("all_shards", "agg_min")}, "x", "all x", Merge::least},
      {{"x", -1, {}, {}, with("all_shards", "agg_max")}, "x", "all x", Merge::most},
      {{"x", -1, {}, {}, with("all_shards", "agg_logical_and")}, "x", "all x", Merge::logical_and},
      {{"x", -1, {}, {}, with("all_shards", "agg_logical_or")}, "x", "all x", Merge::logical_or},
      {{"x", -1, {}, {}, with("all_shards", "special")}, "x", "reject x: unsupported"},
      {{"x", -1, {}, {}, with("all_shards", "of_next_year")}, "x", "reject x: unsupported"},
      {{"x", -1, {"blocking"}, {}, all}, "x", "reject x: unsupported"},
      {{"x", -1, {"admin"}, {}, all}, "x", "reject x: unsupported"},
      {{"x", -1, {}, {}, {"request_policy:special"}}, "x", "reject x: unsupported"},
      // --- to the shards of the keys ---
      {{"x", -2, {"readonly"}, {all_keys()}, {"request_policy:multi_shard"}},
       "x a b",
       "split x",
       Merge::by_position},
      {{"x", -2, {"readonly"}, {all_keys()}, {"request_policy:multi_shard"}},
       "x a {a}",
       "send x to 15495",
       Merge::by_position},
      {{"x", -2, {"write"}, {all_keys()}, with("multi_shard", "agg_sum")}, "x a b", "split x", Merge::sum},
      {{"x", -2, {"write"}, {all_keys(3)}, with("multi_shard", "all_succeeded")},
       "x a 1 2 b 1 2",
       "split x",
       Merge::first},
      {{"x", -2, {"write"}, {all_keys(3)}, with("multi_shard", "all_succeeded")},
       "x a 1 2 b 1",
       "reject x: arity",
       Merge::first},
      {{"x", -2, {"write"}, {all_keys()}, with("multi_shard", "one_succeeded")},
       "x a b",
       "reject x: CROSSSLOT"},
      {{"x", -2, {"write"}, {all_keys()}, with("multi_shard", "special")}, "x a b", "reject x: CROSSSLOT"},
      {{"x",
        -2,
        {"write"},
        {key_spec(from_index(1), keys_in_range(-2, 1, 0))},
        with("multi_shard", "agg_sum")},
       "x a b 1",
       "reject x: CROSSSLOT"},
      {{"x",
        -2,
        {"write"},
        {key_spec(from_index(2), keys_in_range(-1, 1, 0))},
        with("multi_shard", "agg_sum")},
       "x 1 a b",
       "reject x: CROSSSLOT"},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const Case& c = cases[i];
    INFO("case " << i << ": " << c.request << " -> " << c.plan);
    DescribedCommand command = c.command;
    command.name = "x";
    const Learned learned = learn(command_reply({command}));
    CHECK(plan_of(learned, c.request) == c.plan);
    CHECK(row_of(learned, "x").merge == c.merge);
  }
}

TEST_CASE("Subcommands are learned, of containers that are built in and of others") {
  const Learned learned = learn(command_reply({
      {.name = "client",
       .arity = -2,
       .subcommands = {{"client|id", 2, {"noscript"}}, {"client|import-source", 3, {"noscript"}}}},
      {.name = "memory",
       .arity = -2,
       .subcommands = {{"memory|weigh", 3, {"readonly"}, {key_spec(from_index(2), keys_in_range(0, 1, 0))}}}},
      {.name = "cluster", .arity = -2, .subcommands = {{"cluster|slot-stats", -4, {"stale"}}}},
      {.name = "acme",
       .arity = -2,
       .subcommands = {{"acme|set", 4, {"write"}, {key_spec(from_index(2), keys_in_range(0, 1, 0))}},
                       {"acme|all", 2, {}, {}, {"request_policy:all_shards"}},
                       {"acme|help", 2, {"noscript"}},
                       {"other|get", 2, {}}}},
  }));
  REQUIRE(learned);
  CHECK(learned->size() == 7);
  struct Case {
    std::string request;
    std::string plan;
  };
  const std::vector<Case> cases = {
      {"CLIENT ID", "local client|id"},
      {"CLIENT IMPORT-SOURCE on", "reject client|import-source: unsupported"},
      {"CLIENT IMPORT-SOURCE", "reject client|import-source: arity"},
      {"CLIENT NO-SUCH on", "reject -: unknown subcommand"},
      {"Memory Weigh a", "send memory|weigh to 15495"},
      {"MEMORY USAGE a", "send memory|usage to 15495"},
      {"CLUSTER SLOT-STATS SLOTSRANGE 1 2", "reject cluster|slot-stats: unsupported"},
      {"ACME SET b 1", "send acme|set to 3300"},
      {"acme set b", "reject acme|set: arity"},
      {"ACME ALL", "all acme|all"},
      {"ACME HELP", "send acme|help to any"},
      {"ACME GET", "reject -: unknown subcommand"},
      {"ACME", "reject acme: arity"},
      {"acme|set b 1 2", "reject -: unknown command"},
      {"client|import-source on", "reject -: unknown command"},
  };
  for (const Case& c : cases) {
    INFO(c.request);
    CHECK(plan_of(learned, c.request) == c.plan);
  }
}

TEST_CASE("A learned command obeys the session") {
  const Learned learned = learn(command_reply({{"x", -2, {"write"}, {first_key()}},
                                               {"y", -2, {"write", "blocking"}, {first_key()}},
                                               {"z", -1, {}, {}, {"request_policy:all_shards"}},
                                               {"v", -2, {"no_multi"}, {first_key()}}}));
  CHECK(plan_of(learned, "x a", {.authenticated = false}) == "reject x: NOAUTH");
  SessionFacts open{.in_transaction = true, .transaction_slot = 15495};
  CHECK(plan_of(learned, "x a", open) == "queue x for 15495");
  CHECK(plan_of(learned, "x b", open) == "reject x: CROSSSLOT");
  CHECK(plan_of(learned, "y a 0", open) == "queue y for 15495");
  CHECK(plan_of(learned, "z", open) == "queue z outside");
  CHECK(plan_of(learned, "v a", open) == "reject v: no multi");
}

TEST_CASE("What is built in stays as it is") {
  CHECK(learn(command_reply(
            {{"get", -1, {"admin"}}, {.name = "config", .arity = -2, .subcommands = {{"config|get", 9}}}})) ==
        nullptr);
  CHECK(learn("*0\r\n") == nullptr);
  const Learned learned = learn(command_reply({{"x", 1}, {"GET", 7}}));
  CHECK(plan_of(learned, "get a") == "send get to 15495");
}

TEST_CASE("Descriptions are added and replaced, and rows stay valid") {
  const Learned first = learn(command_reply({{"x", 2, {"readonly"}, {first_key()}}}));
  const CommandRow* x = &row_of(first, "x");
  // The same again changes nothing; a node that lacks it takes nothing away.
  CHECK(learn(command_reply({{"x", 2, {"readonly"}, {first_key()}}}), first) == first);
  CHECK(learn(command_reply({{"get", 2}}), first) == first);

  const Learned second = learn(command_reply({{"x", 3, {"write"}, {first_key()}}, {"Y", 1}}), first);
  CHECK(row_of(second, "X").arity == 3);
  CHECK(row_of(second, "y").arity == 1);
  CHECK(row_of(first, "x").arity == 2);
  CHECK(first->find("y") == nullptr);

  // One that comes back is the same row as before.
  const Learned third = learn(command_reply({{"x", 2, {"readonly"}, {first_key()}}}), second);
  CHECK(&row_of(third, "x") == x);
  const Learned fourth = learn(command_reply({{"x", 3, {"write"}, {first_key()}}}), third);
  CHECK(&row_of(fourth, "x") == &row_of(second, "x"));
  CHECK(fourth->size() == 2);
}

TEST_CASE("Nodes before Redis 7 say where keys are by three numbers") {
  struct Case {
    std::string description;
    std::string request;
    std::string plan;
  };
  const auto old = [](const std::vector<std::string>& flags, int first, int last, int step) {
    return resp_array({resp_array({resp_bulk("x"), resp_integer(-1), resp_words(flags), resp_integer(first),
                                   resp_integer(last), resp_integer(step)})});
  };
  const std::vector<Case> cases = {
      {old({"write"}, 1, 1, 1), "x a b", "send x to 15495"},
      {old({"write"}, 2, 2, 1), "x b a", "send x to 15495"},
      {old({"write"}, 1, -1, 1), "x a b", "reject x: CROSSSLOT"},
      {old({"write"}, 1, -2, 1), "x a b", "send x to 15495"},
      {old({"write"}, 1, -1, 2), "x a b {a} b", "send x to 15495"},
      {old({"write", "movablekeys"}, 0, 0, 0), "x 1 a", "reject x: unsupported"},
      {old({"readonly"}, 0, 0, 0), "x", "send x to any"},
      {old({"write", "movablekeys"}, 1, 1, 1), "x a b", "send x to 15495"},
  };
  for (const Case& c : cases) {
    INFO(c.request << " -> " << c.plan);
    CHECK(plan_of(learn(c.description), c.request) == c.plan);
  }
}

TEST_CASE("What cannot be understood is left out") {
  const std::vector<std::string> nothing = {
      "*0\r\n",
      "+OK\r\n",
      "*1\r\n*0\r\n",
      "*1\r\n$-1\r\n",
      "*1\r\n$1\r\nx\r\n",
      "*1\r\n*2\r\n$1\r\nx\r\n:1\r\n",
      command_reply({{"", 1}}),
      command_reply({{"two words", 1}}),
      command_reply({{"line\r\n", 1}}),
      command_reply({{std::string(101, 'x'), 1}}),
      command_reply({{"x", 0}}),
      command_reply({{"x", 40000}}),
  };
  for (const std::string& reply : nothing) {
    INFO(reply);
    CHECK(learn(reply) == nullptr);
  }
  // A spec that could name no argument, or any, is no spec.
  const std::vector<std::string> bad_specs = {
      key_spec(from_index(0), keys_in_range(0, 1, 0)),
      key_spec(from_index(-1), keys_in_range(0, 1, 0)),
      key_spec(from_index(40000), keys_in_range(0, 1, 0)),
      key_spec(from_index(1), keys_in_range(0, 0, 0)),
      key_spec(from_index(1), keys_in_range(0, -1, 0)),
      key_spec(from_index(1), keys_in_range(-1, 1, -2)),
      key_spec(from_index(1), keys_by_number(-1, 1, 1)),
      key_spec(from_index(1), keys_by_number(0, -9, 1)),
      key_spec(from_index(1), keys_by_number(0, 1, 0)),
      key_spec(from_keyword("", 1), keys_in_range(0, 1, 0)),
      key_spec(from_keyword("k", 0), keys_in_range(0, 1, 0)),
      resp_array({}),
      resp_bulk("spec"),
  };
  for (const std::string& spec : bad_specs) {
    INFO(spec);
    CHECK(plan_of(learn(command_reply({{"x", -1, {"write"}, {spec}}})), "x a b c") ==
          "reject x: unsupported");
  }
}
