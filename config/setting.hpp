// What one source says about one option, not yet understood; and all that one source says.
// Owner: made by yaml_source, environment_source and flag_source, used up by config_loader. Thread: any
// (plain data). Invariant: `option` points into the table of config_options; only a list may have other than
// one piece.
#pragma once

#include <string>
#include <vector>

#include "config/config_options.hpp"
#include "config/entry.hpp"
#include "config/origin.hpp"
#include "config/problem.hpp"

namespace slotway::config {

struct Setting {
  struct Piece {
    std::string text;
    int line = 0;  // of a list's item in a file; else 0
  };

  const Option* option = nullptr;
  Origin origin;
  std::vector<Piece> pieces;
};

// All that the file says of one entry.
struct EntrySettings {
  EntryKind kind = EntryKind::upstream;
  std::string name;  // of an upstream
  std::string path;  // "upstreams.cache", "listeners[0]"
  Origin origin;
  std::vector<Setting> settings;
};

struct SourceResult {
  std::vector<Setting> settings;
  std::vector<EntrySettings> entries;  // in the file's order
  std::vector<Problem> problems;
  bool is_readable =
      true;  // false: the file could not be read at all, so nobody knows what it would have set
};

// A list of a variable or a flag: its pieces stand between commas.
std::vector<Setting::Piece> split_pieces(const Option& option, const std::string& text);

}  // namespace slotway::config
