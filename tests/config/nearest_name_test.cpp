#include "config/nearest_name.hpp"

#include <catch2/catch.hpp>
#include <vector>

namespace slotway::config {
namespace {

TEST_CASE("edit_distance counts edits and swaps") {
  const auto [left, right, distance] =
      GENERATE(table<std::string, std::string, std::size_t>({{"", "", 0},
                                                             {"", "abc", 3},
                                                             {"abc", "abc", 0},
                                                             {"abc", "acb", 1},
                                                             {"abc", "ab", 1},
                                                             {"abc", "abcd", 1},
                                                             {"abc", "axc", 1},
                                                             {"kitten", "sitting", 3},
                                                             {"ca", "abc", 3}}));
  CAPTURE(left, right);
  CHECK(edit_distance(left, right) == distance);
  CHECK(edit_distance(right, left) == distance);
}

TEST_CASE("nearest_name guesses what is close and nothing else") {
  const std::vector<std::string> known{"listen", "limits", "log", "max_clients", "max_bulk"};
  const auto [name, nearest] = GENERATE(table<std::string, std::string>({{"lisen", "listen"},
                                                                         {"max_client", "max_clients"},
                                                                         {"maxclients", "max_clients"},
                                                                         {"lgo", "log"},
                                                                         {"limit", "limits"},
                                                                         {"port", ""},
                                                                         {"x", ""},
                                                                         {"", ""}}));
  CAPTURE(name);
  CHECK(nearest_name(name, known) == nearest);
  CHECK(nearest_name(std::string(100000, 'l'), known).empty());
}

}  // namespace
}  // namespace slotway::config
