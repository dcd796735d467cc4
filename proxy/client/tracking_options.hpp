// CLIENT TRACKING's and CACHING's options, judged as Redis judges them (networking.c, clientCommand;
// tracking.c). Pure; any thread.
#pragma once

#include <string>
#include <variant>

#include "protocol/request.hpp"
#include "proxy/client/client_tracking.hpp"

namespace slotway::proxy {

struct TrackingOff {};

// What the client wants from now on, or an error's text; `now` is what it has, nullptr: it does not track.
// Whether the client to redirect to is there is not judged. REQUIRES: at least three arguments.
std::variant<ClientTracking, TrackingOff, std::string> parse_tracking(const protocol::RequestView& request,
                                                                      const ClientTracking* now);

// "": CLIENT CACHING with that mode is right. REQUIRES: it tracks.
std::string caching_error(std::string_view mode, const ClientTracking& now);

}  // namespace slotway::proxy
