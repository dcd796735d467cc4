// What the tests of the loader share: files in a folder of their own, and a load with made-up flags and
// variables. Owner: a test. Thread: any. Invariant: in the texts of problems the folder's path is cut off:
// "a.yaml:3: ...".
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "config/config_loader.hpp"

namespace slotway::config {

using Texts = std::vector<std::string>;

Texts texts_of(const std::vector<Problem>& problems);

class ConfigFolder {
 public:
  ConfigFolder();
  ~ConfigFolder();
  ConfigFolder(const ConfigFolder&) = delete;
  ConfigFolder& operator=(const ConfigFolder&) = delete;

  // Writes a file and returns its path.
  std::string write(const std::string& name, std::string_view content) const;
  std::string path(const std::string& name) const { return (path_ / name).string(); }

  LoadResult load(const Texts& flags, const Environment& environment = {}) const;

  // The problems of a load, without the folder's path.
  Texts problems(const Texts& flags, const Environment& environment = {}) const;
  // The problems of a file on its own.
  Texts problems_of_file(std::string_view content) const;

 private:
  std::filesystem::path path_;
};

}  // namespace slotway::config
