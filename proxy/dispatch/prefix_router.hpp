// Takes the requests of clients whose keys are at several upstreams, as prefixes say: gives each to the
// dispatcher of the upstream where it is served, or its parts to several, or refuses it. Owner: an Entrance.
// Thread: worker. Invariant: as of a dispatcher; a part that is sent is its dispatcher's.
#pragma once

#include <vector>

#include "config/config.hpp"
#include "proxy/client/client_session.hpp"
#include "proxy/client/upstream_parts.hpp"
#include "routing/route_planner.hpp"

namespace slotway::proxy {

class PrefixRouter {
 public:
  // `upstreams` are those of the worker, by number. `home`: the number of the one that no route need name.
  PrefixRouter(const config::Config& config, unsigned home, std::vector<UpstreamParts> upstreams);

  // The routes are others. What is in flight is not touched.
  void configure(const config::Config& config);

  // As Dispatcher::dispatch().
  Taken dispatch(ClientSession& session, const protocol::RequestView& request, protocol::ReadBuffer* source);

 private:
  Dispatcher& at(unsigned upstream) const { return *upstreams_[upstream].dispatcher; }
  void refuse(ClientSession& session, const protocol::CommandRow& row, routing::RoutePlan::Kind why) const;
  Taken send_parts(ClientSession& session, const protocol::RequestView& request,
                   const protocol::CommandRow& row);

  const std::vector<UpstreamParts> upstreams_;
  const unsigned home_;
  routing::RoutePlanner planner_;
  bool splits_writes_ = true;
};

}  // namespace slotway::proxy
