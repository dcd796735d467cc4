#include "config/yaml_source.hpp"

#include <catch2/catch.hpp>

#include "tests/config/config_kit.hpp"

namespace slotway::config {
namespace {

Texts problems_in(const std::string& text) { return texts_of(read_yaml(text, "f").problems); }

TEST_CASE("keys become settings with the lines they stand on") {
  const auto result = read_yaml(
      "# comment\nlisten: 1.2.3.4:5\nlimits:\n  max_clients: 7\nupstream:\n  seeds:\n    - a:1\n    - b:2\n",
      "f");
  CHECK(result.is_readable);
  CHECK(texts_of(result.problems) == Texts{});
  REQUIRE(result.settings.size() == 3);
  CHECK(result.settings[0].option->path == "listen");
  CHECK(result.settings[0].origin == Origin{Source::file, "f", 2});
  CHECK(result.settings[0].pieces.at(0).text == "1.2.3.4:5");
  CHECK(result.settings[1].option->path == "limits.max_clients");
  CHECK(result.settings[1].origin.line == 4);
  CHECK(result.settings[2].option->path == "upstream.seeds");
  CHECK(result.settings[2].origin.line == 6);
  REQUIRE(result.settings[2].pieces.size() == 2);
  CHECK(result.settings[2].pieces[1].text == "b:2");
  CHECK(result.settings[2].pieces[1].line == 8);
}

TEST_CASE("a list of one needs no brackets, and commas do not part it") {
  const auto [text, pieces] = GENERATE(table<std::string, Texts>({
      {"listen: 127.0.0.1:1\n", {"127.0.0.1:1"}},
      {"listen: unix:/run/a,b\n", {"unix:/run/a,b"}},
      {"listen: [127.0.0.1:1]\n", {"127.0.0.1:1"}},
      {"listen: [127.0.0.1:1, \"[::1]:1\", unix:/run/a]\n", {"127.0.0.1:1", "[::1]:1", "unix:/run/a"}},
      {"listen:\n- 127.0.0.1:1\n- 'unix:/run/a b'\n", {"127.0.0.1:1", "unix:/run/a b"}},
      {"listen: []\n", {}},
      {"upstream: {seeds: a:1}\n", {"a:1"}},
  }));
  CAPTURE(text);
  const auto result = read_yaml(text, "f");
  CHECK(texts_of(result.problems) == Texts{});
  REQUIRE(result.settings.size() == 1);
  Texts found;
  for (const Setting::Piece& piece : result.settings[0].pieces) found.push_back(piece.text);
  CHECK(found == pieces);
}

TEST_CASE("a file without settings is fine") {
  const std::string text =
      GENERATE("", "\n", "# only a comment\n", "---\n", "limits:\n", "limits:\n  # max_clients: 1\n");
  CAPTURE(text);
  const auto result = read_yaml(text, "f");
  CHECK(result.is_readable);
  CHECK(texts_of(result.problems) == Texts{});
  CHECK(result.settings.empty());
}

TEST_CASE("a wrong shape is a problem with its line") {
  const auto [text, problem] = GENERATE(table<std::string, std::string>({
      {"- listen\n", "f:1: the file is not a mapping; write it as `key: value` lines"},
      {"\nlistn: x\n", "f:2: listn: is not a known key; did you mean 'listen'?"},
      {"limits:\n  max_client: 1\n",
       "f:2: limits.max_client: is not a known key; did you mean 'limits.max_clients'?"},
      {"max_clients: 1\n", "f:1: max_clients: is not a known key here; did you mean 'limits.max_clients'?"},
      {"tls: on\n",
       "f:1: tls: is not a known key; remove it, or see slotway.example.yaml for the keys that exist"},
      {"limits: 5\n",
       "f:1: limits: is a section, not a value; write its keys on indented lines: max_clients, max_bulk, "
       "max_request, "
       "max_arguments, max_inflight_per_client, max_inflight_bytes_per_client, max_output_per_client, "
       "max_memory_per_client, max_memory, max_pinned_per_worker, max_connecting_per_node, "
       "max_subscriber_output, max_scripts, "
       "max_tracked_keys_per_worker"},
      {"listen: a:1\nworkers: 2\nlisten: b:2\n",
       "f:3: listen: is given twice, first on line 1; keep one of the two"},
      {"log:\n  level: info\nlog:\n  format: text\n",
       "f:3: log: is given twice, first on line 1; keep one of the two"},
      {"listen:\n", "f:1: listen: has no value; write one, or remove the key"},
      {"admin: [a:1]\n", "f:1: admin: is a list, not a single value; write one value"},
      {"admin: {a: 1}\n", "f:1: admin: is a mapping, not a single value; write one value"},
      {"listen: {a: 1}\n", "f:1: listen: is not a list; write it as [ADDR:PORT|unix:PATH, ...]"},
      {"listen: [a:1, [b:2]]\n", "f:1: listen[1]: is a list, not a single value; write one value"},
      {"listen: !tag x\n", "f:1: listen: begins with !, which YAML takes as a tag; put the value in quotes"},
      {"upstream: {seeds: {a: 1}}\n", "f:1: upstream.seeds: is not a list; write it as [HOST:PORT, ...]"},
      {"upstream:\n  seeds:\n  - a:1\n  -\n", "f:2: upstream.seeds[1]: has no value; write one value"},
      {"upstream:\n  seeds:\n  - [a:1]\n",
       "f:3: upstream.seeds[0]: is a list, not a single value; write one value"},
      {"? [a]\n: b\n", "f:1: a key is not a word; write it as `key: value`"},
      {"limits:\n  [a]: b\n", "f:2: limits: a key is not a word; write it as `key: value`"},
      {"listen: a:1\n---\nlisten: b:1\n",
       "f:3: the file holds a second document; remove it and the `---` above it"},
      {"a\x01: 1\n",
       "f:1: a\\x01: is not a known key; remove it, or see slotway.example.yaml for the keys that exist"},
      {"listen: 'x\n", "f:1: is not YAML: illegal EOF in scalar; check the indentation and quotes"},
      {"log:\n  level: info\n format: text\n",
       "f:3: is not YAML: end of map not found; check the indentation and quotes"},
  }));
  CAPTURE(text);
  CHECK(problems_in(text) == Texts{problem});
}

TEST_CASE("what is not YAML makes the whole file unreadable") {
  const auto result = read_yaml("listen: a:1\nworkers: 'x\n", "f");
  CHECK_FALSE(result.is_readable);
  CHECK(result.settings.empty());
  CHECK(result.problems.size() == 1);
}

TEST_CASE("a file that is not there is a problem") {
  const auto result = read_yaml_file("/nowhere/slotway.yaml");
  CHECK_FALSE(result.is_readable);
  CHECK(texts_of(result.problems) ==
        Texts{"/nowhere/slotway.yaml: cannot read the file: No such file or directory; "
              "check the path, and that Slotway's user may read it"});
}

TEST_CASE("no way to misspell a password shows it") {
  const std::string text =
      GENERATE("requirepass:s3cret\n", "requirepass:s3cret\nlisten: a:1\n", "requirepass: *s3cret\n",
               "requirepass: !s3cret\n", "requirepass: !s3cret x\n", "requirepass: &s3cret\n",
               "requirepass: \"\\s3cret\"\n", "requirepass: \"s3cret\n", "requirepass: [s3cret]\n",
               "requirepass: {s3cret: s3cret}\n", "requirepass: @s3cret\n", "requirepass: %s3cret\n",
               "requirepass: |s3cret\n", "requirepass: a: s3cret\n", "requirepass: `s3cret\n",
               "upstream: {password:s3cret}\n", "upstream:\n  password:s3cret\n",
               "upstream:\n  password:s3cret\n  username: x\n", "upstream: s3cret\n", "requirepas: s3cret\n",
               "requirepass: x\nrequirepass: s3cret\n", "? requirepass: s3cret\n: x\n");
  CAPTURE(text);
  const Texts problems = problems_in(text);
  CHECK_FALSE(problems.empty());
  for (const std::string& problem : problems) CHECK(problem.find("3cret") == std::string::npos);
}

TEST_CASE("a password is taken as it is written, whatever YAML could make of it") {
  const auto [text, password] = GENERATE(table<std::string, std::string>({
      {"requirepass: 0123\n", "0123"},
      {"requirepass: true\n", "true"},
      {"requirepass: 1e5\n", "1e5"},
      {"requirepass: 'null'\n", "null"},
      {"requirepass: '!x'\n", "!x"},
      {"requirepass: \"a\\tb\"\n", "a\tb"},
  }));
  CAPTURE(text);
  const auto result = read_yaml(text, "f");
  CHECK(texts_of(result.problems) == Texts{});
  REQUIRE(result.settings.size() == 1);
  CHECK(result.settings[0].pieces.at(0).text == password);
}

}  // namespace
}  // namespace slotway::config
