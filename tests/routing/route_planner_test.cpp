#include "routing/route_planner.hpp"

#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <vector>

#include "protocol/learned_commands.hpp"
#include "tests/protocol/request_words.hpp"

namespace slotway::routing {
namespace {

using Kind = RoutePlan::Kind;
using protocol::RequestWords;
using protocol::split_words;

// Upstream 0 is a cluster and home; 1 is one server with the keys a:…; 2 a cluster with b:…; 3 is one server,
// whose keys are c:… here, and lack it there.
struct Stage {
  RoutePlanner planner{PrefixRoutes({{"a:", 1, false}, {"b:", 2, false}, {"c:", 3, true}}, 0),
                       {Keyspace::slots, Keyspace::one_shard, Keyspace::slots, Keyspace::one_shard}};
  SessionFacts facts;
  std::optional<UpstreamNumber> bound;
  bool splits_writes = true;

  // What is decided, in few words: "1", "1 binds", "parts 0:k 1:a:1,a:2", "across", "all", "strip"; behind a
  // stroke the request as it is there, if it is another one.
  std::string plan(const std::string& line) {
    const RequestWords words(split_words(line));
    const protocol::FoundRow found = protocol::find_row(words.view(), nullptr);
    REQUIRE(found.row);
    const RoutePlan plan = planner.plan(words.view(), *found.row, facts, bound, splits_writes);
    switch (plan.kind) {
      case Kind::refused_across: return "across";
      case Kind::refused_for_all: return "all";
      case Kind::refused_strip: return "strip";
      case Kind::parts: return "parts" + parts(planner.translated() ? planner.translation() : words.view());
      case Kind::whole: break;
    }
    std::string out = std::to_string(plan.upstream) + (plan.binds ? " binds" : "");
    if (planner.translated()) out += " |" + words_of(planner.translation());
    return out;
  }

 private:
  static std::string words_of(const protocol::RequestView& request) {
    std::string out;
    for (std::size_t i = 0; i < request.argc(); ++i) out += " " + std::string(request.arg(i));
    return out;
  }

  std::string parts(const protocol::RequestView& request) const {
    std::string out;
    const FragmentLayout& layout = planner.splitter().layout();
    for (const Fragment& fragment : layout.fragments) {
      out += " " + std::to_string(fragment.upstream) + ":";
      for (std::uint32_t p = fragment.first; p != kNoPosition; p = layout.next[p])
        out += (out.back() == ':' ? "" : ",") + std::string(request.arg(planner.keys()[p]));
    }
    return out;
  }
};

TEST_CASE("a request is served where its keys are, or refused") {
  struct Row {
    std::string line;
    std::string plan;
  };
  const Row rows[] = {
      // One upstream
      {"GET k", "0"},
      {"GET a:1", "1"},
      {"set b:1 v", "2"},
      {"MGET a:1 a:2", "1"},
      {"RENAME a:1 a:2", "1"},
      {"ZUNIONSTORE b:d 2 b:1 b:2", "2"},
      {"EVAL script 2 a:1 a:2 k", "1"},
      {"BLPOP a:1 a:2 0", "1"},
      {"XREAD BLOCK 0 STREAMS b:1 $", "2"},
      {"OBJECT ENCODING a:1", "1"},
      {"SORT a:1 BY w_* GET #", "1"},
      // Several: in parts, if that is defined
      {"MGET k a:1 a:2 k", "parts 0:k,k 1:a:1,a:2"},
      {"DEL a:1 b:1 b:2 a:3", "parts 1:a:1,a:3 2:b:1 2:b:2"},
      {"MSET k 1 a:1 2", "parts 0:k 1:a:1"},
      {"EXISTS a:1 {a:}1 b:{x}1 b:{x}2", "parts 1:a:1 0:{a:}1 2:b:{x}1,b:{x}2"},
      {"XREAD STREAMS a:1 k 0 0", "parts 1:a:1 0:k"},
      // Several, and it is not
      {"RENAME a:1 b:1", "across"},
      {"MSETNX a:1 1 b:1 2", "across"},
      {"SUNION k a:1", "across"},
      {"COPY a:1 k", "across"},
      {"EVAL script 2 a:1 b:1", "across"},
      {"BLPOP a:1 b:1 0", "across"},
      {"XREAD BLOCK 0 STREAMS a:1 k 0 0", "across"},
      {"PFCOUNT a:1 b:1", "across"},
      {"WATCH a:1 b:1", "across"},
      // Malformed: a node says so
      {"MSET a:1 1 b:1", "0"},
      {"GET", "0"},
      {"GET a:1 x", "0"},
      {"EVAL script 9 a:1", "0"},
      {"OBJECT", "0"},
      // Without keys: at home
      {"PING", "0"},
      {"INFO", "0"},
      {"CONFIG GET x", "0"},
      {"SLOWLOG GET", "0"},
      {"COMMAND COUNT", "0"},
      {"SCRIPT LOAD body", "0"},
      {"SCRIPT EXISTS sha", "0"},
      {"EVAL script 0", "0"},
      {"PUBLISH a:1 m", "0"},
      {"SPUBLISH a:1 m", "0"},
      {"SUBSCRIBE a:1", "0"},
      {"SSUBSCRIBE a:1", "0"},
      {"SELECT 0", "0"},
      {"MULTI", "0"},
      {"CLIENT TRACKING off", "0"},
      // For all that there is
      {"KEYS *", "all"},
      {"DBSIZE", "all"},
      {"RANDOMKEY", "all"},
      {"SCAN 0", "all"},
      {"FLUSHALL", "all"},
      {"FLUSHDB ASYNC", "all"},
      {"SWAPDB 0 1", "all"},
      {"FUNCTION LOAD code", "all"},
      {"CONFIG SET a b", "all"},
      {"CONFIG RESETSTAT", "all"},
      {"WAIT 1 0", "all"},
      {"SELECT 1", "all"},
      {"CLIENT TRACKING on", "all"},
      // By other names there
      {"GET c:1", "3 | GET 1"},
      {"GET c:", "3 | GET "},
      {"MSET c:1 c:v c:2 w", "3 | MSET 1 c:v 2 w"},
      {"MGET c:1 k c:2 a:1", "parts 3:1,2 0:k 1:a:1"},
      {"ZUNIONSTORE c:d 2 c:1 c:2 WEIGHTS 1 2", "3 | ZUNIONSTORE d 2 1 2 WEIGHTS 1 2"},
      {"EVAL c:script 1 c:1 c:2", "3 | EVAL c:script 1 1 c:2"},
      {"RENAME c:1 k", "across"},
      {"SORT c:1 ALPHA STORE c:2", "3 | SORT 1 ALPHA STORE 2"},
      {"SORT c:1 BY w_*", "strip"},
      {"BLPOP c:1 0", "strip"},
      {"LMPOP 1 c:1 LEFT", "strip"},
      {"XREAD STREAMS c:1 0", "strip"},
      {"WATCH c:1", "3 binds | WATCH 1"},
      {"WATCH k", "0 binds"},
  };
  Stage stage;
  for (const Row& row : rows) {
    INFO(row.line);
    CHECK(stage.plan(row.line) == row.plan);
  }
}

TEST_CASE("a transaction is at one upstream") {
  struct Row {
    std::optional<UpstreamNumber> bound;
    std::string line;
    std::string plan;
  };
  const Row rows[] = {
      {std::nullopt, "GET a:1", "1 binds"},
      {1, "GET a:1", "1 binds"},
      {1, "GET k", "across"},
      {0, "GET a:1", "across"},
      {std::nullopt, "MGET k a:1", "across"},
      {1, "MGET a:1 a:2", "1 binds"},
      // What goes to a node without a key goes to that of home
      {std::nullopt, "PUBLISH a:1 m", "0 binds"},
      {1, "PUBLISH a:1 m", "across"},
      {1, "EVAL script 0", "across"},
      // What is the session's own binds nothing
      {1, "PING", "1"},
      {std::nullopt, "PING", "0"},
      {1, "EXEC", "1"},
      {1, "DISCARD", "1"},
      {std::nullopt, "EXEC", "0"},
      {1, "DBSIZE", "all"},
      {1, "SELECT 2", "all"},
      {3, "INCR c:1", "3 binds | INCR 1"},
  };
  Stage stage;
  stage.facts.in_transaction = true;
  for (const Row& row : rows) {
    INFO(row.line);
    stage.bound = row.bound;
    CHECK(stage.plan(row.line) == row.plan);
  }
}

TEST_CASE("what a client watches does not bind what it asks outside a transaction") {
  Stage stage;
  stage.bound = 1;
  CHECK(stage.plan("GET k") == "0");
  CHECK(stage.plan("MGET k a:1") == "parts 0:k 1:a:1");
  CHECK(stage.plan("WATCH a:2") == "1 binds");
  CHECK(stage.plan("WATCH k") == "across");
  CHECK(stage.plan("UNWATCH") == "1");
}

TEST_CASE("writes are not split if they must not be") {
  Stage stage;
  stage.splits_writes = false;
  CHECK(stage.plan("MSET k 1 a:1 2") == "across");
  CHECK(stage.plan("DEL k a:1") == "parts 0:k 1:a:1");
}

TEST_CASE("who has not logged in is told so, and finds out nothing else") {
  Stage stage;
  stage.facts.authenticated = false;
  CHECK(stage.plan("DBSIZE") == "0");
  CHECK(stage.plan("RENAME a:1 b:1") == "0");
  CHECK(stage.plan("AUTH word") == "0");
}

TEST_CASE("a translation is the request as a client of that upstream would send it") {
  RoutePlanner planner(PrefixRoutes({{"c:", 0, true}}, 0), {Keyspace::one_shard});
  const RequestWords words(split_words("SET c:key c:value"));
  planner.plan(words.view(), *protocol::find_command("set"), {}, std::nullopt, true);
  REQUIRE(planner.translated());
  CHECK(planner.translation().bytes() == "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$7\r\nc:value\r\n");
  CHECK(planner.translation().raw_arg(1) == "$3\r\nkey\r\n");
}

}  // namespace
}  // namespace slotway::routing
