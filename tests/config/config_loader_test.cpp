#include "config/config_loader.hpp"

#include <catch2/catch.hpp>

#include "tests/config/config_kit.hpp"

namespace slotway::config {
namespace {

TEST_CASE("one seed is enough, the rest is defaults") {
  const ConfigFolder folder;
  const auto result = folder.load({"--upstream", "127.0.0.1:7000"});
  CHECK(texts_of(result.problems) == Texts{});
  REQUIRE(result.config);
  Config expected;
  expected.upstream.seeds = {{"127.0.0.1", 7000}};
  CHECK(*result.config == expected);
  CHECK_FALSE(result.print_and_exit);
}

TEST_CASE("flags win over variables, variables over the file, the file over the defaults") {
  const ConfigFolder folder;
  const std::string file =
      folder.write("a.yaml", "upstream: {seeds: [file:1, file:2]}\nworkers: 2\nbacklog: 2\n");
  const Environment environment{{"SLOTWAY_WORKERS", "3"}, {"SLOTWAY_UPSTREAM", "variable:1"}};
  struct Case {
    Texts flags;
    Environment environment;
    std::uint32_t workers;
    std::string seed;
    std::size_t seeds;
  };
  const std::vector<Case> cases{
      {{"--config", file}, {}, 2, "file", 2},
      {{"--config", file}, environment, 3, "variable", 1},
      {{"--config", file, "--workers", "4", "--upstream", "flag:1"}, environment, 4, "flag", 1},
      {{"--config", file, "--workers", "auto"}, environment, 0, "variable", 1},
      {{"--workers", "4"}, environment, 4, "variable", 1},
      {{}, environment, 3, "variable", 1},
  };
  for (const auto& [flags, variables, workers, seed, seeds] : cases) {
    CAPTURE(flags, seed);
    const auto result = folder.load(flags, variables);
    CHECK(texts_of(result.problems) == Texts{});
    REQUIRE(result.config);
    CHECK(result.config->workers == workers);
    CHECK(result.config->upstream.seeds.front().host == seed);
    CHECK(result.config->upstream.seeds.size() == seeds);
    CHECK(result.config->client.backlog == (flags.size() > 1 && flags[0] == "--config" ? 2 : 1024));
  }
}

TEST_CASE("files with secrets that are not there yet may be waited for, if nothing else is wrong") {
  const ConfigFolder folder;
  const std::string seeds = "upstream: {seeds: [a:1], password_file: /nowhere/p}\n";
  const std::string tls = "tls_cert_file: /nowhere/c\ntls_key_file: /nowhere/k\nusers: [app=/nowhere/u]\n";
  struct Case {
    std::string text;
    Texts flags;
    std::size_t problems;
    bool waits;
  };
  const std::vector<Case> cases{
      {"wait_for_secrets: on\n" + seeds, {}, 1, true},
      {"wait_for_secrets: on\n" + seeds + tls, {}, 4, true},
      {seeds, {"--wait-for-secrets", "on"}, 1, true},
      {seeds, {}, 1, false},
      {"wait_for_secrets: on\n" + seeds, {"--check-config"}, 1, false},
      {"wait_for_secrets: on\n" + seeds + "backlog: none\n", {}, 2, false},
      // A folder is there, and is no secret.
      {"wait_for_secrets: on\nupstream: {seeds: [a:1], password_file: /}\n", {}, 1, false},
  };
  for (const auto& [text, flags, problems, waits] : cases) {
    CAPTURE(text, flags);
    Texts all{"--config", folder.write("a.yaml", text)};
    all.insert(all.end(), flags.begin(), flags.end());
    const LoadResult result = folder.load(all);
    CHECK(result.problems.size() == problems);
    CHECK_FALSE(result.config);
    CHECK(result.incomplete.has_value() == waits);
  }
}

TEST_CASE("the files that it comes from are named, whether they could be read or not") {
  const ConfigFolder folder;
  const std::string secret = folder.write("secret", "word\n");
  const std::string file =
      folder.write("a.yaml", "upstream: {seeds: [a:1], password_file: " + secret + "}\n");
  CHECK(folder.load({"--upstream", "a:1"}).files.empty());
  CHECK(folder.load({"--config", file}).files == Texts{file, secret});
  CHECK(folder.load({"--config", file, "--requirepass-file", "/nothing"}).files ==
        Texts{file, secret, "/nothing"});
  CHECK(folder.load({"--config", "/nothing"}).files == Texts{"/nothing"});
  CHECK(folder.load({"--config", file}, {{"SLOTWAY_UPSTREAM_PASSWORD", "x"}}).files == Texts{file});
}

TEST_CASE("flag --config wins over SLOTWAY_CONFIG") {
  const ConfigFolder folder;
  const std::string one = folder.write("one.yaml", "upstream: {seeds: [one:1]}\n");
  const std::string two = folder.write("two.yaml", "upstream: {seeds: [two:1]}\n");
  CHECK(folder.load({}, {{"SLOTWAY_CONFIG", two}}).config.value().upstream.seeds[0].host == "two");
  CHECK(folder.load({"--config", one}, {{"SLOTWAY_CONFIG", two}}).config.value().upstream.seeds[0].host ==
        "one");
}

TEST_CASE("every problem is reported in one go, in the order of the places") {
  const ConfigFolder folder;
  const std::string file = folder.write("a.yaml",
                                        "listen: localhost:6380\n"       // 1
                                        "backlog: many\n"                // 2
                                        "worker: 2\n"                    // 3
                                        "upstream:\n"                    // 4
                                        "  seeds:\n"                     // 5
                                        "    - 10.0.0.1:7000\n"          // 6
                                        "    - 10.0.0.2\n"               // 7
                                        "  password_file: /nowhere/p\n"  // 8
                                        "limits:\n"                      // 9
                                        "  max_request: 4gb\n"           // 10
                                        "  max_clients: 1\n"             // 11
                                        "  max_clients: 2\n"             // 12
                                        "timeouts: 5s\n"                 // 13
                                        "log: {level: [info]}\n");       // 14
  const Environment environment{
      {"SLOTWAY_TIMEOUTS_REQUEST", "5"}, {"SLOTWAY_BACKLOGS", "5"}, {"SLOTWAY_SERVICE_HOST", "10.0.0.1"}};
  CHECK(
      folder.problems({"--config", file, "--workers", "none", "--verbose"}, environment) ==
      Texts{
          "a.yaml:1: listen: 'localhost' is not a numeric address; write one of this machine, such as "
          "127.0.0.1 or "
          "[::1], or 0.0.0.0 for all",
          "a.yaml:2: backlog: 'many' is not a number; write a whole number in digits, such as 1000",
          "a.yaml:3: worker: is not a known key; did you mean 'workers'?",
          "a.yaml:7: upstream.seeds[1]: '10.0.0.2' is not HOST:PORT; write a host and a port, such as "
          "127.0.0.1:6379 or [::1]:6379",
          "a.yaml:8: upstream.password_file: cannot read '/nowhere/p': No such file or directory; check the "
          "path, "
          "and that Slotway's user may read it",
          "a.yaml:10: limits.max_request: 4gb is too large; write 1kb to 4294967295",
          "a.yaml:12: limits.max_clients: is given twice, first on line 11; keep one of the two",
          "a.yaml:13: timeouts: is a section, not a value; write its keys on indented lines: connect, "
          "request, "
          "upstream_idle_ping, client_idle, drain, tcp_keepalive, tcp_user_timeout",
          "a.yaml:14: log.level: is a list, not a single value; write one value",
          "SLOTWAY_BACKLOGS: is not a known variable; did you mean SLOTWAY_BACKLOG?",
          "SLOTWAY_TIMEOUTS_REQUEST: '5' has no unit; write 5ms or 5s",
          "--verbose: is not a known flag; see --help for the flags that exist",
          "--workers: 'none' is not a number of workers; write auto, or a number from 1",
      });
}

TEST_CASE("a problem of what is not set comes last") {
  const ConfigFolder folder;
  CHECK(folder.problems({"--backlog", "0"}) ==
        Texts{"--backlog: 0 is too small; write 1 to 65535",
              "upstream.seeds: nothing that is behind Slotway is given; name at least one node (or the "
              "sentinels) with "
              "--upstream HOST:PORT, SLOTWAY_UPSTREAM, or upstream.seeds in the file"});
}

TEST_CASE("an empty list of seeds is blamed on its line") {
  const ConfigFolder folder;
  CHECK(
      folder.problems_of_file("upstream:\n  seeds: []\n") ==
      Texts{
          "a.yaml:2: upstream.seeds: nothing that is behind Slotway is given; name at least one node (or the "
          "sentinels) with --upstream HOST:PORT, SLOTWAY_UPSTREAM, or upstream.seeds in the file"});
}

TEST_CASE("a bad value is a problem even where a higher source sets another") {
  const ConfigFolder folder;
  const std::string file = folder.write("a.yaml", "upstream: {seeds: [a:1]}\nbacklog: x\n");
  CHECK(folder.problems({"--config", file, "--backlog", "0"}) ==
        Texts{"a.yaml:2: backlog: 'x' is not a number; write a whole number in digits, such as 1000",
              "--backlog: 0 is too small; write 1 to 65535"});
}

TEST_CASE("a file that cannot be read leads to no problem about what it would have set") {
  const ConfigFolder folder;
  CHECK(folder.problems({"--config", folder.path("b.yaml")}) ==
        Texts{"b.yaml: cannot read the file: No such file or directory; check the path, and that Slotway's "
              "user may "
              "read it"});
  CHECK(folder.problems_of_file("listen: [\n") ==
        Texts{"a.yaml:1: is not YAML: end of sequence flow not found; check the indentation and quotes"});
}

TEST_CASE("passwords come from the file, a variable, or a file of their own, and the highest source wins") {
  const ConfigFolder folder;
  const std::string secret = folder.write("secret", "requirepass from-secret-file\n");
  const std::string other = folder.write("other", "from-other-file\n");
  const std::string plain = folder.write("a.yaml", "upstream: {seeds: [a:1], password: from-yaml}\n");
  const std::string linked =
      folder.write("b.yaml", "upstream: {seeds: [a:1], password_file: '" + secret + "'}\n");
  struct Case {
    Texts flags;
    Environment environment;
    std::string password;
    std::string password_file;
  };
  const std::vector<Case> cases{
      {{"--config", plain}, {}, "from-yaml", ""},
      {{"--config", linked}, {}, "from-secret-file", secret},
      {{"--config", linked}, {{"SLOTWAY_UPSTREAM_PASSWORD", "from-variable"}}, "from-variable", ""},
      {{"--config", plain}, {{"SLOTWAY_UPSTREAM_PASSWORD_FILE", other}}, "from-other-file", other},
      {{"--config", plain, "--upstream-password-file", secret},
       {{"SLOTWAY_UPSTREAM_PASSWORD", "from-variable"}},
       "from-secret-file",
       secret},
  };
  for (const auto& [flags, environment, password, password_file] : cases) {
    CAPTURE(flags, password);
    const auto result = folder.load(flags, environment);
    CHECK(texts_of(result.problems) == Texts{});
    REQUIRE(result.config);
    CHECK(result.config->upstream.password == password);
    CHECK(result.config->upstream.password_file == password_file);
  }
}

TEST_CASE("an empty password does not take the place of one from a lower source") {
  const ConfigFolder folder;
  const std::string secret = folder.write("secret", "s3cret\n");
  const std::string advice = ": is empty; write a value, or leave it out altogether";
  const std::string file = folder.write("a.yaml",
                                        "upstream:\n"
                                        "  seeds: [a:1]\n"
                                        "  username: u\n"
                                        "  password_file: '" +
                                            secret +
                                            "'\n"
                                            "requirepass_file: '" +
                                            secret + "'\n");
  for (const std::string name : {"SLOTWAY_REQUIREPASS", "SLOTWAY_REQUIREPASS_FILE",
                                 "SLOTWAY_UPSTREAM_PASSWORD", "SLOTWAY_UPSTREAM_PASSWORD_FILE"}) {
    CHECK(folder.problems({"--config", file}, {{name, ""}}) == Texts{name + advice});
  }
  CHECK(folder.problems({"--config", file, "--requirepass-file", ""}) ==
        Texts{"--requirepass-file" + advice});
  CHECK(folder.problems_of_file("upstream: {seeds: [a:1]}\nrequirepass: ''\n") ==
        Texts{"a.yaml:2: requirepass" + advice});
}

TEST_CASE("requirepass likewise") {
  const ConfigFolder folder;
  const std::string secret = folder.write("secret", "s3cret\n");
  CHECK(folder.load({"--upstream", "a:1", "--requirepass-file", secret}).config.value().client.requirepass ==
        "s3cret");
  CHECK(
      folder.load({"--upstream", "a:1"}, {{"SLOTWAY_REQUIREPASS", "x"}}).config.value().client.requirepass ==
      "x");
}

TEST_CASE("a password and its file side by side contradict each other") {
  const ConfigFolder folder;
  const std::string secret = folder.write("secret", "s3cret\n");
  CHECK(
      folder.problems_of_file("upstream:\n  seeds: [a:1]\n  password_file: " + secret +
                              "\n  password: s3cret\n") ==
      Texts{"a.yaml:3: upstream.password_file: is set together with upstream.password; keep one of the two"});
  CHECK(folder.problems({"--upstream", "a:1"},
                        {{"SLOTWAY_REQUIREPASS", "s3cret"}, {"SLOTWAY_REQUIREPASS_FILE", secret}}) ==
        Texts{"SLOTWAY_REQUIREPASS_FILE: is set together with SLOTWAY_REQUIREPASS; keep one of the two"});
}

TEST_CASE("flag --check-config prints every value with its origin, and no password") {
  const ConfigFolder folder;
  const std::string secret = folder.write("secret", "s3cret\n");
  const std::string file = folder.write("a.yaml", "backlog: 5\nrequirepass: s3cret\n");
  const auto result =
      folder.load({"--check-config", "--config", file, "--workers", "2"},
                  {{"SLOTWAY_UPSTREAM", "a:1,b:2"}, {"SLOTWAY_UPSTREAM_PASSWORD_FILE", secret}});
  CHECK(texts_of(result.problems) == Texts{});
  CHECK_FALSE(result.config);
  REQUIRE(result.print_and_exit);
  const std::string& text = *result.print_and_exit;
  CHECK(text.starts_with("slotway: the configuration is valid\n"));
  for (const std::string& line :
       Texts{"  upstream.seeds: a:1,b:2  # SLOTWAY_UPSTREAM\n",
             "  upstream.password: (set)  # " + secret + "\n",
             "  upstream.password_file: " + secret + "  # SLOTWAY_UPSTREAM_PASSWORD_FILE\n",
             "  backlog: 5  # " + file + ":1\n", "  requirepass: (set)  # " + file + ":2\n",
             "  workers: 2  # --workers\n", "  limits.max_bulk: 512mb  # default\n"}) {
    CAPTURE(line);
    CHECK(text.find(line) != std::string::npos);
  }
  CHECK(text.find("s3cret") == std::string::npos);
}

TEST_CASE("flag --check-config reports problems as a start would") {
  const ConfigFolder folder;
  const auto result = folder.load({"--check-config", "--upstream", "a:1", "--backlog", "0"});
  CHECK_FALSE(result.print_and_exit);
  CHECK_FALSE(result.config);
  CHECK(texts_of(result.problems) == Texts{"--backlog: 0 is too small; write 1 to 65535"});
}

TEST_CASE("flag --health asks by the configuration of a start, and misses nothing that is not set here") {
  const ConfigFolder folder;
  const std::string file = folder.write("a.yaml", "admin: 0.0.0.0:9381\n");
  const auto result = folder.load({"--health", "--config", file});
  CHECK(texts_of(result.problems) == Texts{});
  CHECK(result.asks_health);
  REQUIRE(result.config);
  CHECK(result.config->admin == HostPort{"0.0.0.0", 9381});
  CHECK(folder.load({"--health"}).config->admin == HostPort{"127.0.0.1", 9380});
  CHECK_FALSE(folder.load({"--upstream", "a:1"}).asks_health);
}

TEST_CASE("flag --health tells what is wrong, and where there is nothing to ask") {
  const ConfigFolder folder;
  const auto [flags, problems] = GENERATE(table<Texts, Texts>({
      {{"--admin", "off"},
       {"--admin: is off, and --health asks there; write ADDR:PORT, such as 127.0.0.1:9380"}},
      {{"--admin", "127.0.0.1:0"},
       {"--admin: has port 0, any that is free, and --health must know it; write a port"}},
      {{"--admin", "on"}, {"--admin: 'on' is neither ADDR:PORT nor off; write 127.0.0.1:9380, or off"}},
      {{"--backlog", "0", "--admin", "off"},
       {"--backlog: 0 is too small; write 1 to 65535",
        "--admin: is off, and --health asks there; write ADDR:PORT, such as 127.0.0.1:9380"}},
  }));
  Texts all{"--health"};
  all.insert(all.end(), flags.begin(), flags.end());
  CHECK(folder.problems(all) == problems);
  CHECK_FALSE(folder.load(all).config);
}

TEST_CASE("flag --help and --version win over every problem") {
  const ConfigFolder folder;
  CHECK(folder.load({"--version", "--backlog", "x"}).print_and_exit == "slotway 1.2.3\n");
  CHECK(folder.load({"--backlog", "x", "--help"}, {{"SLOTWAY_X", ""}})
            .print_and_exit.value()
            .find("Usage: slotway") != std::string::npos);
}

}  // namespace
}  // namespace slotway::config
