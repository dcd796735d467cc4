// The command line as a source of settings, and its flags that are not options: --config, --help and the
// like. Owner: config_loader. Thread: before the threads start. Invariant: no problem quotes an argument that
// could be a password.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/setting.hpp"

namespace slotway::config {

struct FlagResult {
  SourceResult source;
  std::optional<std::string> config_file;     // --config
  bool check_config = false;                  // --check-config
  bool health = false;                        // --health
  std::optional<std::string> print_and_exit;  // the text of --help or --version
};

// argv[0] is the program. `version` is what --version prints behind the name.
FlagResult read_flags(int argc, const char* const* argv, std::string_view version);

}  // namespace slotway::config
