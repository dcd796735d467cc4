// Plans where every key is at one primary: nothing is split, and nothing crosses slots.
#include <catch2/catch.hpp>
#include <string>
#include <variant>
#include <vector>

#include "tests/routing/plan_text.hpp"

using namespace slotway;
using namespace slotway::routing;

TEST_CASE("In one shard every key is of one slot") {
  check_all(
      {
          {"GET a", "send get to 0"},
          {"SET foo 1", "send set to 0"},
          {"MGET a b c", "send mget to 0"},
          {"MSET a 1 b 2", "send mset to 0"},
          {"MSETNX a 1 b 2", "send msetnx to 0"},
          {"DEL a b", "send del to 0"},
          {"RENAME a b", "send rename to 0"},
          {"SMOVE a b m", "send smove to 0"},
          {"COPY a b DB 3", "send copy to 0"},
          {"MOVE a 3", "send move to 0"},
          {"SWAPDB 0 1", "send swapdb to any"},
          {"SORT a STORE b", "send sort to 0"},
          {"ZUNIONSTORE o 2 a b", "send zunionstore to 0"},
          {"EVAL body 2 a b", "send eval to 0"},
          {"EVAL body 0", "send eval to any"},
          {"BLPOP a b 0", "block blpop on 0 for ever"},
          {"XREAD BLOCK 5 STREAMS a b 0 0", "block xread on 0 for 5 ms"},
          {"WATCH a b", "watch on 0"},
          {"SSUBSCRIBE a b", "subscriptions ssubscribe"},
          {"MIGRATE host 1 a 0 10", "send migrate to 0"},
          {"KEYS *", "all keys"},
          {"SCAN 0", "scan by scan"},
          {"SELECT 3", "local select"},
          {"SHUTDOWN", "reject shutdown: unsupported"},
      },
      {}, true, Keyspace::one_shard);
}

TEST_CASE("In one shard a transaction runs whole at its server") {
  Planner planner(config::MultikeyConfig{}, false, Keyspace::one_shard);
  SessionFacts facts;
  facts.in_transaction = true;
  facts.transaction_slot = Planner::kOneSlot;
  const std::vector<PlanCase> cases = {
      {"GET b", "queue get for 0"},
      {"MGET a b", "queue mget for 0"},
      {"RENAME a b", "queue rename for 0"},
      {"SELECT 2", "queue select for any"},
      {"DBSIZE", "queue dbsize for any"},
      {"KEYS *", "queue keys for any"},
      {"INFO", "queue info outside"},
      {"SCAN 0", "queue scan outside"},
      {"SCRIPT LOAD x", "queue script|load outside"},
  };
  for (const PlanCase& c : cases) {
    INFO(c.request);
    const protocol::RequestWords request(protocol::split_words(c.request));
    CHECK(std::visit(PlanText{}, planner.plan(request.view(), facts)) == c.plan);
  }
}
