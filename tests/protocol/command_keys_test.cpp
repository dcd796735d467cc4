#include "protocol/command_keys.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "tests/protocol/request_words.hpp"

namespace slotway::protocol {
namespace {

using Keys = std::vector<std::uint32_t>;

// The keys' argument indices; {0}, which no key has, for KeyError::invalid.
Keys keys_of(const std::vector<std::string>& words) {
  const CommandRow* row = find_command(words.at(0));
  REQUIRE(row != nullptr);
  if (!row->subcommands.empty()) row = find_subcommand(*row, words.at(1));
  REQUIRE(row != nullptr);
  REQUIRE(row->arity_ok(words.size()));
  const RequestWords request(words);
  Keys keys = {99};  // what an earlier call left
  if (find_keys(*row, request.view(), keys) == KeyError::none) return keys;
  CHECK(keys.empty());
  return {0};
}

struct Case {
  std::string_view request;
  Keys keys;
};

void check(std::initializer_list<Case> cases) {
  for (const Case& c : cases) {
    INFO(c.request);
    CHECK(keys_of(split_words(c.request)) == c.keys);
  }
}

const Keys kInvalid = {0};

TEST_CASE("keys at fixed places") {
  check({
      {"GET a", {1}},
      {"get \"\"", {1}},
      {"SET a 1 EX 10", {1}},
      {"PING", {}},
      {"PING a", {}},
      {"ECHO a", {}},
      {"COPY a b DB 0", {1, 2}},
      {"RENAME a b", {1, 2}},
      {"LCS a b LEN", {1, 2}},
      {"OBJECT ENCODING a", {2}},
      {"MEMORY USAGE a SAMPLES 5", {2}},
      {"XGROUP CREATE a g $ MKSTREAM", {2}},
      {"XINFO STREAM a FULL", {2}},
      {"SPUBLISH channel message", {1}},
      {"PUBLISH channel message", {}},
      {"OBJECT HELP", {}},
      {"LMOVE a b LEFT RIGHT", {1, 2}},
      {"ZRANGESTORE a b 0 1", {1, 2}},
      {"GEOSEARCHSTORE a b FROMMEMBER m BYRADIUS 1 m STOREDIST", {1, 2}},
  });
}

TEST_CASE("keys up to the end, duplicates and an odd rest included") {
  check({
      {"DEL a", {1}},
      {"DEL a a b", {1, 2, 3}},
      {"MGET a b a", {1, 2, 3}},
      {"MSET a 1 b 2", {1, 3}},
      {"MSET a 1 b", {1, 3}},
      {"MSETNX a 1 a 2", {1, 3}},
      {"SDIFFSTORE d a b", {1, 2, 3}},
      {"PFMERGE d", {1}},
      {"PFMERGE d a b", {1, 2, 3}},
      {"PFCOUNT a b", {1, 2}},
      {"BITOP AND d a b", {2, 3, 4}},
      {"BLPOP a b 0", {1, 2}},
      {"BZPOPMIN a 0", {1}},
      {"WATCH a b", {1, 2}},
  });
}

TEST_CASE("keys behind their number") {
  check({
      {"EVAL s 0", {}},
      {"EVAL s 0 x y", {}},
      {"EVAL s 2 a b x", {3, 4}},
      {"EVALSHA_RO s 1 a", {3}},
      {"FCALL f 3 a b a", {3, 4, 5}},
      {"ZUNION 2 a b WITHSCORES", {2, 3}},
      {"ZINTERSTORE d 2 a b WEIGHTS 1 2", {1, 3, 4}},
      {"SINTERCARD 2 a b LIMIT 1", {2, 3}},
      {"LMPOP 1 a LEFT", {2}},
      {"ZMPOP 2 a b MIN COUNT 3", {2, 3}},
      {"BLMPOP 0 2 a b LEFT", {3, 4}},
  });
}

TEST_CASE("a number of keys that is none, or more than there are, is invalid") {
  check({
      {"EVAL s abc a", kInvalid},
      {"EVAL s \"\" a", kInvalid},
      {"EVAL s -1 a", kInvalid},
      {"EVAL s +1 a", kInvalid},
      {"EVAL s 01 a", kInvalid},
      {"EVAL s 1.0 a", kInvalid},
      {"EVAL s 1x a", kInvalid},
      {"EVAL s 2 a", kInvalid},
      {"EVAL s 1", kInvalid},
      {"EVAL s 9223372036854775807 a", kInvalid},
      {"EVAL s 99999999999999999999 a", kInvalid},
      {"EVAL s 18446744073709551617 a", kInvalid},
      {"ZUNION 0 a", kInvalid},
      {"ZUNION 3 a b", kInvalid},
      {"ZUNIONSTORE d 0 a", kInvalid},
      {"ZUNIONSTORE d b a", kInvalid},
      {"SINTERCARD 0 a", kInvalid},
      {"LMPOP 2 a LEFT", {2, 3}},  // LEFT taken for a key, as Redis does
      {"LMPOP 3 a LEFT", kInvalid},
  });
  CHECK(keys_of({"EVAL", "s", "1 ", "a"}) == kInvalid);
  CHECK(keys_of({"EVAL", "s", std::string("1\0", 2), "a"}) == kInvalid);
}

TEST_CASE("streams behind STREAMS: the first half of what is left") {
  check({
      {"XREAD STREAMS a 0", {2}},
      {"XREAD COUNT 2 streams a b 0 0", {4, 5}},
      {"XREAD COUNT 2 BLOCK 0 STREAMS a $", {6}},
      {"XREAD STREAMS streams 0", {2}},
      {"XREAD STREAMS STREAMS STREAMS 0 0", {2, 3}},
      {"XREAD STREAMS a b 0", {2}},
      {"XREAD COUNT 2 a", {}},
      {"XREAD a b STREAMS", {}},
      {"XREAD COUNT STREAMS STREAMS a 0", {4}},
      {"XREADGROUP GROUP g c STREAMS a >", {5}},
      {"XREADGROUP GROUP streams c STREAMS a >", {5}},
      {"XREADGROUP GROUP g streams COUNT 1 NOACK STREAMS a b > >", {8, 9}},
      {"XREADGROUP COUNT 1 GROUP streams c STREAMS a >", {7}},
      {"XREADGROUP GROUP g c COUNT 1 a", {}},
      {"XREAD COUNT 1 STREAMS a", {}},
  });
}

TEST_CASE("a STORE option's key, where its word may be another option's argument") {
  check({
      {"SORT a", {1}},
      {"SORT a STORE d", {1, 3}},
      {"SORT a store d DESC", {1, 3}},
      {"SORT a BY w_* LIMIT 0 5 GET # GET o_* DESC ALPHA Store d", {1, 14}},
      {"SORT a STORE d STORE e", {1, 5}},
      {"SORT a BY store", {1}},
      {"SORT a BY store STORE d", {1, 5}},
      {"SORT a GET store DESC", {1}},
      {"SORT a LIMIT store store STORE d", {1, 6}},
      {"SORT a STORE by STORE d", {1, 3}},
      {"SORT a STORE store", {1, 3}},
      {"SORT a STORE", {1}},
      {"SORT store", {1}},
      {"SORT_RO a BY store GET x", {1}},
      {"GEORADIUS a 1 2 3 km", {1}},
      {"GEORADIUS a 1 2 3 km WITHDIST COUNT 2 STORE d", {1, 10}},
      {"GEORADIUS a 1 2 3 km STOREDIST d", {1, 7}},
      {"GEORADIUS a 1 2 3 km STOREDIST store", {1, 7}},
      {"GEORADIUS a 1 2 3 km STOREDIST store COUNT 1", {1, 7}},
      {"GEORADIUS a 1 2 3 km STORE storedist", {1, 7}},
      {"GEORADIUS a 1 2 3 km STORE", {1}},
      {"GEORADIUSBYMEMBER a store 3 km STORE d", {1, 6}},
      {"GEORADIUSBYMEMBER a m 3 km ASC storedist d", {1, 7}},
      {"GEORADIUS_RO a 1 2 3 km COUNT 2", {1}},
  });
}

TEST_CASE("MIGRATE's KEYS is searched from the end") {
  check({
      {"MIGRATE h 1 a 0 100", {3}},
      {"MIGRATE h 1 \"\" 0 100 COPY KEYS a b", {3, 8, 9}},
      {"MIGRATE h 1 KEYS 0 100 KEYS KEYS", {3, 7}},
  });
}

TEST_CASE("a spec of an unknown kind is invalid") {
  const KeySpec specs[] = {{.begin = KeySpec::Begin::index, .begin_at = 1, .find = KeySpec::Find::range},
                           {.begin = KeySpec::Begin::unknown}};
  const CommandRow row = {.name = "future", .arity = -1, .keys = specs};
  const RequestWords request({"future", "a"});
  Keys keys;
  CHECK(find_keys(row, request.view(), keys) == KeyError::invalid);
  CHECK(keys.empty());
}

TEST_CASE("a counted spec whose count stands beyond the end is invalid, and steps are kept") {
  const KeySpec specs[] = {{.begin = KeySpec::Begin::keyword,
                            .begin_at = 1,
                            .keyword = "PAIRS",
                            .find = KeySpec::Find::keynum,
                            .step = 2,
                            .keynum_at = 1,
                            .first = 2}};
  const CommandRow row = {.name = "future", .arity = -1, .keys = specs};
  Keys keys;
  CHECK(find_keys(row, RequestWords({"future", "pairs", "x"}).view(), keys) == KeyError::invalid);
  const RequestWords request({"future", "pairs", "x", "2", "a", "1", "b", "2"});
  CHECK(find_keys(row, request.view(), keys) == KeyError::none);
  CHECK(keys == Keys{4, 6});
}

}  // namespace
}  // namespace slotway::protocol
