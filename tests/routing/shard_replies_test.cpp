// What becomes of the replies of all shards to a command of the whole keyspace.
#include "routing/shard_replies.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "protocol/reply_errors.hpp"
#include "tests/routing/merged_text.hpp"

using namespace slotway;
using namespace slotway::routing;
using protocol::Merge;

namespace {

std::string merge(Merger& merger, Merge how, const std::vector<std::string>& replies,
                  const std::vector<std::uint32_t>& arrival, std::uint64_t random = 0) {
  merger.reset(how, replies.size(), false, random);
  REQUIRE(add_all(merger, replies, arrival));
  return merged_text(merger);
}

const std::string kNoLibrary = "-" + std::string(protocol::errors::kNoLibrary) + "\r\n";
// What FUNCTION STATS answers, with what it says of a running script.
std::string stats(const std::string& script) {
  return "*4\r\n$14\r\nrunning_script\r\n" + script + "$7\r\nengines\r\n*0\r\n";
}
const std::string kNotUnderstood = "-" + std::string(protocol::errors::kBadFragment) + "\r\n";

}  // namespace

TEST_CASE("Replies of all shards become one, in the order in which they come") {
  struct Case {
    Merge how;
    std::vector<std::string> replies;
    std::string merged;
  };
  const std::vector<Case> cases = {
      {Merge::concat, {"*0\r\n", "*0\r\n"}, "*0\r\n"},
      {Merge::concat,
       {"*1\r\n$1\r\na\r\n", "*0\r\n", "*2\r\n:1\r\n*1\r\n$-1\r\n"},
       "*3\r\n$1\r\na\r\n:1\r\n*1\r\n$-1\r\n"},
      {Merge::concat, {"~1\r\n+a\r\n", "*1\r\n+b\r\n"}, "*2\r\n+a\r\n+b\r\n"},
      {Merge::concat, {"*1\r\n+a\r\n", "-ERR no\r\n"}, "-ERR no\r\n"},
      {Merge::concat, {"*1\r\n+a\r\n", ":1\r\n"}, kNotUnderstood},
      {Merge::concat, {"*-1\r\n", "*0\r\n"}, kNotUnderstood},
      {Merge::sum, {":4\r\n", ":0\r\n", ":38\r\n"}, ":42\r\n"},
      {Merge::least, {":4\r\n", ":2\r\n", ":38\r\n"}, ":2\r\n"},
      {Merge::least, {":0\r\n", ":-1\r\n"}, ":-1\r\n"},
      {Merge::least, {":1\r\n", "+OK\r\n"}, kNotUnderstood},
      {Merge::all_ok, {"+OK\r\n", "+OK\r\n"}, "+OK\r\n"},
      {Merge::all_ok, {"+OK\r\n", "-ERR no\r\n", "-ERR second\r\n"}, "-ERR no\r\n"},
      {Merge::first, {"$1\r\na\r\n", "$1\r\na\r\n"}, "$1\r\na\r\n"},
      {Merge::first, {"$1\r\na\r\n", "-ERR no\r\n"}, "-ERR no\r\n"},
      {Merge::first, {"-ERR no\r\n", "$1\r\na\r\n"}, "-ERR no\r\n"},
      {Merge::logical_and,
       {"*3\r\n:1\r\n:1\r\n:0\r\n", "*3\r\n:1\r\n:0\r\n:0\r\n", "*3\r\n:1\r\n:1\r\n:1\r\n"},
       "*3\r\n:1\r\n:0\r\n:0\r\n"},
      {Merge::logical_and, {"*1\r\n:1\r\n"}, "*1\r\n:1\r\n"},
      {Merge::logical_and, {"*1\r\n:1\r\n", "*2\r\n:1\r\n:1\r\n"}, kNotUnderstood},
      {Merge::logical_and, {"*1\r\n:1\r\n", "*1\r\n+ab\r\n"}, kNotUnderstood},
      {Merge::any_ok, {"-NOTBUSY a\r\n", "+OK\r\n", "-NOTBUSY c\r\n"}, "+OK\r\n"},
      {Merge::any_ok, {"+OK\r\n", "-UNKILLABLE b\r\n"}, "+OK\r\n"},
      {Merge::any_ok, {"-NOTBUSY a\r\n", "-NOTBUSY a\r\n"}, "-NOTBUSY a\r\n"},
      {Merge::any_ok, {"-NOTBUSY a\r\n", "-UNKILLABLE b\r\n", "-NOTBUSY a\r\n"}, "-UNKILLABLE b\r\n"},
      {Merge::any_ok, {"-NOTBUSY a\r\n", ":1\r\n"}, ":1\r\n"},
      {Merge::least, {":3\r\n", ":-7\r\n", ":5\r\n"}, ":-7\r\n"},
      {Merge::most, {":3\r\n", ":-7\r\n", ":5\r\n"}, ":5\r\n"},
      {Merge::logical_and, {":2\r\n", ":1\r\n"}, ":1\r\n"},
      {Merge::logical_and, {":7\r\n"}, ":1\r\n"},
      {Merge::logical_and, {":1\r\n", ":0\r\n"}, ":0\r\n"},
      {Merge::logical_or, {":0\r\n", ":9\r\n"}, ":1\r\n"},
      {Merge::logical_or, {":0\r\n", ":0\r\n"}, ":0\r\n"},
      {Merge::most, {"*2\r\n:1\r\n:20\r\n", "*2\r\n:10\r\n:2\r\n"}, "*2\r\n:10\r\n:20\r\n"},
      {Merge::least, {"*0\r\n", "*0\r\n"}, "*0\r\n"},
      {Merge::least, {"*0\r\n", "*1\r\n:1\r\n"}, kNotUnderstood},
      {Merge::least, {":1\r\n", "*1\r\n:1\r\n"}, kNotUnderstood},
      {Merge::least, {"*-1\r\n", ":1\r\n"}, kNotUnderstood},
      {Merge::least, {":1\r\n", "-ERR no\r\n"}, "-ERR no\r\n"},
      {Merge::ok_or_absent, {"+OK\r\n", "+OK\r\n"}, "+OK\r\n"},
      {Merge::ok_or_absent, {kNoLibrary, kNoLibrary}, kNoLibrary},
      {Merge::ok_or_absent, {"-BUSY a\r\n", kNoLibrary}, "-BUSY a\r\n"},
      {Merge::ok_or_absent, {"+OK\r\n", ":1\r\n"}, kNotUnderstood},
      {Merge::running, {stats("$-1\r\n"), stats("$-1\r\n")}, stats("$-1\r\n")},
      {Merge::running, {stats("$-1\r\n"), "-BUSY a\r\n"}, "-BUSY a\r\n"},
      {Merge::running, {"*2\r\n$7\r\nengines\r\n*0\r\n"}, kNotUnderstood},
      {Merge::running, {"+OK\r\n"}, kNotUnderstood},
  };
  Merger merger;
  for (const Case& c : cases) {
    INFO(c.merged);
    CHECK(merge(merger, c.how, c.replies, in_order(c.replies.size())) == c.merged);
  }
}

TEST_CASE("The order of the shards' replies does not matter where they are equals") {
  struct Case {
    Merge how;
    std::vector<std::string> replies;
    std::string merged;
  };
  const std::vector<Case> cases = {
      {Merge::sum, {":1\r\n", ":20\r\n", ":300\r\n"}, ":321\r\n"},
      {Merge::first, {"$1\r\na\r\n", "$1\r\na\r\n", "$1\r\na\r\n"}, "$1\r\na\r\n"},
      {Merge::logical_and, {"*2\r\n:1\r\n:1\r\n", "*2\r\n:0\r\n:1\r\n"}, "*2\r\n:0\r\n:1\r\n"},
      {Merge::any_ok, {"-NOTBUSY a\r\n", "-UNKILLABLE b\r\n", "+OK\r\n"}, "+OK\r\n"},
      {Merge::any_ok, {"-NOTBUSY a\r\n", "-UNKILLABLE b\r\n"}, "-UNKILLABLE b\r\n"},
      {Merge::ok_or_absent, {kNoLibrary, "+OK\r\n", kNoLibrary}, "+OK\r\n"},
      {Merge::ok_or_absent, {kNoLibrary, "+OK\r\n", "-BUSY a\r\n"}, "-BUSY a\r\n"},
      {Merge::running, {stats("$-1\r\n"), stats("*2\r\n+a\r\n+b\r\n")}, stats("*2\r\n+a\r\n+b\r\n")},
      {Merge::running, {stats("_\r\n"), stats("%1\r\n+a\r\n+b\r\n")}, stats("%1\r\n+a\r\n+b\r\n")},
      {Merge::weighted, {":0\r\n", "$-1\r\n", ":9\r\n", "$1\r\na\r\n"}, "$1\r\na\r\n"},
  };
  Merger merger;
  for (const Case& c : cases) {
    std::vector<std::uint32_t> arrival = in_order(c.replies.size());
    do {
      CHECK(merge(merger, c.how, c.replies, arrival) == c.merged);
    } while (std::next_permutation(arrival.begin(), arrival.end()));
  }
}

TEST_CASE("A random key is a shard's as often as the shard is large") {
  const std::vector<std::string> replies = {":3\r\n", "$1\r\na\r\n", ":0\r\n", "$-1\r\n",
                                            ":1\r\n", "$1\r\nb\r\n", ":6\r\n", "$1\r\nc\r\n"};
  Merger merger;
  std::array<int, 3> times{};
  for (std::uint64_t random = 0; random < 10; ++random) {
    const std::string picked = merge(merger, Merge::weighted, replies, in_order(8), random);
    REQUIRE(picked.size() == 7);
    ++times.at(static_cast<std::size_t>(picked[4] - 'a'));
  }
  CHECK(times == std::array<int, 3>{3, 1, 6});
}

TEST_CASE("A random key of shards that change meanwhile, or that say something else") {
  struct Case {
    std::vector<std::string> replies;
    std::string merged;
  };
  const std::vector<Case> cases = {
      {{":0\r\n", "$-1\r\n", ":0\r\n", "$-1\r\n"}, "$-1\r\n"},
      {{":0\r\n", "_\r\n", ":0\r\n", "_\r\n"}, "_\r\n"},
      {{":5\r\n", "$-1\r\n", ":0\r\n", "$1\r\na\r\n"}, "$1\r\na\r\n"},
      {{":5\r\n", "$-1\r\n", ":0\r\n", "$-1\r\n"}, "$-1\r\n"},
      {{":5\r\n", "$1\r\na\r\n", "-ERR no\r\n", "$-1\r\n"}, "-ERR no\r\n"},
      {{"+OK\r\n", "$1\r\na\r\n"}, kNotUnderstood},
      {{":-1\r\n", "$1\r\na\r\n"}, kNotUnderstood},
      {{":1\r\n", ":1\r\n"}, kNotUnderstood},
  };
  Merger merger;
  for (const Case& c : cases) {
    INFO(c.merged);
    CHECK(merge(merger, Merge::weighted, c.replies, in_order(c.replies.size()), 12345) == c.merged);
  }
}

TEST_CASE("Nothing of an earlier command is left in a merger") {
  Merger merger;
  CHECK(merge(merger, Merge::concat, {"*1\r\n+a\r\n", "*1\r\n+b\r\n"}, {0, 1}) == "*2\r\n+a\r\n+b\r\n");
  CHECK(merger.held_bytes() == 8);
  CHECK(merge(merger, Merge::concat, {"*1\r\n+c\r\n"}, {0}) == "*1\r\n+c\r\n");
  CHECK(merge(merger, Merge::any_ok, {"+OK\r\n"}, {0}) == "+OK\r\n");
  CHECK(merge(merger, Merge::any_ok, {"-NOTBUSY a\r\n"}, {0}) == "-NOTBUSY a\r\n");
  CHECK(merge(merger, Merge::weighted, {":1\r\n", "$1\r\na\r\n"}, {0, 1}) == "$1\r\na\r\n");
  CHECK(merge(merger, Merge::weighted, {":1\r\n", "$-1\r\n"}, {0, 1}) == "$-1\r\n");
}

TEST_CASE("What one large reply needed is given back") {
  Merger merger;
  const std::string large = "*1\r\n$2000000\r\n" + std::string(2'000'000, 'x') + "\r\n";
  CHECK(merge(merger, Merge::concat, {large}, {0}) == large);
  CHECK(merger.reserved_bytes() > 1'000'000);
  merger.shrink();
  CHECK(merger.reserved_bytes() < 1'000'000);
}
