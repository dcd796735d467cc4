// What becomes of the replies to the parts of an XREAD.
#include "routing/stream_replies.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "protocol/reply_errors.hpp"
#include "tests/protocol/request_words.hpp"
#include "tests/routing/merged_text.hpp"

using namespace slotway;
using namespace slotway::routing;
using protocol::Merge;

namespace {

// Each a stream's name and entries; RESP2 and RESP3.
const std::string kA = "$1\r\na\r\n*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n";
const std::string kB = "$1\r\nb\r\n*0\r\n";
const std::string kC = "$1\r\nc\r\n*1\r\n*2\r\n$3\r\n2-1\r\n*-1\r\n";
const std::string kPair = "*2\r\n";
const std::string kNotUnderstood = "-" + std::string(protocol::errors::kBadFragment) + "\r\n";

// Of streams named by the letters of `names`.
std::string merge(Merger& merger, const std::string& names, const FragmentLayout& layout,
                  const std::vector<std::string>& replies, const std::vector<std::uint32_t>& arrival,
                  bool writes = false) {
  std::vector<std::string> words = {"XREAD", "STREAMS"};
  std::vector<std::uint32_t> keys;
  for (const char name : names) {
    keys.push_back(static_cast<std::uint32_t>(words.size()));
    words.emplace_back(1, name);
  }
  const protocol::RequestWords request(words);
  merger.reset(Merge::streams, layout, writes);
  merger.name_streams(request.view(), keys);
  REQUIRE(add_all(merger, replies, arrival));
  return merged_text(merger);
}

}  // namespace

TEST_CASE("Streams come in the order in which they were named, those without entries are left out") {
  struct Case {
    std::string names;
    std::vector<std::uint32_t> fragment_of;
    std::vector<std::string> replies;
    std::string merged;
  };
  const std::vector<Case> cases = {
      // RESP2
      {"abc",
       {0, 1, 0},
       {"*2\r\n" + kPair + kA + kPair + kC, "*1\r\n" + kPair + kB},
       "*3\r\n" + kPair + kA + kPair + kB + kPair + kC},
      {"cba", {1, 0, 1}, {"*-1\r\n", "*1\r\n" + kPair + kA}, "*1\r\n" + kPair + kA},
      {"abc", {0, 1, 0}, {"*1\r\n" + kPair + kC, "*-1\r\n"}, "*1\r\n" + kPair + kC},
      {"abc", {0, 1, 2}, {"*-1\r\n", "*-1\r\n", "*-1\r\n"}, "*-1\r\n"},
      // RESP3
      {"abc", {0, 1, 0}, {"%2\r\n" + kA + kC, "%1\r\n" + kB}, "%3\r\n" + kA + kB + kC},
      {"bac", {0, 1, 0}, {"_\r\n", "%1\r\n" + kA}, "%1\r\n" + kA},
      {"ab", {0, 1}, {"_\r\n", "_\r\n"}, "_\r\n"},
      // One that is named twice.
      {"aba",
       {0, 1, 0},
       {"*2\r\n" + kPair + kA + kPair + kA, "*1\r\n" + kPair + kB},
       "*3\r\n" + kPair + kA + kPair + kB + kPair + kA},
  };
  Merger merger;
  for (const Case& c : cases) {
    std::vector<std::uint32_t> arrival = in_order(c.replies.size());
    do {
      INFO(c.names << " " << c.merged);
      CHECK(merge(merger, c.names, layout_of(c.fragment_of), c.replies, arrival) == c.merged);
    } while (std::next_permutation(arrival.begin(), arrival.end()));
  }
}

TEST_CASE(
    "A part that fails fails the XREAD, and one that gave entries to a consumer is said to be executed") {
  const std::string in_part = "-NOGROUP b" + std::string(protocol::errors::kExecutedInPart) + "\r\n";
  struct Case {
    std::vector<std::string> replies;
    std::string written;
    std::string read;
  };
  const std::vector<Case> cases = {
      {{"*1\r\n" + kPair + kA, "-NOGROUP b\r\n"}, in_part, "-NOGROUP b\r\n"},
      {{"*-1\r\n", "-NOGROUP b\r\n"}, "-NOGROUP b\r\n", "-NOGROUP b\r\n"},
      {{"_\r\n", "-NOGROUP b\r\n"}, "-NOGROUP b\r\n", "-NOGROUP b\r\n"},
      {{"-NOGROUP a\r\n", "-NOGROUP b\r\n"}, "-NOGROUP a\r\n", "-NOGROUP a\r\n"},
  };
  Merger merger;
  for (const Case& c : cases) {
    for (const std::vector<std::uint32_t>& arrival : {std::vector<std::uint32_t>{0, 1}, {1, 0}}) {
      CHECK(merge(merger, "ab", layout_of({0, 1}), c.replies, arrival, true) == c.written);
      CHECK(merge(merger, "ab", layout_of({0, 1}), c.replies, arrival, false) == c.read);
    }
  }
}

TEST_CASE("A reply to a part of an XREAD that has another shape is an error") {
  Merger merger;
  for (const std::string& reply : std::vector<std::string>{
           "", "*", "+OK\r\n", "$-1\r\n", "*0\r\n", "%0\r\n",
           "*1\r\n" + kA,                                    // not a pair
           "*1\r\n" + kPair + kB,                            // a stream of the other part
           "*2\r\n" + kPair + kC + kPair + kA,               // another order
           "*2\r\n" + kPair + kA,                            // one too few
           "*1\r\n" + kPair + kA + kPair + kC,               // one too many
           "*3\r\n" + kPair + kA + kPair + kC + kPair + kC,  // more than were asked for
           "*1\r\n" + kPair + "$1\r\na\r\n", "*1\r\n" + kPair + "$1\r\na\r\n*1\r\n",
           "%2\r\n" + kA + kC,  // another protocol's
       }) {
    INFO(reply);
    const FragmentLayout layout = layout_of({0, 1, 0});
    CHECK(merge(merger, "abc", layout, {reply, "*1\r\n" + kPair + kB}, {1, 0}) == kNotUnderstood);
  }
}

TEST_CASE("Nothing of an XREAD is left for the next one, and long replies give their memory back") {
  Merger merger;
  const FragmentLayout two = layout_of({0, 1});
  const std::string both = "*2\r\n" + kPair + kA + kPair + kB;
  CHECK(merge(merger, "ab", two, {"*1\r\n" + kPair + kA, "*1\r\n" + kPair + kB}, {0, 1}) == both);
  CHECK(merger.held_bytes() == 2 * kPair.size() + kA.size() + kB.size());
  CHECK(merge(merger, "ab", two, {"_\r\n", "_\r\n"}, {0, 1}) == "_\r\n");
  CHECK(merger.held_bytes() == 0);
  CHECK(merge(merger, "bc", two, {"%1\r\n" + kB, "_\r\n"}, {1, 0}) == "%1\r\n" + kB);
  CHECK(merge(merger, "ab", two, {"*-1\r\n", "*-1\r\n"}, {0, 1}) == "*-1\r\n");

  const std::string entry = "$1\r\na\r\n*1\r\n$1000000\r\n" + std::string(1'000'000, 'v') + "\r\n";
  CHECK(merge(merger, "ab", two, {"%1\r\n" + entry, "_\r\n"}, {0, 1}) == "%1\r\n" + entry);
  CHECK(merger.reserved_bytes() > 1'000'000);
  merger.shrink();
  CHECK(merger.reserved_bytes() < 1'000'000);
}
