#include "config/entry.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "config/config_changes.hpp"
#include "config/upstreams.hpp"
#include "tests/config/config_kit.hpp"

namespace slotway::config {
namespace {

constexpr std::string_view kThree = R"(
timeouts: {request: 3s}
requirepass: outer
upstreams:
  users:
    mode: sentinel
    seeds: [s1:26379, s2:26379]
    master_name: users
    read_from: any
  cache:
    seeds: c1:7000
    timeouts:
      request: 1s
    failover: {hold: 0}
    limits: {max_pinned_per_worker: 7}
listeners:
  - listen: 127.0.0.1:6401
    upstream: users
    requirepass: inner
    read_from: primary
  - listen: [127.0.0.1:6402, "unix:/run/b"]
routes:
  - prefix: "user:"
    upstream: users
    strip_prefix: true
  - prefix: ""
    upstream: cache
)";

Config loaded(std::string_view text) {
  const ConfigFolder folder;
  const LoadResult result = folder.load({"--config", folder.write("a.yaml", text)});
  CHECK(texts_of(result.problems) == Texts{});
  REQUIRE(result.config);
  return *result.config;
}

TEST_CASE("entries have what they say, and the rest of the top level") {
  const Config config = loaded(kThree);
  const std::vector<NamedUpstream> upstreams = every_upstream(config);
  REQUIRE(upstreams.size() == 2);  // nothing is behind the section `upstream`

  CHECK(upstreams[0].name == "users");
  CHECK(upstreams[0].settings.upstream.mode == UpstreamMode::sentinel);
  CHECK(upstreams[0].settings.upstream.seeds == std::vector<HostPort>{{"s1", 26379}, {"s2", 26379}});
  CHECK(upstreams[0].settings.upstream.master_name == "users");
  CHECK(upstreams[0].settings.timeouts.request == std::chrono::seconds(3));

  CHECK(upstreams[1].name == "cache");
  CHECK(upstreams[1].settings.upstream.mode == UpstreamMode::cluster);
  CHECK(upstreams[1].settings.timeouts.request == std::chrono::seconds(1));
  CHECK(upstreams[1].settings.failover.hold.count() == 0);
  CHECK(upstreams[1].settings.limits.max_pinned_per_worker == 7);

  const std::vector<ListenerConfig> listeners = every_listener(config);
  REQUIRE(listeners.size() == 2);  // `listen` is not said, and has no default beside others
  CHECK(listeners[0].upstream == "users");
  CHECK(listeners[0].client.requirepass == "inner");
  CHECK(listeners[0].read_from == ReadFrom::primary);
  CHECK(listeners[1].client.requirepass == "outer");
  CHECK(listeners[1].client.listen.size() == 2);
  CHECK_FALSE(listeners[1].read_from);

  REQUIRE(config.routes.size() == 2);
  CHECK(config.routes[0] == RouteConfig{"user:", "users", true});
  CHECK(config.routes[1] == RouteConfig{"", "cache", false});
  CHECK_FALSE(is_routed(config, listeners[0]));
  CHECK(is_routed(config, listeners[1]));
  CHECK(home_of(config, listeners[0]) == 0);
  CHECK(home_of(config, listeners[1]) == 1);
}

TEST_CASE("the section upstream is the first, and takes the keys that no route fits") {
  const Config config = loaded(
      "upstream: {seeds: a:1, password: word}\nupstreams: {b: {seeds: b:1}}\nlisten: 127.0.0.1:1\n"
      "routes: [{prefix: 'b:', upstream: b}]\nlisteners: [{listen: 127.0.0.1:2, upstream: b}]\n");
  const std::vector<NamedUpstream> upstreams = every_upstream(config);
  REQUIRE(upstreams.size() == 2);
  CHECK(upstreams[0].name == "default");
  CHECK(upstreams[1].settings.upstream.password.empty());  // never another one's
  CHECK(upstream_number(config, "default") == 0u);
  CHECK(upstream_number(config, "b") == 1u);
  CHECK_FALSE(upstream_number(config, "c"));
  const std::vector<ListenerConfig> listeners = every_listener(config);
  REQUIRE(listeners.size() == 2);
  CHECK(home_of(config, listeners[0]) == 0);
  CHECK(home_of(config, listeners[1]) == 1);
}

TEST_CASE("passwords of entries come from their own files") {
  const ConfigFolder folder;
  const std::string secret = folder.write("secret", "requirepass hidden\n");
  const LoadResult result = folder.load(
      {"--config", folder.write("a.yaml", "upstreams: {b: {seeds: b:1, password_file: " + secret +
                                              "}}\nlisteners: [{listen: 127.0.0.1:2, upstream: b, "
                                              "requirepass_file: " +
                                              secret + "}]\n")});
  REQUIRE(result.config);
  CHECK(result.config->upstreams[0].settings.upstream.password == "hidden");
  CHECK(result.config->listeners[0].client.requirepass == "hidden");
  CHECK(result.files.size() == 3);
}

TEST_CASE("users have passwords of their own, at the top level or at a listener") {
  const ConfigFolder folder;
  const std::string one = folder.write("one", "word-one\n");
  const std::string two = folder.write("two", "word-two\n");
  const LoadResult result = folder.load(
      {"--upstream", "a:1", "--users", "app=" + one, "--config",
       folder.write("a.yaml",
                    "listeners:\n  - {listen: 127.0.0.1:1, upstream: default}\n  - {listen: 127.0.0.1:2, "
                    "upstream: default, users: [\"app=" +
                        two + "\", \"batch=" + one + "\"]}\n")});
  CHECK(texts_of(result.problems) == Texts{});
  REQUIRE(result.config);
  const Config& config = *result.config;
  CHECK(config.client.users == std::vector<ClientUser>{{"app", one, "word-one"}});
  CHECK(config.listeners[0].client.users == config.client.users);
  CHECK(config.listeners[1].client.users ==
        std::vector<ClientUser>{{"app", two, "word-two"}, {"batch", one, "word-one"}});
  CHECK(config.client.needs_login());
  CHECK_FALSE(config.client.default_user_is_on());

  const Texts problems =
      folder.problems({"--upstream", "a:1", "--users",
                       "default=" + one + ",app=" + one + ",app=" + two + ",x=" + folder.path("none")});
  CHECK(
      problems ==
      Texts{"--users: cannot read 'none': No such file or directory; check the path, and that Slotway's user "
            "may read it",
            "--users: the default user's password is requirepass; use requirepass_file for it",
            "--users: 'app' is there twice; keep one of the two"});
}

TEST_CASE("what is wrong with entries is told with its place") {
  const auto [text, problems] = GENERATE(table<std::string, Texts>({
      {"upstreams: 5\n",
       {"a.yaml:1: upstreams: is not a mapping; write each as `NAME:`, and its keys indented",
        "upstream.seeds: nothing that is behind Slotway is given; name at least one node "
        "(or the sentinels) with --upstream HOST:PORT, SLOTWAY_UPSTREAM, or upstream.seeds "
        "in the file"}},
      {"upstream: {seeds: a:1}\nlisteners: {a: 1}\n",
       {"a.yaml:2: listeners: is not a list; write each on lines that begin with `- `"}},
      {"upstream: {seeds: a:1}\nroutes:\n  - user\n",
       {"a.yaml:2: routes[0]: is not a mapping; write its keys as indented `key: value` lines"}},
      {"upstream: {seeds: a:1}\nupstreams:\n  b:\n    seed: b:1\n    seeds: c:1\n",
       {"a.yaml:4: upstreams.b.seed: is not a known key; did you mean 'seeds'?"}},
      {"upstream: {seeds: a:1}\nupstreams:\n  b:\n    seeds: b:1\n    request: 1s\n",
       {"a.yaml:5: upstreams.b.request: is not a known key here; did you mean 'timeouts.request'?"}},
      {"upstream: {seeds: a:1}\nupstreams:\n  b:\n    seeds: b:1\n    workers: 3\n",
       {"a.yaml:5: upstreams.b.workers: is not a known key here; write it at the top level: it holds for "
        "all"}},
      {"upstream: {seeds: a:1}\nupstreams:\n  b: {seeds: b:1}\n  b: {seeds: b:2}\n",
       {"a.yaml:4: upstreams.b: is given twice, first on line 3; keep one of the two"}},
      {"upstream: {seeds: a:1}\nupstreams:\n  b:\n    mode: sentinel\n",
       {"a.yaml:3: upstreams.b.seeds: nothing that is behind Slotway is given; name at least one node, or "
        "the "
        "sentinels"}},
      {"upstream: {seeds: a:1}\nupstreams:\n  b:\n    seeds: b:1\n    timeouts: {request: 0}\n",
       {"a.yaml:5: upstreams.b.timeouts.request: 0 is too small; write 1ms to 1h"}},
      {"upstream: {seeds: a:1}\nupstreams:\n  b:\n    seeds: b:nine\n    username: u\n",
       {"a.yaml:4: upstreams.b.seeds[0]: 'nine' is not a port; write a number from 1 to 65535 after the "
        "host",
        "a.yaml:5: upstreams.b.username: there is a user name but no password; set "
        "upstreams.b.password_file or upstreams.b.password, or remove the user name"}},
      {"upstream: {seeds: a:1}\nupstreams:\n  default: {seeds: b:1}\n  'b c': {seeds: b:1}\n",
       {"a.yaml:3: upstreams.default: the name is that of the section `upstream`; choose another name",
        "a.yaml:4: upstreams.b c: 'b c' is no name for an upstream; write up to 64 letters, digits, - and "
        "_"}},
      // A bad value at the top level is told once.
      {"upstream: {seeds: a:1}\ntimeouts: {request: 0}\nupstreams:\n  b: {seeds: b:1}\n",
       {"a.yaml:2: timeouts.request: 0 is too small; write 1ms to 1h"}},
      // Names
      {"upstreams:\n  b: {seeds: b:1}\nlisteners:\n  - listen: 127.0.0.1:1\n    upstream: c\n",
       {"a.yaml:5: listeners[0].upstream: there is no upstream 'c'; write one of: 'b'"}},
      {"upstreams:\n  b: {seeds: b:1}\n",
       {"listen: it is not said where its clients' data are; name an upstream, or write `routes`, or the "
        "section `upstream`"}},
      {"upstreams:\n  b: {seeds: b:1}\nlisteners:\n  - upstream: b\n",
       {"a.yaml:4: listeners[0].listen: there is no address; write at least one, such as 127.0.0.1:6380"}},
      {"upstream: {seeds: a:1}\nroutes:\n  - prefix: x\n  - prefix: y\n    upstream: z\n",
       {"a.yaml:3: routes[0].upstream: is not set; write one of: 'default'",
        "a.yaml:5: routes[1].upstream: there is no upstream 'z'; write one of: 'default'"}},
      // Prefixes
      {"upstream: {seeds: a:1}\nroutes:\n  - {prefix: 'user:', upstream: default}\n  - {prefix: 'user:x:', "
       "upstream: default}\n",
       {"a.yaml:4: routes[1].prefix: 'user:x:' and 'user:' overlap; keep one of the two, or make them "
        "differ"}},
      {"upstream: {seeds: a:1}\nroutes:\n  - {prefix: '', upstream: default}\n  - {upstream: default}\n",
       {"a.yaml:4: routes[1].prefix: '' is there twice; keep one of the two, or make them differ"}},
      {"upstreams: {b: {seeds: b:1}}\nroutes:\n  - {prefix: 'user:', upstream: b}\n",
       {"a.yaml:3: routes: no route is for all other keys; add one with prefix: \"\", or write the section "
        "`upstream`"}},
      // Mirrors
      {"upstream: {seeds: a:1, mirror: {upstream: b}}\n",
       {"a.yaml:1: upstream.mirror.upstream: there is no upstream 'b'; write one of: 'default'"}},
      {"upstream: {seeds: a:1}\nupstreams: {b: {seeds: b:1, mirror: {upstream: b, percent: 101}}}\n",
       {"a.yaml:2: upstreams.b.mirror.percent: 101 is too large; write 0 to 100",
        "a.yaml:2: upstreams.b.mirror.upstream: an upstream is no mirror of itself; name another one"}},
      // Addresses
      {"upstream: {seeds: a:1}\nlisten: 127.0.0.1:1\nlisteners:\n  - {listen: 127.0.0.1:1, upstream: "
       "default}\n",
       {"a.yaml:4: listeners[0].listen: '127.0.0.1:1' is there twice; keep one of the two"}},
      {"upstream: {seeds: a:1}\nlisteners:\n  - {listen: 0.0.0.0:9380, upstream: default}\n",
       {"a.yaml:3: listeners[0].listen: listen and admin have the same port; give one of them another port"}},
      {"upstream: {seeds: a:1}\nlisteners:\n  - {listen: here:1}\n",
       {"a.yaml:3: listeners[0].listen: 'here' is not a numeric address; write one of this machine, such as "
        "127.0.0.1 or [::1], or 0.0.0.0 for all"}},
      // What needs an upstream of another kind
      {"upstream: {seeds: a:1, mode: standalone}\nlisteners:\n  - {listen: 127.0.0.1:1, read_from: any, "
       "cluster_view: nodes}\n",
       {"a.yaml:3: listeners[0].cluster_view: cluster_view is nodes, and there is no cluster; remove "
        "cluster_view",
        "a.yaml:3: listeners[0].read_from: there are no replicas in mode standalone; remove read_from"}},
      {"upstream: {seeds: a:1}\ncluster_view: nodes\nroutes: [{prefix: a, upstream: default}]\n",
       {"a.yaml:2: cluster_view: cluster_view is nodes, and keys go to several upstreams; remove "
        "cluster_view"}},
      {"upstream: {seeds: a:1}\nlisteners:\n  - {listen: 127.0.0.1:1, requirepass: a, requirepass_file: b}\n",
       {"a.yaml:3: listeners[0].requirepass_file: is set together with listeners[0].requirepass; keep one of "
        "the two",
        "a.yaml:3: listeners[0].requirepass_file: cannot read 'b': No such file or directory; check the "
        "path, "
        "and that Slotway's user may read it"}},
  }));
  CAPTURE(text);
  const ConfigFolder folder;
  CHECK(folder.problems_of_file(text) == problems);
}

TEST_CASE("entries are printed by --check-config with their origins, and without passwords") {
  const ConfigFolder folder;
  const LoadResult result = folder.load({"--check-config", "--config", folder.write("a.yaml", kThree)});
  REQUIRE(result.print_and_exit);
  const std::string& text = *result.print_and_exit;
  const std::string file = folder.path("a.yaml");
  CHECK(text.find("  upstreams.users.seeds: s1:26379,s2:26379  # " + file + ":7\n") != std::string::npos);
  CHECK(text.find("  upstreams.cache.timeouts.request: 1s  # " + file + ":13\n") != std::string::npos);
  CHECK(text.find("  listeners[0].requirepass: (set)  # " + file) != std::string::npos);
  CHECK(text.find("  routes[0].strip_prefix: on  # " + file) != std::string::npos);
  CHECK(text.find("inner") == std::string::npos);
  CHECK(text.find("outer") == std::string::npos);
}

TEST_CASE("a reload follows what entries say, but for their names and addresses") {
  const auto [before, after, told, is_taken] = GENERATE(table<std::string, std::string, std::string, bool>({
      {"request: 1s", "request: 2s", "upstreams.cache.timeouts.request: 1s -> 2s", true},
      {"c1:7000", "c2:7000", "upstreams.cache.seeds: c1:7000 -> c2:7000", true},
      {"read_from: any", "read_from: nearest", "upstreams.users.read_from: any -> nearest", true},
      {"requirepass: inner", "requirepass: other", "listeners[0].requirepass: changed", true},
      {"read_from: primary", "read_from: any", "listeners[0].read_from: primary -> any", true},
      {"prefix: \"user:\"", "prefix: \"u:\"",
       "routes: ''user:' to users stripped,'' to cache' -> ''u:' to users stripped,'' to cache'", true},
      {"mode: sentinel", "mode: standalone", "upstreams.users.mode: sentinel -> standalone (needs a restart)",
       false},
      {"127.0.0.1:6401", "127.0.0.1:6403",
       "listeners[0].listen: 127.0.0.1:6401 -> 127.0.0.1:6403 (needs a restart)", false},
      {"  cache:", "  store:", "upstreams: users,cache -> users,store (needs a restart)", false},
  }));
  CAPTURE(before, after);
  const auto replaced = [](std::string text, const std::string& from, const std::string& to) {
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
      text.replace(at, from.size(), to);
    return text;
  };
  std::string changed = replaced(std::string(kThree), before, after);
  if (after == "mode: standalone") changed = replaced(changed, "[s1:26379, s2:26379]", "[s1:26379]");
  if (after == "mode: standalone") changed = replaced(changed, "    read_from: any\n", "");
  if (after == "  store:") changed = replaced(changed, "upstream: cache", "upstream: store");
  const Config running = loaded(kThree);
  const Config wanted = loaded(changed);
  std::string text;
  for (const Change& change : changes_between(running, wanted)) text += change.text() + "\n";
  CHECK(text.find(told.substr(0, told.find('\''))) != std::string::npos);
  if (told.find('\'') == std::string::npos) CHECK(text.find(told + "\n") != std::string::npos);
  const Config kept = without_restarts(running, wanted);
  if (is_taken) CHECK(kept == wanted);
  if (!is_taken && after != "mode: standalone") CHECK(kept.upstreams == running.upstreams);
  CHECK(every_upstream(kept).size() == 2);
  CHECK(kept.upstreams[0].settings.upstream.mode == UpstreamMode::sentinel);
  CHECK(kept.listeners[0].client.listen == running.listeners[0].client.listen);
}

TEST_CASE("no two keys of an entry share a name") {
  for (const EntryKind kind : {EntryKind::upstream, EntryKind::listener, EntryKind::route}) {
    std::set<std::string_view> keys;
    for (const Option* option : entry_options(kind)) {
      CAPTURE(option->path);
      CHECK(keys.insert(entry_key(*option)).second);
      CHECK(find_entry_option(kind, entry_key(*option)) == option);
    }
    CHECK_FALSE(keys.empty());
  }
}

}  // namespace
}  // namespace slotway::config
