// The configuration file as a source of settings: knows YAML and the shape of the file, not what values mean.
// Owner: config_loader. Thread: before the threads start. Invariant: each key is a setting or a problem, and
// no problem quotes a value of the file.
#pragma once

#include <string>

#include "config/setting.hpp"

namespace slotway::config {

// `file_name` is what the problems call the file.
SourceResult read_yaml(const std::string& text, const std::string& file_name);

SourceResult read_yaml_file(const std::string& path);

}  // namespace slotway::config
