// CLIENT TRACKING's options, judged as Redis judges them (networking.c, clientCommand; tracking.c). Pure; any
// thread. What Redis would take is refused, too, where it turns tracking on (docs/decisions/014).
#pragma once

#include <string>

#include "protocol/request.hpp"

namespace slotway::proxy {

// The error that CLIENT TRACKING is answered with, "" = +OK. REQUIRES: at least three arguments.
std::string tracking_error(const protocol::RequestView& request);

}  // namespace slotway::proxy
