#include "proxy/dispatch/reply_comparisons.hpp"

#include <catch2/catch.hpp>

namespace slotway::proxy {
namespace {

struct Stage {
  config::Config config;
  Loop loop{config};
  ReplyComparisons comparisons{loop};

  std::uint64_t begin(std::uint32_t slot) { return comparisons.begin({slot, 0}, "GET k", "a", "b"); }
  std::string counts() const {
    return std::to_string(loop.counters.mirror_compared.get()) + "/" +
           std::to_string(loop.counters.mirror_differing.get());
  }
};

TEST_CASE("two replies are compared when both have come, in whichever order") {
  struct Row {
    std::string original;
    std::string mirrored;
    bool original_first;
    std::string counts;
  };
  const Row rows[] = {
      {"+OK\r\n", "+OK\r\n", true, "1/0"},
      {"+OK\r\n", "+OK\r\n", false, "1/0"},
      {"$1\r\na\r\n", "$1\r\nb\r\n", true, "1/1"},
      {"$1\r\na\r\n", "$-1\r\n", false, "1/1"},
      {std::string(100, 'x') + "1", std::string(100, 'x') + "2", true, "1/1"},
  };
  for (const Row& row : rows) {
    INFO(row.original << row.mirrored);
    Stage stage;
    const std::uint64_t number = stage.begin(7);
    if (row.original_first) stage.comparisons.on_original({7, 0}, row.original);
    stage.comparisons.on_mirrored(number, row.mirrored);
    CHECK(stage.counts() == (row.original_first ? row.counts : "0/0"));
    if (!row.original_first) stage.comparisons.on_original({7, 0}, row.original);
    CHECK(stage.counts() == row.counts);
    CHECK(stage.comparisons.size() == 0);
  }
}

TEST_CASE("pairs are told apart, and what is not known is passed over") {
  Stage stage;
  const std::uint64_t first = stage.begin(1);
  const std::uint64_t second = stage.begin(2);
  stage.comparisons.on_original({2, 0}, "+B\r\n");
  stage.comparisons.on_original({1, 0}, "+A\r\n");
  stage.comparisons.on_original({3, 0}, "+C\r\n");
  stage.comparisons.on_mirrored(99, "+C\r\n");
  stage.comparisons.on_mirrored(first, "+A\r\n");
  stage.comparisons.on_mirrored(first, "+X\r\n");
  stage.comparisons.on_mirrored(second, "+B\r\n");
  CHECK(stage.counts() == "2/0");
}

TEST_CASE("a pair of which one never comes is forgotten") {
  Stage stage;
  const std::uint64_t left = stage.begin(1);
  const std::uint64_t lost = stage.begin(2);
  stage.comparisons.forget(lost);
  CHECK(stage.comparisons.size() == 1);
  stage.loop.now += ReplyComparisons::kPatience;
  stage.comparisons.on_tick();
  CHECK(stage.comparisons.size() == 0);
  stage.comparisons.on_mirrored(left, "+A\r\n");
  stage.comparisons.on_original({1, 0}, "+B\r\n");
  CHECK(stage.counts() == "0/0");
}

}  // namespace
}  // namespace slotway::proxy
