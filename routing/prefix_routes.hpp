// Which upstream a key is at, by how it begins. Pure. Owner: a RoutePlanner. Thread: any. Invariant: no
// prefix is the beginning of another one, but for the empty one (config/entry_validator), so at most one
// fits.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace slotway::routing {

using UpstreamNumber = std::uint16_t;

struct PrefixRoute {
  std::string prefix;
  UpstreamNumber upstream = 0;
  bool strips = false;  // the upstream's keys lack the prefix
};

class PrefixRoutes {
 public:
  // Keys that no route fits are at `home`.
  PrefixRoutes(std::vector<PrefixRoute> routes, UpstreamNumber home);

  // Valid as long as the table is.
  const PrefixRoute& of(std::string_view key) const;
  UpstreamNumber home() const { return rest_.upstream; }
  // Some route does.
  bool strips() const { return strips_; }

 private:
  std::vector<PrefixRoute> routes_;  // by prefix
  PrefixRoute rest_;
  bool strips_ = false;
};

}  // namespace slotway::routing
