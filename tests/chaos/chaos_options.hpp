// What the command line of `chaos` asks for. Plain data. Thread: main's.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "tests/chaos/fault_run.hpp"

namespace slotway::chaos {

struct ChaosOptions {
  std::string slotway;
  std::vector<const Fault*> faults;
  bool lists = false;
  bool as_markdown = false;
  std::chrono::minutes soak{0};  // 0 = none
  RunOptions run;
};

inline constexpr const char* kUsage =
    "usage: chaos --slotway PATH (--fault NAME... | --all | --short | --soak MINUTES) [--clients N]\n"
    "             [--seconds N] [--seed N] [--markdown]\n"
    "       chaos --list\n";

// Without --seed there is one by chance. Throws std::invalid_argument, whose what() is for the user.
ChaosOptions parse_options(const std::vector<std::string>& arguments);

}  // namespace slotway::chaos
