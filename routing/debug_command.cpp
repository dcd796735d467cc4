#include "routing/debug_command.hpp"

#include "protocol/ascii_case.hpp"

namespace slotway::routing {

namespace {

struct DebugRow {
  std::string_view subcommand;
  DebugTarget target;
};

constexpr DebugRow kRows[] = {
    {"object", DebugTarget::key},
    {"sdslen", DebugTarget::key},
    {"listpack", DebugTarget::key},
    {"quicklist", DebugTarget::key},
    {"ziplist", DebugTarget::key},
    {"htstats-key", DebugTarget::key},
    {"digest-value", DebugTarget::key},
    {"sleep", DebugTarget::every},
    {"jmap", DebugTarget::every},
    {"reload", DebugTarget::every},
    {"loadaof", DebugTarget::every},
    {"log", DebugTarget::every},
    {"set-active-expire", DebugTarget::every},
    {"quicklist-packed-threshold", DebugTarget::every},
    {"set-disable-deny-scripts", DebugTarget::every},
    {"config-rewrite-force-all", DebugTarget::every},
    {"stringmatch-len", DebugTarget::any},
    {"assert", DebugTarget::refused},
    {"segfault", DebugTarget::refused},
    {"panic", DebugTarget::refused},
    {"restart", DebugTarget::refused},
    {"crash-and-recover", DebugTarget::refused},
    {"oom", DebugTarget::refused},
    {"leak", DebugTarget::refused},
    {"mallctl", DebugTarget::refused},
    {"mallctl-str", DebugTarget::refused},
    {"change-repl-id", DebugTarget::refused},
    {"populate", DebugTarget::refused},
    {"digest", DebugTarget::refused},
    {"htstats", DebugTarget::refused},
    {"client-eviction", DebugTarget::refused},
};

}  // namespace

DebugTarget debug_target(std::string_view subcommand) {
  for (const DebugRow& row : kRows) {
    if (protocol::equal_ignore_case(row.subcommand, subcommand)) return row.target;
  }
  return DebugTarget::any;
}

}  // namespace slotway::routing
