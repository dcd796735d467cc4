// The one table of options. The YAML file, the environment, the flags, --help and --check-config all work
// from it, so that a new option is one row and works everywhere. Owner: static data. Thread: any. Invariant:
// paths are unique; the names of variables and flags follow from them.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "config/config.hpp"
#include "config/problem.hpp"

namespace slotway::config {

// What can differ: nothing, or each upstream, or each listener has its own (see config/entry.hpp).
enum class OptionScope { process, upstream, listener };

struct Option {
  std::string_view path;       // in the YAML file: "limits.max_clients"
  std::string_view metavar;    // what --help calls the value: "N"
  std::string_view help;       // one line, without the default
  bool is_list = false;        // the file has a sequence; a variable and a flag separate by commas
  bool is_secret = false;      // has no flag that works; its value is never printed or quoted
  std::string_view excludes;   // the path of the other way to set the same thing
  bool needs_restart = false;  // a process that runs does not take over another value
  OptionScope scope = OptionScope::process;

  // Reads one value into the configuration (of a list: appends one item). Says what is wrong with it, if it
  // is.
  std::optional<Complaint> (*set)(std::string_view text, Config& config) = nullptr;
  // Makes the value empty; only lists and options that exclude another have it.
  void (*clear)(Config& config) = nullptr;
  // The value as the file would have it; a secret says only whether it is set.
  std::string (*print)(const Config& config) = nullptr;
  // Whether two configurations agree in it, and to make them; of a secret, its value.
  bool (*same)(const Config& left, const Config& right) = nullptr;
  void (*copy)(const Config& from, Config& to) = nullptr;
};

// In the order of the example file.
std::span<const Option> options();

const Option* find_option(std::string_view path);

// "limits.max_clients" -> "SLOTWAY_LIMITS_MAX_CLIENTS"; the seeds are SLOTWAY_UPSTREAM.
std::string environment_name(const Option& option);

// "limits.max_clients" -> "--limits-max-clients"; the seeds are --upstream.
std::string flag_name(const Option& option);

// True for "limits", "upstream" and the other mappings of the file.
bool is_section(std::string_view path);

}  // namespace slotway::config
