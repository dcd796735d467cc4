// One thing that is wrong with the configuration, and what to do about it.
// Owner: whoever found it; collected by config_loader. Thread: any (plain data).
// Invariant: no text of a problem holds a password, nor anything that could be one.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "config/origin.hpp"

namespace slotway::config {

// What a parser says about a value; it does not know where the value stands.
struct Complaint {
  std::string what;
  std::string advice;
  bool is_missing_file = false;  // that of a secret is not there, or not yet
  friend bool operator==(const Complaint&, const Complaint&) = default;
};

struct Problem {
  Origin origin;
  std::string path;  // YAML path; empty when the whole file, or an unknown variable or flag, is meant
  Complaint complaint;

  // In a file:      "slotway.yaml:12: limits.max_clients: what is wrong; what to do"
  // In a variable:  "SLOTWAY_LIMITS_MAX_CLIENTS: what is wrong; what to do"; a flag likewise
  // In a default:   "upstream.seeds: what is wrong; what to do"
  std::string text() const;
};

// Files first, by line, then variables, then flags; what no source is to blame for comes last.
void sort_problems(std::vector<Problem>& problems);

// `value` for an error text: control bytes as \xHH, and cut where it gets long; and the same in quotes.
std::string printable(std::string_view value, std::size_t longest = 64);
std::string quoted(std::string_view value, std::size_t longest = 64);

}  // namespace slotway::config
