#include "routing/prefix_routes.hpp"

#include <algorithm>
#include <utility>

namespace slotway::routing {

PrefixRoutes::PrefixRoutes(std::vector<PrefixRoute> routes, UpstreamNumber home) {
  rest_.upstream = home;
  for (PrefixRoute& route : routes) {
    if (route.prefix.empty()) continue;  // that of home
    strips_ = strips_ || route.strips;
    routes_.push_back(std::move(route));
  }
  std::sort(routes_.begin(), routes_.end(),
            [](const PrefixRoute& left, const PrefixRoute& right) { return left.prefix < right.prefix; });
}

// As no prefix begins another one, the one that fits is the last that is not above the key.
const PrefixRoute& PrefixRoutes::of(std::string_view key) const {
  const auto above = std::upper_bound(
      routes_.begin(), routes_.end(), key,
      [](std::string_view wanted, const PrefixRoute& route) { return wanted < route.prefix; });
  if (above == routes_.begin()) return rest_;
  const PrefixRoute& candidate = *(above - 1);
  return key.starts_with(candidate.prefix) ? candidate : rest_;
}

}  // namespace slotway::routing
