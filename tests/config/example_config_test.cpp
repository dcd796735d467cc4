#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <set>

#include "config/config_options.hpp"
#include "tests/config/config_kit.hpp"

namespace slotway::config {
namespace {

struct ExampleKey {
  std::string path;
  std::string comment;  // that stands right above it
};

// "listen: x", "# requirepass: x" and, within a section, the same behind two blanks, within two behind four.
std::vector<ExampleKey> keys_of_example() {
  std::ifstream file(SLOTWAY_EXAMPLE_CONFIG);
  REQUIRE(file.good());
  std::vector<ExampleKey> keys;
  std::vector<std::string> sections;  // outermost first
  std::string comment;
  for (std::string line; std::getline(file, line);) {
    const std::size_t indent = std::min(line.find_first_not_of(' '), line.size());
    const bool is_comment = line.substr(indent).starts_with("# ");
    const std::string text = line.substr(indent + (is_comment ? 2 : 0));
    const std::string name = text.substr(0, text.find(':'));
    const std::size_t depth = std::min(indent / 2, sections.size());
    const std::string path = depth > 0 ? sections[depth - 1] + "." + name : name;
    if (!is_comment && is_section(path)) {
      sections.resize(depth);
      sections.push_back(path);
    }
    const bool is_key = text.find(':') != std::string::npos && find_option(path) != nullptr;
    if (is_key) keys.push_back({path, comment});
    comment = is_comment && !is_key ? comment + text + " " : "";
  }
  return keys;
}

TEST_CASE("the example file loads, and says the defaults") {
  const ConfigFolder folder;
  const auto result = folder.load({"--config", SLOTWAY_EXAMPLE_CONFIG});
  CHECK(texts_of(result.problems) == Texts{});
  REQUIRE(result.config);
  Config defaults;
  defaults.upstream.seeds = {{"127.0.0.1", 7000}};
  CHECK(*result.config == defaults);
}

TEST_CASE("the example file has every option once, under a comment") {
  std::set<std::string> seen;
  for (const ExampleKey& key : keys_of_example()) {
    CAPTURE(key.path);
    CHECK(seen.insert(key.path).second);
    CHECK_FALSE(key.comment.empty());
    // The key itself may be a comment: then what is said of it stands above all the same.
    const bool says_so = key.comment.find("Needs a restart.") != std::string::npos;
    CHECK(says_so == find_option(key.path)->needs_restart);
  }
  for (const Option& option : options()) {
    CAPTURE(option.path);
    CHECK(seen.count(std::string(option.path)) == 1);
  }
}

}  // namespace
}  // namespace slotway::config
