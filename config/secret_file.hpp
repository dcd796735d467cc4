// A password from a file of its own, as secret stores mount them.
// Owner: none. Thread: control, or before the threads start: it blocks.
// Invariant: no complaint quotes what the file holds.
#pragma once

#include <string>
#include <string_view>

#include "config/problem.hpp"
#include "config/units.hpp"

namespace slotway::config {

// The password is the first line, without its line end. A line `requirepass PASSWORD`, as in a fragment of a
// server's configuration, gives its second word; quotes mean there what they mean in redis.conf.
Parsed<std::string> parse_secret(std::string_view content);

// Reads and parses the file; a relative path is seen from the working directory.
Parsed<std::string> read_secret_file(const std::string& path);

}  // namespace slotway::config
