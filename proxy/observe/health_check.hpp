// `slotway --health`: asks the admin port of a Slotway that runs, in another process, whether it is healthy.
// Owner: none, a function; main calls it instead of serving. Thread: the caller's; it runs a loop of its own
// to the end. Invariant: it comes to an end within `limit`, whatever the other side does.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "config/config.hpp"

namespace slotway::proxy {

// Where a port that is opened on `admin` is asked: an address that stands for all is asked at loopback.
config::HostPort health_address(const config::HostPort& admin);

// Asks /healthz there. nullopt = it answered 200; else one line, without its end: what was asked, what came,
// and what to do. An answer that is not HTTP, or is long, is told and not shown.
std::optional<std::string> check_health(const config::HostPort& admin, std::chrono::milliseconds limit);

}  // namespace slotway::proxy
