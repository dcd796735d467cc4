#include "routing/keyspace_channels.hpp"

#include <catch2/catch.hpp>
#include <string>

namespace slotway::routing {

TEST_CASE("channels of keyspace notifications are known by their beginning") {
  CHECK(is_keyspace_channel("__keyspace@0__:k"));
  CHECK(is_keyspace_channel("__keyevent@0__:expired"));
  CHECK_FALSE(is_keyspace_channel("__keyspace"));
  CHECK_FALSE(is_keyspace_channel("x__keyspace@0__:k"));
  CHECK_FALSE(is_keyspace_channel(""));
}

TEST_CASE("patterns that may match a keyspace notification") {
  struct Case {
    std::string_view pattern;
    bool may;
  };
  const Case cases[] = {
      {"*", true},
      {"_*", true},
      {"__key*__:*", true},
      {"__keyspace@0__:*", true},
      {"__keyevent@0__:expired", true},
      {"__keyevent@", true},
      {"*foo", true},
      {"??key*", true},
      {"[_]_key*", true},
      {"[a_]*", true},
      {"[^a]*", true},
      {"[Z-a]*", true},
      {"[a-Z]*", true},
      {"\\_\\_keyevent@*", true},
      {"__key[es][a-z]*", true},
      {"__keyspace", false},
      {"_", false},
      {"?", false},
      {"", false},
      {"news.*", false},
      {"[a-c]*", false},
      {"[^_]*", false},
      {"[\\a]*", false},
      {"\\*", false},
      {"[", false},
      {"__kez*", false},
  };
  for (const Case& c : cases) {
    INFO(c.pattern);
    CHECK(may_match_keyspace_channel(c.pattern) == c.may);
  }
}

}  // namespace slotway::routing
