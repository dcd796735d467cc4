// The limit of open files: each client and each connection to a node is one, and the usual soft limit is
// 1024. Owner: none. Thread: before the threads start. Invariant: the limit is never lowered. Source:
// getrlimit(2); the soft limit may be raised to the hard one without privileges.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace slotway::proxy {

// Raises the soft limit to the hard one; returns the limit that holds now.
std::uint64_t raise_open_files();

// What to tell the operator if so many clients do not fit below `limit`; nullopt = they do. Connections to
// nodes are estimated, for the cluster is not known yet.
std::optional<std::string> open_files_warning(std::uint64_t limit, std::uint32_t max_clients,
                                              unsigned workers);

}  // namespace slotway::proxy
