// Where the value of an option came from: the default, the file and line, the environment, or a flag.
// Owner: config_loader, for as long as it loads. Thread: any (plain data).
// Invariant: an option that nobody set has Source::defaults; a broken option keeps its earlier value.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace slotway::config {

enum class Source { defaults, file, environment, flag };  // from the lowest precedence to the highest

struct Origin {
  Source source = Source::defaults;
  std::string name;  // the file's path, the variable's name, or the flag with its dashes
  int line = 0;      // from 1; only for a file

  // "slotway.yaml:12", "SLOTWAY_LISTEN", "--listen"; empty for a default.
  std::string label() const;
  friend bool operator==(const Origin&, const Origin&) = default;
};

// The origin of each option, by its YAML path.
class Origins {
 public:
  void set(std::string_view path, Origin origin);
  void reset(std::string_view path);        // back to the default
  void mark_broken(std::string_view path);  // its last value could not be read: no check of it makes sense
  const Origin& of(std::string_view path) const;
  bool is_broken(std::string_view path) const;

 private:
  struct Entry {
    Origin origin;
    bool broken = false;
  };
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace slotway::config
