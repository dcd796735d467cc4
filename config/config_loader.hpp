// Loads the configuration from flags, environment, file and defaults, in this order of precedence.
// Owner: main, at the start and at each reload. Thread: control, or before the threads start: it reads files.
// Invariant: either a configuration that passed config_validator, or every problem there is, or a text to
// print. Typical use:
//   const auto loaded = config::load(argc, argv, config::environment_map(environ), SLOTWAY_VERSION);
//   if (loaded.print_and_exit) { std::fputs(loaded.print_and_exit->c_str(), stdout); return 0; }
//   for (const auto& problem : loaded.problems) std::fprintf(stderr, "slotway: %s\n",
//   problem.text().c_str()); if (!loaded.config) return 2;
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "config/environment_source.hpp"
#include "config/problem.hpp"

namespace slotway::config {

// Exactly one of the three is there: `problems` is empty if and only if `config` or `print_and_exit` has a
// value.
struct LoadResult {
  std::optional<Config> config{};
  std::vector<Problem> problems{};  // sorted: files by line, variables, flags, then what is missing
  // That it was read from, or could not be: the configuration's, then passwords'.
  std::vector<std::string> files{};
  // Of --help, --version, and --check-config if all is well; ends in \n.
  std::optional<std::string> print_and_exit{};
  // All is well but for files of secrets that are not there yet, and it says that they are waited for.
  // Without the secrets: nobody may be served by it.
  std::optional<Config> incomplete{};
  bool asks_health = false;  // --health: `config` has an admin port to ask, and may lack what a start needs
};

// argv[0] is the program. The environment comes in as a map so that a test can make one up; only files are
// read from the disk: that of --config or SLOTWAY_CONFIG, and the password files that it all comes down to.
LoadResult load(int argc, const char* const* argv, const Environment& environment, std::string_view version);

}  // namespace slotway::config
