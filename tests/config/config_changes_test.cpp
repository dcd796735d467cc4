#include "config/config_changes.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace slotway::config {
namespace {

// A configuration that differs from the defaults in that option alone.
Config changed(const Option& option) {
  for (const char* value : {"12kb", "13", "21ms", "[::1]:1", "standalone", "nearest", "on", "a=b", "nodes",
                            "allow", "reject", "json", "warn", "hash"}) {
    Config config;
    if (!option.set(value, config) && !(config == Config{})) return config;
  }
  FAIL("no value for " << option.path);
  return {};
}

// The items of a list follow each other.
Config with(const std::vector<std::pair<std::string, std::string>>& values) {
  Config config;
  std::set<std::string> seen;
  for (const auto& [path, value] : values) {
    const Option& option = *find_option(path);
    if (seen.insert(path).second && option.is_list) option.clear(config);
    REQUIRE_FALSE(option.set(value, config));
  }
  return config;
}

std::string text_of(const std::vector<Change>& changes) {
  std::string out;
  for (const Change& change : changes) out += change.text() + "\n";
  return out;
}

TEST_CASE("a change of any option is found, and can be copied") {
  CHECK(changes_between({}, {}).empty());
  for (const Option& option : options()) {
    CAPTURE(option.path);
    Config config = changed(option);
    const auto changes = changes_between({}, config);
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].path == option.path);
    option.copy({}, config);
    CHECK(config == Config{});
  }
}

TEST_CASE("changes are told in the file's words, and secrets are not told") {
  using Values = std::vector<std::pair<std::string, std::string>>;
  const auto [before, after, text] = GENERATE(table<Values, Values, std::string>({
      {{}, {{"limits.max_clients", "200"}}, "limits.max_clients: 10000 -> 200\n"},
      {{{"workers", "2"}}, {}, "workers: 2 -> auto (needs a restart)\n"},
      {{{"limits.max_memory", "1gb"}}, {}, "limits.max_memory: 1gb -> auto\n"},
      {{}, {{"announce", "h:1"}}, "announce: (not set) -> h:1\n"},
      {{{"requirepass", "old-word"}}, {{"requirepass", "new-word"}}, "requirepass: changed\n"},
      {{{"requirepass", "old-word"}}, {}, "requirepass: (set) -> (not set)\n"},
      {{{"upstream.password", "old-word"}},
       {{"upstream.password", "new-word"}},
       "upstream.password: changed\n"},
      {{{"upstream.seeds", "a:1"}},
       {{"upstream.seeds", "a:1"}, {"upstream.seeds", "b:2"}},
       "upstream.seeds: a:1 -> a:1,b:2\n"},
      {{},
       {{"listen", "0.0.0.0:1"}, {"timeouts.request", "7s"}},
       "listen: 127.0.0.1:6380 -> 0.0.0.0:1 (needs a restart)\ntimeouts.request: 5s -> 7s\n"},
      {{{"upstream.username", "a"}},
       {{"upstream.username", "b\n\x1b"}},
       "upstream.username: a -> b\\x0a\\x1b\n"},
  }));
  CHECK(text_of(changes_between(with(before), with(after))) == text);
}

TEST_CASE("what needs a restart stays as it is") {
  const Config running = with({{"listen", "127.0.0.1:1"}, {"limits.max_clients", "1"}});
  const Config wanted = with({{"listen", "127.0.0.1:2"},
                              {"backlog", "2"},
                              {"workers", "2"},
                              {"admin", "off"},
                              {"limits.max_clients", "2"},
                              {"requirepass", "word"}});
  CHECK(without_restarts(running, wanted) ==
        with({{"listen", "127.0.0.1:1"}, {"limits.max_clients", "2"}, {"requirepass", "word"}}));
}

TEST_CASE("a restart is needed for ports and threads only") {
  std::string names;
  for (const Option& option : options()) {
    if (option.needs_restart) names += std::string(option.path) + " ";
  }
  CHECK(names ==
        "upstream.mode upstream.master_name upstream.mirror.upstream listen unix_socket_mode reuse_port "
        "backlog workers wait_for_secrets admin ");
}

}  // namespace
}  // namespace slotway::config
