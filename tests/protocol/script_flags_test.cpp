#include "protocol/script_flags.hpp"

#include <catch2/catch.hpp>
#include <utility>

namespace slotway::protocol {

TEST_CASE("a script's first line may say that it does not write") {
  const std::pair<std::string_view, bool> cases[] = {
      {"#!lua flags=no-writes\nreturn 1", true},
      {"#!lua flags=allow-stale,no-writes\n", true},
      {"#!lua  flags=allow-oom  flags=no-writes\n", true},
      {"#!lua flags=no-writes,allow-stale\nreturn redis.call('set', 'a', 1)", true},
      {"#!lua flags=no-writes", false},  // no line end: no node takes it
      {"#!lua flags=no-write\n", false},
      {"#!lua flags=xno-writes\n", false},
      {"#!lua no-writes\n", false},
      {"#!lua\n", false},
      {"#!lua\n#!lua flags=no-writes\n", false},
      {"#!js flags=no-writes\n", false},
      {" #!lua flags=no-writes\n", false},
      {"return 'flags=no-writes'\n", false},
      {"\n", false},
      {"", false},
  };
  for (const auto& [script, expected] : cases) {
    INFO(script);
    CHECK(declares_no_writes(script) == expected);
  }
}

}  // namespace slotway::protocol
