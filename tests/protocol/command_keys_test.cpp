#include "protocol/command_keys.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "tests/protocol/key_cases.hpp"
#include "tests/protocol/request_words.hpp"

namespace slotway::protocol {
namespace {

using Keys = std::vector<std::uint32_t>;

// The keys' argument indices, or kInvalidKeys.
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
  return kInvalidKeys;
}

TEST_CASE("keys are where the table says") {
  for (const KeyCase& c : kKeyCases) {
    INFO(c.request);
    CHECK(keys_of(split_words(c.request)) == c.keys);
  }
  CHECK(keys_of({"EVAL", "s", "1 ", "a"}) == kInvalidKeys);
  CHECK(keys_of({"EVAL", "s", std::string("1\0", 2), "a"}) == kInvalidKeys);
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
