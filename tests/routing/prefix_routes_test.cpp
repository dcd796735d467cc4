#include "routing/prefix_routes.hpp"

#include <catch2/catch.hpp>
#include <string>

namespace slotway::routing {
namespace {

TEST_CASE("a key is at the upstream of its prefix, or at home") {
  const PrefixRoutes routes(
      {{"user:", 1, false}, {"a", 2, false}, {"", 7, false}, {"user-", 3, true}, {"z", 4, false}}, 9);
  struct Row {
    std::string key;
    UpstreamNumber upstream;
  };
  const Row rows[] = {
      {"user:1", 1}, {"user:", 1}, {"user-1", 3}, {"user", 9}, {"users", 9},
      {"", 9},       {"a", 2},     {"abc", 2},    {"b", 9},    {"zz\xff", 4},
      {"z", 4},      {"y", 9},     {"USER:1", 9}, {"\xff", 9}, {std::string("a\0b", 3), 2},
  };
  for (const Row& row : rows) {
    CAPTURE(row.key);
    CHECK(routes.of(row.key).upstream == row.upstream);
  }
  CHECK(routes.of("user-1").strips);
  CHECK_FALSE(routes.of("user:1").strips);
  CHECK(routes.strips());
  CHECK(routes.home() == 9);
}

TEST_CASE("without routes every key is at home") {
  const PrefixRoutes routes({}, 3);
  CHECK(routes.of("k").upstream == 3);
  CHECK_FALSE(routes.strips());
}

}  // namespace
}  // namespace slotway::routing
