// Reads a small text file whole.
// Owner: none. Thread: control, or before the threads start: it blocks.
// Invariant: never reads more than the bound, so that a wrong path such as /dev/zero ends.
#pragma once

#include <cstddef>
#include <string>
#include <variant>

namespace slotway::config {

struct ReadFailure {
  std::string reason;  // "No such file or directory"
  bool is_missing = false;
};

std::variant<std::string, ReadFailure> read_text_file(const std::string& path, std::size_t largest);

}  // namespace slotway::config
