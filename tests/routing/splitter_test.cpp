#include "routing/splitter.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/protocol/request_words.hpp"

using namespace slotway;
using namespace slotway::routing;
using protocol::RequestWords;

namespace {

using Words = std::vector<std::string>;

// Every `step`-th argument behind the name.
std::vector<std::uint32_t> key_places(const Words& words, std::uint32_t step) {
  std::vector<std::uint32_t> keys;
  for (std::uint32_t i = 1; i < words.size(); i += step) keys.push_back(i);
  return keys;
}

std::string fragment_bytes(const Splitter& splitter, const protocol::RequestView& request,
                           const std::vector<std::uint32_t>& keys, std::size_t index) {
  std::string out;
  const protocol::CommandRow& row = *protocol::find_command(request.arg(0));
  splitter.write_fragment(request, keys, index, row, [&](std::string_view piece) { out += piece; });
  return out;
}

std::vector<std::uint32_t> positions_of(const FragmentLayout& layout, const Fragment& fragment) {
  std::vector<std::uint32_t> positions;
  for (std::uint32_t p = fragment.first; p != kNoPosition; p = layout.next[p]) positions.push_back(p);
  return positions;
}

// What splitting means, said as plainly as possible.
struct NaiveFragment {
  Slot slot;
  std::vector<std::uint32_t> positions;
  Words words;
};

std::vector<NaiveFragment> naive_split(const Words& words, std::uint32_t step) {
  std::vector<NaiveFragment> fragments;
  for (std::uint32_t position = 0; 1 + position * step < words.size(); ++position) {
    const std::size_t at = 1 + position * step;
    const Slot slot = slot_of(words[at]);
    auto fragment = fragments.begin();
    while (fragment != fragments.end() && fragment->slot != slot) ++fragment;
    if (fragment == fragments.end()) fragment = fragments.insert(fragment, {slot, {}, {words[0]}});
    fragment->positions.push_back(position);
    for (std::uint32_t i = 0; i < step; ++i) fragment->words.push_back(words[at + i]);
  }
  return fragments;
}

void check_against_naive(Splitter& splitter, const Words& words, std::uint32_t step) {
  const RequestWords request(words);
  const std::vector<std::uint32_t> keys = key_places(words, step);
  const std::vector<NaiveFragment> expected = naive_split(words, step);
  REQUIRE(splitter.split(request.view(), keys) == (expected.size() > 1));
  if (expected.size() == 1) {
    CHECK(splitter.slot() == expected[0].slot);
    return;
  }
  const FragmentLayout& layout = splitter.layout();
  REQUIRE(layout.positions() == keys.size());
  REQUIRE(layout.fragments.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const Fragment& fragment = layout.fragments[i];
    CHECK(fragment.slot == expected[i].slot);
    CHECK(fragment.first == expected[i].positions.front());
    CHECK(fragment.last == expected[i].positions.back());
    CHECK(fragment.count == expected[i].positions.size());
    CHECK(positions_of(layout, fragment) == expected[i].positions);
    const RequestWords part(expected[i].words);
    CHECK(fragment_bytes(splitter, request.view(), keys, i) == part.view().bytes());
  }
}

}  // namespace

TEST_CASE("Keys of one slot are not split") {
  struct Case {
    Words words;
    Slot slot;
  };
  const std::vector<Case> cases = {
      {{"MGET", "a"}, 15495},
      {{"MGET", "a", "a"}, 15495},
      {{"MGET", "a", "{a}1", "x{a}"}, 15495},
      {{"MGET", "", ""}, 0},
  };
  Splitter splitter;
  for (const Case& c : cases) {
    const RequestWords request(c.words);
    CHECK_FALSE(splitter.split(request.view(), key_places(c.words, 1)));
    CHECK(splitter.slot() == c.slot);
  }
}

TEST_CASE("Fragments come in the order in which their slots first occur, keys in theirs") {
  const Words words = {"mget", "b", "a", "{b}1", "c", "a", "{a}2"};
  const RequestWords request(words);
  const auto keys = key_places(words, 1);
  Splitter splitter;
  REQUIRE(splitter.split(request.view(), keys));
  const FragmentLayout& layout = splitter.layout();
  REQUIRE(layout.fragments.size() == 3);
  CHECK(layout.fragments[0].slot == 3300);
  CHECK(layout.fragments[1].slot == 15495);
  CHECK(layout.fragments[2].slot == 7365);
  CHECK(positions_of(layout, layout.fragments[0]) == std::vector<std::uint32_t>{0, 2});
  CHECK(positions_of(layout, layout.fragments[1]) == std::vector<std::uint32_t>{1, 4, 5});
  CHECK(positions_of(layout, layout.fragments[2]) == std::vector<std::uint32_t>{3});
  CHECK(fragment_bytes(splitter, request.view(), keys, 0) == "*3\r\n$4\r\nmget\r\n$1\r\nb\r\n$4\r\n{b}1\r\n");
  CHECK(fragment_bytes(splitter, request.view(), keys, 1) ==
        "*4\r\n$4\r\nmget\r\n$1\r\na\r\n$1\r\na\r\n$4\r\n{a}2\r\n");
  CHECK(fragment_bytes(splitter, request.view(), keys, 2) == "*2\r\n$4\r\nmget\r\n$1\r\nc\r\n");
}

TEST_CASE("A key of MSET takes its value along, whatever bytes that has") {
  const std::string zero(1, '\0');
  const Words words = {"MSET", "a", "1", "b", "", "a", "2\r\n$1\r\n", "{b}", zero};
  const RequestWords request(words);
  const auto keys = key_places(words, 2);
  Splitter splitter;
  REQUIRE(splitter.split(request.view(), keys));
  REQUIRE(splitter.layout().fragments.size() == 2);
  CHECK(fragment_bytes(splitter, request.view(), keys, 0) ==
        "*5\r\n$4\r\nMSET\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\na\r\n$7\r\n2\r\n$1\r\n\r\n");
  CHECK(fragment_bytes(splitter, request.view(), keys, 1) ==
        "*5\r\n$4\r\nMSET\r\n$1\r\nb\r\n$0\r\n\r\n$3\r\n{b}\r\n$1\r\n" + zero + "\r\n");
}

TEST_CASE("A stream of XREAD takes its id along, and every part has the options") {
  const Words words = {"XREAD", "COUNT", "5", "STREAMS", "a", "b", "{a}", "c", "0-1", "$", "7", "0"};
  const RequestWords request(words);
  const std::vector<std::uint32_t> keys = {4, 5, 6, 7};
  const std::string options = "$5\r\nXREAD\r\n$5\r\nCOUNT\r\n$1\r\n5\r\n$7\r\nSTREAMS\r\n";
  Splitter splitter;
  REQUIRE(splitter.split(request.view(), keys));
  REQUIRE(splitter.layout().fragments.size() == 3);
  CHECK(fragment_bytes(splitter, request.view(), keys, 0) ==
        "*8\r\n" + options + "$1\r\na\r\n$3\r\n{a}\r\n$3\r\n0-1\r\n$1\r\n7\r\n");
  CHECK(fragment_bytes(splitter, request.view(), keys, 1) == "*6\r\n" + options + "$1\r\nb\r\n$1\r\n$\r\n");
  CHECK(fragment_bytes(splitter, request.view(), keys, 2) == "*6\r\n" + options + "$1\r\nc\r\n$1\r\n0\r\n");
}

TEST_CASE("Splits of any size are those of a naive model, with one splitter for all of them") {
  std::mt19937 random(7);
  Splitter splitter;
  for (const std::uint32_t step : {1u, 2u}) {
    for (const std::size_t count : {2u, 3u, 7u, 8u, 9u, 64u, 1000u, 5u, 2u}) {
      for (const unsigned distinct : {2u, 10u, 100'000u}) {
        Words words = {step == 1 ? "MGET" : "MSET"};
        for (std::size_t i = 0; i < count; ++i) {
          words.push_back("key:" + std::to_string(random() % distinct));
          if (step == 2) words.push_back("value " + std::to_string(i));
        }
        INFO("step " << step << ", " << count << " keys out of " << distinct);
        check_against_naive(splitter, words, step);
      }
    }
  }
}

TEST_CASE("Slots that share their low bits are told apart") {
  // The grouping looks at low bits first: fifteen slots that are equal in their lowest nine.
  Words words = {"DEL"};
  std::vector<bool> taken(kSlotCount, false);
  for (int i = 0; words.size() <= 30; ++i) {
    const std::string key = "k" + std::to_string(i);
    const Slot slot = slot_of(key);
    if (slot % 512 != 77 || taken[slot]) continue;
    taken[slot] = true;
    words.push_back(key);
    words.push_back("{" + key + "}");
  }
  Splitter splitter;
  check_against_naive(splitter, words, 1);
}

TEST_CASE("An array's header is its count in decimal") {
  const std::pair<std::uint64_t, std::string_view> cases[] = {
      {0, "*0\r\n"},
      {1, "*1\r\n"},
      {10, "*10\r\n"},
      {1048577, "*1048577\r\n"},
      {0xFFFFFFFFFFFFFFFF, "*18446744073709551615\r\n"},
  };
  for (const auto& [count, text] : cases) CHECK(ArrayHeader(count).view() == text);
}
