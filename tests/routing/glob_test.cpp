#include "routing/glob.hpp"

#include <catch2/catch.hpp>
#include <string>

namespace slotway::routing {

// What stringmatchlen of Redis 7.0 says of the same pairs.
TEST_CASE("globs match as in Redis") {
  struct Case {
    std::string_view pattern;
    std::string_view text;
    bool matches;
  };
  static constexpr std::string_view kBinary("a\0b", 3);
  const Case cases[] = {
      {"", "", true},
      {"", "a", false},
      {"*", "", false},
      {"*", "a", true},
      {"**", "abc", true},
      {"a*", "a", true},
      {"a***", "a", true},
      {"*a", "a", true},
      {"*a", "ba", true},
      {"*a", "ab", false},
      {"a*b*c", "axxbyyc", true},
      {"a*b*c", "axxbyyd", false},
      {"*ab", "aab", true},
      {"*aab*", "aaaabb", true},
      {"h?llo", "hello", true},
      {"h?llo", "hllo", false},
      {"h[ae]llo", "hallo", true},
      {"h[ae]llo", "hillo", false},
      {"h[^e]llo", "hbllo", true},
      {"h[^e]llo", "hello", false},
      {"h[a-b]llo", "hbllo", true},
      {"h[b-a]llo", "hbllo", true},
      {"h[a-b]llo", "hcllo", false},
      {"[a", "a", true},
      {"[", "a", false},
      {"[^", "a", true},
      {"[]", "a", false},
      {"[\\]]", "]", true},
      {"[a-]", "-", false},  // a range up to ]
      {"[a-]", "_", true},
      {"\\*", "*", true},
      {"\\*", "a", false},
      {"a\\", "a\\", true},
      {"a", "A", false},
      {"a?b", kBinary, true},
      {"abc", "ab", false},
      {"ab", "abc", false},
  };
  for (const Case& c : cases) {
    INFO("'" << c.pattern << "' and '" << c.text << "'");
    CHECK(glob_matches(c.pattern, c.text) == c.matches);
  }
}

TEST_CASE("a glob of many stars is answered in bounded time") {
  std::string pattern;
  for (int i = 0; i < 30; ++i) pattern += "a*";
  CHECK_FALSE(glob_matches(pattern + "b", std::string(3'000, 'a')));
}

}  // namespace slotway::routing
