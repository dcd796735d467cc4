#include "routing/planner.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tests/routing/plan_text.hpp"

using namespace slotway;
using namespace slotway::routing;
using protocol::RequestWords;
using protocol::split_words;

// Slots: a 15495, b 3300, c 7365, foo 12182, bar 5061 (CLUSTER KEYSLOT of Redis).
TEST_CASE("One key goes to its slot") {
  check_all(
      {
          {"GET a", "send get to 15495"},
          {"get foo", "send get to 12182"},
          {"gEt \"\"", "send get to 0"},
          {"SET bar 1 EX 10", "send set to 5061"},
          {"GET {foo}x", "send get to 12182"},
          {"GET x{foo}{bar}", "send get to 12182"},
          {"GET {foo", "send get to 13308"},
          {"GET {}foo", "send get to 9500"},
          {"HSET a f v g w", "send hset to 15495"},
          {"ZADD b 1 m", "send zadd to 3300"},
          {"XADD c * f v", "send xadd to 7365"},
          {"MEMORY USAGE a", "send memory|usage to 15495"},
          {"object ENCODING a", "send object|encoding to 15495"},
          {"XGROUP CREATE a g $", "send xgroup|create to 15495"},
          {"XINFO STREAM b", "send xinfo|stream to 3300"},
          {"SPUBLISH a hello", "send spublish to 15495"},
          {"BITOP AND a {a}b {a}c", "send bitop to 15495"},
          {"SORT a", "send sort to 15495"},
          {"GEORADIUS a 1 2 3 m STORE {a}b", "send georadius to 15495"},
      },
      {}, true);
}

TEST_CASE("Several keys of one slot go there together") {
  check_all(
      {
          {"MGET a", "send mget to 15495"},
          {"MGET a a a", "send mget to 15495"},
          {"MGET {a}1 {a}2 a", "send mget to 15495"},
          {"DEL a a", "send del to 15495"},
          {"UNLINK b", "send unlink to 3300"},
          {"EXISTS a {a}", "send exists to 15495"},
          {"TOUCH {c}1 {c}2", "send touch to 7365"},
          {"MSET a 1 a 2", "send mset to 15495"},
          {"MSET a 1 {a}b 2", "send mset to 15495"},
          {"MSETNX a 1 {a}b 2", "send msetnx to 15495"},
          {"RENAME a {a}b", "send rename to 15495"},
          {"ZUNIONSTORE {a}o 2 {a}1 {a}2", "send zunionstore to 15495"},
          {"EVAL body 2 a {a}b b", "send eval to 15495"},
          {"XREAD COUNT 2 STREAMS a {a}2 0 0", "send xread to 15495"},
          {"LMPOP 2 a {a}b LEFT", "send lmpop to 15495"},
      },
      {}, true);
}

TEST_CASE("Keys of several slots are split, or refused as Redis Cluster refuses them") {
  check_all(
      {
          {"MGET a b", "split mget"},
          {"mget a a b", "split mget"},
          {"DEL a b c", "split del"},
          {"UNLINK a b", "split unlink"},
          {"EXISTS a b a", "split exists"},
          {"TOUCH a b", "split touch"},
          {"MSET a 1 b 2", "split mset"},
          {"MSETNX a 1 b 2", "reject msetnx: CROSSSLOT"},
          {"RENAME a b", "reject rename: CROSSSLOT"},
          {"RENAMENX a b", "reject renamenx: CROSSSLOT"},
          {"COPY a b", "reject copy: CROSSSLOT"},
          {"SUNION a b", "reject sunion: CROSSSLOT"},
          {"SUNIONSTORE a {a}1 b", "reject sunionstore: CROSSSLOT"},
          {"SINTERCARD 2 a b", "reject sintercard: CROSSSLOT"},
          {"ZUNIONSTORE o 2 a b", "reject zunionstore: CROSSSLOT"},
          {"PFCOUNT a b", "reject pfcount: CROSSSLOT"},
          {"PFMERGE a b", "reject pfmerge: CROSSSLOT"},
          {"BITOP AND a b c", "reject bitop: CROSSSLOT"},
          {"SORT a STORE b", "reject sort: CROSSSLOT"},
          {"GEORADIUS a 1 2 3 m STORE b", "reject georadius: CROSSSLOT"},
          {"EVAL body 2 a b", "reject eval: CROSSSLOT"},
          {"LMOVE a b LEFT LEFT", "reject lmove: CROSSSLOT"},
      },
      {}, true);
}

TEST_CASE("XREAD over several slots is split unless it may block") {
  check_all(
      {
          {"XREAD STREAMS a b 0 0", "split xread"},
          {"XREAD COUNT 1 STREAMS a {a}2 b 0 0 0", "split xread"},
          {"XREAD STREAMS a b 0", "send xread to 15495"},  // of a alone: the node words the error
          {"XREAD STREAMS a b c 0 0", "reject xread: unbalanced"},
          {"XREAD STREAMS a a 0", "send xread to 15495"},
          {"XREAD BLOCK 0 STREAMS a b 0 0", "reject xread: CROSSSLOT"},
          {"XREAD BLOCK 10 STREAMS a b c 0 0", "reject xread: unbalanced"},
          {"XREADGROUP GROUP g c STREAMS a b > >", "split xreadgroup"},
          {"XREADGROUP GROUP g c NOACK COUNT 2 STREAMS a b > >", "split xreadgroup"},
          {"XREADGROUP GROUP g c BLOCK 1 STREAMS a b > >", "reject xreadgroup: CROSSSLOT"},
          {"XREADGROUP COUNT 1 STREAMS a b > >", "reject xreadgroup: no group"},
          {"XREADGROUP NOACK NOACK NOACK STREAMS a b > >", "split xreadgroup"},
      },
      {}, true);
}

TEST_CASE("MSET is split or refused as configured, the other split commands do not care") {
  const config::MultikeyConfig reject{.mset = config::CrossSlotWrites::reject};
  check_all(
      {
          {"MSET a 1 b 2", "reject mset: CROSSSLOT"},
          {"MSET a 1 {a}b 2", "send mset to 15495"},
          {"MSET a 1 b", "reject mset: arity"},
          {"MGET a b", "split mget"},
          {"DEL a b", "split del"},
      },
      reject, true);
}

TEST_CASE("An MSET with a key that lacks its value is refused before it is torn apart") {
  check_all(
      {
          {"MSET a 1 b", "reject mset: arity"},
          {"MSET a 1 b 2 c", "reject mset: arity"},
          // Whole it may go to a node, which says the same.
          {"MSET a 1 a", "send mset to 15495"},
      },
      {}, true);
}

TEST_CASE("Requests whose keys cannot be made out go to any node, which words the error") {
  check_all(
      {
          {"EVAL body 0", "send eval to any"},
          {"EVAL body 0 a b", "send eval to any"},
          {"EVALSHA sha 0", "send evalsha to any"},
          {"FCALL f 0", "send fcall to any"},
          {"EVAL body x a", "send eval to any"},
          {"EVAL body -1 a", "send eval to any"},
          {"EVAL body 9 a", "send eval to any"},
          {"SINTERCARD 0 a", "send sintercard to any"},
          {"XREAD COUNT 1 STREAMS", "send xread to any"},
          {"XREAD a b c", "send xread to any"},
      },
      {}, true);
}

TEST_CASE("Commands without keys are answered here, by any node, or not at all") {
  check_all(
      {
          {"PING", "local ping"},
          {"ping a", "local ping"},
          {"ECHO a", "local echo"},
          {"QUIT", "local quit"},
          {"RESET", "local reset"},
          {"SELECT 0", "local select"},
          {"TIME", "local time"},
          {"AUTH x", "local auth"},
          {"HELLO", "local hello"},
          {"CONFIG GET save", "settings by config|get"},
          {"config get save maxclients", "settings by config|get"},
          {"CLIENT ID", "local client|id"},
          {"CLIENT SETNAME a", "local client|setname"},
          {"CLIENT GETNAME", "local client|getname"},
          {"READONLY", "local readonly"},
          {"ASKING", "local asking"},
          {"COMMAND", "send command to any"},
          {"COMMAND COUNT", "send command|count to any"},
          {"COMMAND GETKEYS MSET a 1 b 2", "send command|getkeys to any"},
          {"PUBLISH a b", "send publish to any"},
          {"OBJECT HELP", "send object|help to any"},
          {"MULTI", "step multi"},
          {"MIGRATE h 1 k 0 5", "reject migrate: unsupported"},
          {"CLIENT REPLY OFF", "local client|reply"},
          {"CLUSTER NODES", "local cluster|nodes"},
          {"CLUSTER RESET", "reject cluster|reset: unsupported"},
          {"CLUSTER COUNTKEYSINSLOT 0", "send cluster|countkeysinslot to 0"},
          {"CLUSTER COUNTKEYSINSLOT 16383", "send cluster|countkeysinslot to 16383"},
          {"CLUSTER COUNTKEYSINSLOT 16384", "send cluster|countkeysinslot to any"},
          {"CLUSTER COUNTKEYSINSLOT -1", "send cluster|countkeysinslot to any"},
          {"CLUSTER COUNTKEYSINSLOT x", "send cluster|countkeysinslot to any"},
          {"CLUSTER GETKEYSINSLOT 7 10", "send cluster|getkeysinslot to 7"},
      },
      {}, true);
}

TEST_CASE("Commands of the whole keyspace go to every shard, or to one after another") {
  check_all(
      {
          {"KEYS *", "all keys"},
          {"dbsize", "all dbsize"},
          {"FLUSHALL ASYNC", "all flushall"},
          {"SCRIPT LOAD body", "all script|load"},
          {"CONFIG SET save x", "settings to config|set"},
          {"CONFIG RESETSTAT", "all config|resetstat"},
          {"INFO", "all info"},
          {"INFO a b", "all info"},
          {"LASTSAVE", "all lastsave"},
          {"SLOWLOG GET", "all slowlog|get"},
          {"SCAN 0", "scan by scan"},
          {"scan 0 MATCH a* COUNT 5", "scan by scan"},
          {"SWAPDB 0 1", "send swapdb to any"},
          {"MEMORY STATS", "all memory|stats"},
          {"KEYS", "reject keys: arity"},
          {"DBSIZE x", "reject dbsize: arity"},
          {"SCAN", "reject scan: arity"},
      },
      {}, true);
  check_all({{"FLUSHALL", "reject flushall: NOAUTH"}, {"SCAN 0", "reject scan: NOAUTH"}}, {}, false);
}

TEST_CASE("What is unknown or has too few or too many arguments is refused first") {
  check_all(
      {
          {"NOSUCH", "reject -: unknown command"},
          {"GETT a", "reject -: unknown command"},
          {"\"\"", "reject -: unknown command"},
          {"CONFIG|GET save", "reject -: unknown command"},
          {"a-name-that-is-much-longer-than-any-command-of-the-table a", "reject -: unknown command"},
          {"CONFIG NOSUCH a", "reject -: unknown subcommand"},
          {"OBJECT \"\" a", "reject -: unknown subcommand"},
          {"CLIENT config|get", "reject -: unknown subcommand"},
          {"GET", "reject get: arity"},
          {"GET a b", "reject get: arity"},
          {"SET a", "reject set: arity"},
          {"MGET", "reject mget: arity"},
          {"MSET a", "reject mset: arity"},
          {"ECHO", "reject echo: arity"},
          {"CONFIG", "reject config: arity"},
          {"CONFIG GET", "reject config|get: arity"},
          {"OBJECT", "reject object: arity"},
          {"OBJECT ENCODING", "reject object|encoding: arity"},
          {"OBJECT ENCODING a b", "reject object|encoding: arity"},
          {"CLIENT ID x", "reject client|id: arity"},
          {"MULTI x", "reject multi: arity"},
          {"SUBSCRIBE", "reject subscribe: arity"},
      },
      {}, true);
}

TEST_CASE("Subscribing commands go to the subscriptions, shard channels of one command are of one slot") {
  check_all(
      {
          {"SUBSCRIBE a b", "subscriptions subscribe"},
          {"PSUBSCRIBE a", "subscriptions psubscribe"},
          {"UNSUBSCRIBE", "subscriptions unsubscribe"},
          {"PUNSUBSCRIBE a", "subscriptions punsubscribe"},
          {"SSUBSCRIBE a", "subscriptions ssubscribe"},
          {"SSUBSCRIBE {x}a {x}b", "subscriptions ssubscribe"},
          {"SSUBSCRIBE a b", "reject ssubscribe: CROSSSLOT"},
          {"SUNSUBSCRIBE", "subscriptions sunsubscribe"},
          {"SUNSUBSCRIBE a b", "reject sunsubscribe: CROSSSLOT"},
          {"SPUBLISH a b", "send spublish to 15495"},
      },
      {}, true);
}

TEST_CASE("A subscriber may say little") {
  Planner planner({});
  SessionFacts subscriber;
  subscriber.subscriber = true;
  const PlanCase cases[] = {
      {"GET a", "reject get: subscriber"},
      {"GET", "reject get: arity"},
      {"NOSUCH", "reject -: unknown command"},
      {"PUBLISH a b", "reject publish: subscriber"},
      {"SPUBLISH a b", "reject spublish: subscriber"},
      {"CONFIG GET save", "reject config|get: subscriber"},
      {"HELLO", "reject hello: subscriber"},
      {"MULTI", "reject multi: subscriber"},
      {"PING", "local ping"},
      {"QUIT", "local quit"},
      {"RESET", "local reset"},
      {"SUBSCRIBE a", "subscriptions subscribe"},
      {"SUNSUBSCRIBE", "subscriptions sunsubscribe"},
  };
  for (const PlanCase& c : cases) {
    INFO(c.request);
    const RequestWords request(split_words(c.request));
    CHECK(std::visit(PlanText{}, planner.plan(request.view(), subscriber)) == c.plan);
  }
}

TEST_CASE("Before AUTH: existence, then arity, then NOAUTH, then all the rest, as in processCommand") {
  check_all(
      {
          {"NOSUCH a", "reject -: unknown command"},
          {"CONFIG NOSUCH", "reject -: unknown subcommand"},
          {"GET", "reject get: arity"},
          {"AUTH", "reject auth: arity"},
          {"RESET x", "reject reset: arity"},
          {"GET a", "reject get: NOAUTH"},
          {"MGET a b", "reject mget: NOAUTH"},
          {"MSET a 1 b", "reject mset: NOAUTH"},
          {"RENAME a b", "reject rename: NOAUTH"},
          {"PING", "reject ping: NOAUTH"},
          {"SELECT 0", "reject select: NOAUTH"},
          {"CONFIG GET save", "reject config|get: NOAUTH"},
          {"COMMAND", "reject command: NOAUTH"},
          {"SUBSCRIBE a", "reject subscribe: NOAUTH"},
          {"MULTI", "reject multi: NOAUTH"},
          {"AUTH x", "local auth"},
          {"AUTH a b c d", "local auth"},
          {"HELLO 2 AUTH default x", "local hello"},
          {"QUIT", "local quit"},
          {"RESET", "local reset"},
      },
      {}, false);
}

TEST_CASE("Inside a transaction commands queue for its slot, or are refused as Redis refuses them") {
  struct Case {
    Slot slot;  // of what is queued already
    std::string_view request;
    std::string_view plan;
  };
  const Case cases[] = {
      {kAnySlot, "GET a", "queue get for 15495"},
      {15495, "GET a", "queue get for 15495"},
      {15495, "PING", "queue ping for any"},
      {kAnySlot, "EVAL x 0", "queue eval for any"},
      {15495, "MGET a {a}b", "queue mget for 15495"},
      {15495, "GET b", "reject get: CROSSSLOT"},
      {kAnySlot, "MGET a b", "reject mget: CROSSSLOT"},
      {kAnySlot, "MSET a 1 b 2", "reject mset: CROSSSLOT"},
      {kAnySlot, "RENAME a b", "reject rename: CROSSSLOT"},
      {15495, "BLPOP a 0", "queue blpop for 15495"},
      {kAnySlot, "XREAD BLOCK 0 STREAMS a 0", "queue xread for 15495"},
      {kAnySlot, "BLPOP a b 0", "reject blpop: CROSSSLOT"},
      {15495, "WATCH a", "reject watch: watch in multi"},
      {15495, "UNWATCH", "queue unwatch for any"},
      {15495, "EXEC", "step exec"},
      {15495, "discard", "step discard"},
      {15495, "MULTI", "step multi"},
      {15495, "EXEC now", "reject exec: arity"},
      {15495, "QUIT", "local quit"},
      {15495, "RESET", "local reset"},
      {15495, "FLUSHALL", "queue flushall for any"},
      {kAnySlot, "FLUSHDB ASYNC", "queue flushdb for any"},
      {15495, "FLUSHDB SOON", "queue flushdb for any"},
      {15495, "DBSIZE", "queue dbsize outside"},
      {15495, "CLIENT ID", "queue client|id outside"},
      {15495, "CONFIG GET port", "queue config|get outside"},
      {15495, "CONFIG SET timeout 0", "queue config|set outside"},
      {15495, "SCAN 0", "queue scan outside"},
      {15495, "SUBSCRIBE c", "queue subscribe outside"},
      {15495, "CLUSTER COUNTKEYSINSLOT 3", "queue cluster|countkeysinslot outside"},
      {15495, "DEBUG SLEEP 0", "reject debug: debug off"},
      {15495, "CLIENT REPLY OFF", "reject client|reply: not in multi"},
      {15495, "HELLO", "reject hello: not in multi"},
      {15495, "NOSUCH", "reject -: unknown command"},
      {15495, "CONFIG", "reject config: arity"},
  };
  Planner planner{config::MultikeyConfig{}};
  for (const Case& c : cases) {
    INFO(c.request);
    const RequestWords request(split_words(c.request));
    CHECK(std::visit(PlanText{}, planner.plan(request.view(), {true, true, c.slot})) == c.plan);
  }
  for (const std::string_view step : {"MULTI", "EXEC", "DISCARD"}) {
    const RequestWords request(split_words(step));
    CHECK(std::holds_alternative<TransactionStep>(planner.plan(request.view(), SessionFacts{})));
  }
}

TEST_CASE("Names are looked up whatever bytes they have") {
  Planner planner{config::MultikeyConfig{}};
  CHECK(plan_text(planner, {std::string("get\0", 4), "a"}) == "reject -: unknown command");
  CHECK(plan_text(planner, {"\xC7\x45T", "a"}) == "reject -: unknown command");
  CHECK(plan_text(planner, {"get", std::string("a\r\n\0b", 5)}).starts_with("send get to "));
}

TEST_CASE("The splitter of a FanOut is that of the last plan") {
  Planner planner{config::MultikeyConfig{}};
  REQUIRE(plan_text(planner, {"MSET", "a", "1", "b", "2", "{a}c", "3"}) == "split mset");
  CHECK(planner.keys().size() == 3);
  REQUIRE(planner.splitter().layout().fragments.size() == 2);
  CHECK(planner.splitter().layout().fragments[0].slot == 15495);
  CHECK(planner.splitter().layout().fragments[0].count == 2);

  REQUIRE(plan_text(planner, {"DEL", "c", "b"}) == "split del");
  CHECK(planner.keys().size() == 2);
  REQUIRE(planner.splitter().layout().fragments.size() == 2);
  CHECK(planner.splitter().layout().fragments[0].slot == 7365);
  CHECK(planner.splitter().layout().fragments[1].slot == 3300);
}
