#include "tests/config/config_kit.hpp"

#include <stdlib.h>

#include <catch2/catch.hpp>
#include <fstream>

namespace slotway::config {

Texts texts_of(const std::vector<Problem>& problems) {
  Texts texts;
  for (const Problem& problem : problems) texts.push_back(problem.text());
  return texts;
}

ConfigFolder::ConfigFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "slotway-config-XXXXXX").string();
  REQUIRE(mkdtemp(name.data()) != nullptr);
  path_ = name;
}

ConfigFolder::~ConfigFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string ConfigFolder::write(const std::string& name, std::string_view content) const {
  std::ofstream file(path(name), std::ios::binary);
  file << content;
  file.close();
  REQUIRE(file.good());
  return path(name);
}

LoadResult ConfigFolder::load(const Texts& flags, const Environment& environment) const {
  std::vector<const char*> argv{"slotway"};
  for (const std::string& flag : flags) argv.push_back(flag.c_str());
  return config::load(static_cast<int>(argv.size()), argv.data(), environment, "1.2.3");
}

Texts ConfigFolder::problems(const Texts& flags, const Environment& environment) const {
  const LoadResult result = load(flags, environment);
  CHECK(result.config.has_value() == (result.problems.empty() && !result.print_and_exit));
  Texts texts = texts_of(result.problems);
  const std::string prefix = path_.string() + "/";
  for (std::string& text : texts) {
    for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix)) {
      text.erase(at, prefix.size());
    }
  }
  return texts;
}

Texts ConfigFolder::problems_of_file(std::string_view content) const {
  return problems({"--config", write("a.yaml", content)});
}

}  // namespace slotway::config
