#include "routing/merger.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/block_pool.hpp"
#include "protocol/reply_errors.hpp"
#include "tests/routing/merged_text.hpp"

using namespace slotway;
using namespace slotway::routing;
using protocol::Merge;

namespace {

// The fragments' replies in the order `arrival`.
std::string merge(Merger& merger, Merge how, const FragmentLayout& layout,
                  const std::vector<std::string>& replies, const std::vector<std::uint32_t>& arrival,
                  bool writes = false) {
  merger.reset(how, layout, writes);
  REQUIRE(add_all(merger, replies, arrival));
  return merged_text(merger);
}

std::string bulk(std::string_view payload) {
  return "$" + std::to_string(payload.size()) + "\r\n" + std::string(payload) + "\r\n";
}

const std::string kNotUnderstood = "-" + std::string(protocol::errors::kBadFragment) + "\r\n";

}  // namespace

TEST_CASE("Elements go to their keys' places, in whatever order the replies come") {
  struct Case {
    std::vector<std::uint32_t> fragment_of;
    std::vector<std::string> replies;
    std::string merged;
  };
  const std::vector<Case> cases = {
      {{0, 1}, {"*1\r\n$1\r\na\r\n", "*1\r\n$1\r\nb\r\n"}, "*2\r\n$1\r\na\r\n$1\r\nb\r\n"},
      {{0, 1, 0, 2, 1},
       {"*2\r\n$1\r\na\r\n$2\r\naa\r\n", "*2\r\n$-1\r\n$3\r\nbbb\r\n", "*1\r\n$0\r\n\r\n"},
       "*5\r\n$1\r\na\r\n$-1\r\n$2\r\naa\r\n$0\r\n\r\n$3\r\nbbb\r\n"},
      // Bytes that look like RESP, and elements of other types, nested too.
      {{1, 0, 0, 3, 2, 1},
       {"*2\r\n*2\r\n:1\r\n*1\r\n$-1\r\n+x\r\n", "*2\r\n$4\r\n\r\n$1\r\n*-1\r\n", "*1\r\n-ERR in place\r\n",
        "*1\r\n_\r\n"},
       "*6\r\n$4\r\n\r\n$1\r\n*2\r\n:1\r\n*1\r\n$-1\r\n+x\r\n_\r\n-ERR in place\r\n*-1\r\n"},
      {{0, 1, 2, 3, 4},
       {"*1\r\n:0\r\n", "*1\r\n:1\r\n", "*1\r\n:2\r\n", "*1\r\n:3\r\n", "*1\r\n:4\r\n"},
       "*5\r\n:0\r\n:1\r\n:2\r\n:3\r\n:4\r\n"},
  };
  Merger merger;
  for (const Case& c : cases) {
    std::vector<std::uint32_t> arrival = in_order(c.replies.size());
    do {
      CHECK(merge(merger, Merge::by_position, layout_of(c.fragment_of), c.replies, arrival) == c.merged);
      CHECK_FALSE(merger.failed());
    } while (std::next_permutation(arrival.begin(), arrival.end()));
  }
}

TEST_CASE("Integers are added, and OK is said once, in whatever order the replies come") {
  struct Case {
    Merge how;
    std::vector<std::string> replies;
    std::string merged;
  };
  const std::vector<Case> cases = {
      {Merge::sum, {":0\r\n", ":0\r\n"}, ":0\r\n"},
      {Merge::sum, {":1\r\n", ":20\r\n", ":300\r\n"}, ":321\r\n"},
      {Merge::sum, {":-1\r\n", ":1\r\n", ":2\r\n"}, ":2\r\n"},
      {Merge::sum, {":-9223372036854775808\r\n", ":9223372036854775807\r\n"}, ":-1\r\n"},
      {Merge::all_ok, {"+OK\r\n", "+OK\r\n", "+OK\r\n", "+OK\r\n"}, "+OK\r\n"},
  };
  Merger merger;
  for (const Case& c : cases) {
    const FragmentLayout layout = layout_of(in_order(c.replies.size()));
    std::vector<std::uint32_t> arrival = in_order(c.replies.size());
    do {
      CHECK(merge(merger, c.how, layout, c.replies, arrival) == c.merged);
    } while (std::next_permutation(arrival.begin(), arrival.end()));
  }
}

TEST_CASE("The error of the first part in the keys' order is the whole command's reply") {
  struct Case {
    Merge how;
    std::vector<std::string> replies;
  };
  const std::vector<Case> cases = {
      {Merge::by_position, {"*1\r\n:0\r\n", "-ERR one\r\n", "*1\r\n:2\r\n", "-WRONGTYPE three\r\n"}},
      {Merge::sum, {":1\r\n", "-ERR one\r\n", ":1\r\n", "-OOM three\r\n"}},
      {Merge::all_ok, {"+OK\r\n", "-ERR one\r\n", "+OK\r\n", "-OOM three\r\n"}},
  };
  Merger merger;
  for (const Case& c : cases) {
    const FragmentLayout layout = layout_of(in_order(c.replies.size()));
    std::vector<std::uint32_t> arrival = in_order(c.replies.size());
    do {
      CHECK(merge(merger, c.how, layout, c.replies, arrival) == c.replies[1]);
      CHECK(merger.failed());
    } while (std::next_permutation(arrival.begin(), arrival.end()));
  }
}

TEST_CASE("A write that was executed in part says so, a read gives the error as it is") {
  const std::string timeout = "-" + std::string(protocol::errors::kTimeout) + "\r\n";
  const std::string unknown = "-" + std::string(protocol::errors::kOutcomeUnknown) + "\r\n";
  const std::string not_sent = "-" + std::string(protocol::errors::kNotSent) + "\r\n";
  const auto in_part = [](const std::string& error) {
    return error.substr(0, error.size() - 2) + std::string(protocol::errors::kExecutedInPart) + "\r\n";
  };
  struct Case {
    std::vector<std::string> replies;
    std::string written;  // in any order of arrival
    std::string read;
  };
  const std::vector<Case> cases = {
      {{":1\r\n", "-OOM full\r\n", ":0\r\n"}, in_part("-OOM full\r\n"), "-OOM full\r\n"},
      {{":1\r\n", ":1\r\n", not_sent}, in_part(not_sent), not_sent},
      {{not_sent, not_sent, not_sent}, not_sent, not_sent},
      {{":1\r\n", ":1\r\n", "+OK\r\n"}, in_part(kNotUnderstood), kNotUnderstood},
  };
  Merger merger;
  for (const Case& c : cases) {
    std::vector<std::uint32_t> arrival = in_order(c.replies.size());
    const FragmentLayout layout = layout_of(arrival);
    do {
      CHECK(merge(merger, Merge::sum, layout, c.replies, arrival, true) == c.written);
      CHECK(merge(merger, Merge::sum, layout, c.replies, arrival, false) == c.read);
    } while (std::next_permutation(arrival.begin(), arrival.end()));
  }
  // "Not executed" is not the last word if another part may have been.
  const FragmentLayout two = layout_of({0, 1});
  for (const std::string& doubt : {timeout, unknown}) {
    CHECK(merge(merger, Merge::all_ok, two, {not_sent, doubt}, {0, 1}, true) == doubt);
    CHECK(merge(merger, Merge::all_ok, two, {not_sent, doubt}, {1, 0}, true) == doubt);
    CHECK(merge(merger, Merge::by_position, two, {not_sent, doubt}, {0, 1}, false) == not_sent);
  }
}

TEST_CASE("A fragment's reply of another shape is an error, not a wrong answer") {
  struct Case {
    Merge how;
    std::string reply;  // of the first fragment, which has two keys
  };
  const std::vector<Case> cases = {
      {Merge::by_position, "*1\r\n$1\r\na\r\n"},
      {Merge::by_position, "*3\r\n:1\r\n:2\r\n:3\r\n"},
      {Merge::by_position, "*0\r\n"},
      {Merge::by_position, "*-1\r\n"},
      {Merge::by_position, "*02\r\n:1\r\n:2\r\n"},
      {Merge::by_position, "*2\r\n"},
      {Merge::by_position, "*2\r\n$5\r\nab"},
      {Merge::by_position, "*2\r\nab\r\ncd\r\n"},
      {Merge::by_position, "*"},
      {Merge::by_position, "*\n"},
      {Merge::by_position, "~2\r\n:1\r\n:2\r\n"},
      {Merge::by_position, "+OK\r\n"},
      {Merge::by_position, ":2\r\n"},
      {Merge::by_position, "$2\r\nab\r\n"},
      {Merge::by_position, ""},
      {Merge::sum, ":\r\n"},
      {Merge::sum, ":1x\r\n"},
      {Merge::sum, ":01\r\n"},
      {Merge::sum, ":9223372036854775808\r\n"},
      {Merge::sum, ":9223372036854775807\r\n"},  // with the other's 1 it is no 64-bit number
      {Merge::sum, ":"},
      {Merge::sum, "+OK\r\n"},
      {Merge::sum, "$1\r\n1\r\n"},
      {Merge::sum, "*0\r\n"},
      {Merge::sum, ""},
      {Merge::all_ok, "+QUEUED\r\n"},
      {Merge::all_ok, "+OK\r\n+OK\r\n"},
      {Merge::all_ok, "+ok\r\n"},
      {Merge::all_ok, "$2\r\nOK\r\n"},
      {Merge::all_ok, ":1\r\n"},
      {Merge::all_ok, ""},
  };
  Merger merger;
  for (const Case& c : cases) {
    const std::string good = c.how == Merge::sum      ? ":1\r\n"
                             : c.how == Merge::all_ok ? "+OK\r\n"
                                                      : "*1\r\n:1\r\n";
    for (const std::vector<std::uint32_t>& arrival : {std::vector<std::uint32_t>{0, 1}, {1, 0}}) {
      INFO(c.reply);
      CHECK(merge(merger, c.how, layout_of({0, 1, 0}), {c.reply, good}, arrival) == kNotUnderstood);
    }
  }
}

TEST_CASE("Nothing of a command is left for the next one") {
  Merger merger;
  const FragmentLayout two = layout_of({0, 1});
  CHECK(merge(merger, Merge::sum, two, {":5\r\n", ":6\r\n"}, {0, 1}) == ":11\r\n");
  CHECK(merge(merger, Merge::sum, two, {":1\r\n", ":2\r\n"}, {1, 0}) == ":3\r\n");
  CHECK(merge(merger, Merge::all_ok, two, {"-ERR x\r\n", "+OK\r\n"}, {0, 1}) == "-ERR x\r\n");
  CHECK(merge(merger, Merge::all_ok, two, {"+OK\r\n", "+OK\r\n"}, {0, 1}) == "+OK\r\n");
  CHECK(merge(merger, Merge::by_position, layout_of({0, 1, 1}), {"*1\r\n:1\r\n", "*2\r\n:2\r\n:3\r\n"},
              {0, 1}) == "*3\r\n:1\r\n:2\r\n:3\r\n");
  CHECK(merge(merger, Merge::by_position, two, {"*1\r\n:8\r\n", "*1\r\n:9\r\n"}, {1, 0}) ==
        "*2\r\n:8\r\n:9\r\n");

  // A command that was left half done.
  merger.reset(Merge::by_position, two, false);
  merger.add(1, "*1\r\n:7\r\n");
  CHECK(merger.held_bytes() == 4);
  CHECK_FALSE(merger.complete());
  merger.reset(Merge::by_position, two, false);
  CHECK(merger.held_bytes() == 0);
  CHECK(merge(merger, Merge::by_position, two, {"*1\r\n:8\r\n", "*1\r\n:9\r\n"}, {1, 0}) ==
        "*2\r\n:8\r\n:9\r\n");
}

TEST_CASE("A thousand values in a hundred fragments, in random order") {
  std::mt19937 random(11);
  const auto below = [&random](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
  Merger merger;
  for (int round = 0; round < 20; ++round) {
    std::vector<std::uint32_t> fragment_of = in_order(100);
    for (int i = 100; i < 1000; ++i) fragment_of.push_back(below(100));
    std::vector<std::string> elements(100);
    std::vector<std::uint32_t> counts(100);
    std::string merged = "*1000\r\n";
    for (const std::uint32_t fragment : fragment_of) {
      const std::string value = below(5) == 0 ? "$-1\r\n" : bulk(std::string(below(300), 'v'));
      elements[fragment] += value;
      ++counts[fragment];
      merged += value;
    }
    std::vector<std::string> replies;
    for (std::size_t i = 0; i < 100; ++i)
      replies.push_back("*" + std::to_string(counts[i]) + "\r\n" + elements[i]);
    std::vector<std::uint32_t> arrival = in_order(100);
    std::shuffle(arrival.begin(), arrival.end(), random);
    REQUIRE(merge(merger, Merge::by_position, layout_of(fragment_of), replies, arrival) == merged);
  }
}

TEST_CASE("What one large command needed is given back, what a usual one needs is kept") {
  const std::vector<std::string> ones = {":1\r\n", ":1\r\n"};
  const std::vector<std::uint32_t> usual(100, 0);
  std::vector<std::uint32_t> many_keys(1'000'000, 0);
  many_keys.back() = 1;

  Merger merger;
  merger.reset(Merge::by_position, layout_of(usual), false);
  merger.add(
      0, "*100\r\n" + [] {
        std::string elements;
        for (int i = 0; i < 100; ++i) elements += bulk("value");
        return elements;
      }());
  const std::size_t kept = merger.reserved_bytes();
  CHECK(kept >= 100 * bulk("value").size());
  merger.shrink();
  CHECK(merger.reserved_bytes() == kept);

  // Many keys, whether or not their values are collected.
  merge(merger, Merge::sum, layout_of(many_keys), ones, {0, 1});
  CHECK(merger.reserved_bytes() > 1'000'000);
  merger.shrink();
  CHECK(merger.reserved_bytes() < 1'000'000);
  merger.reset(Merge::by_position, layout_of(many_keys), false);
  merger.shrink();
  CHECK(merger.reserved_bytes() < 1'000'000);

  // Long values, and a long error.
  const std::string long_value(10'000'000, 'v');
  merge(merger, Merge::by_position, layout_of({0, 1}), {"*1\r\n" + bulk(long_value), "*1\r\n:1\r\n"}, {0, 1});
  merger.shrink();
  CHECK(merger.reserved_bytes() < 1'000'000);
  merge(merger, Merge::sum, layout_of({0, 1}), {"-ERR " + long_value + "\r\n", ":1\r\n"}, {0, 1});
  merger.shrink();
  CHECK(merger.reserved_bytes() < 1'000'000);

  CHECK(merge(merger, Merge::sum, layout_of({0, 1}), ones, {0, 1}) == ":2\r\n");
}
