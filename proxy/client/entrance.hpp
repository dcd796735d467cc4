// A listener as one worker sees it: what holds for the clients that have come in there, and where their
// requests go. Owner: a Worker. Thread: worker. Invariant: it outlives its sessions.
#pragma once

#include <memory>
#include <optional>

#include "config/config.hpp"
#include "proxy/client/local_commands.hpp"
#include "proxy/client/tls_stream.hpp"
#include "proxy/client/upstream_parts.hpp"
#include "proxy/dispatch/prefix_router.hpp"

namespace slotway::proxy {

struct Entrance {
  // `view`: see below. `number`: of the listener.
  Entrance(const ProxyFacts& facts, unsigned number, const config::Config& view, UpstreamParts parts,
           const UpstreamPool& pool, ClientDesk& desk)
      : config(view), home(parts), local_commands(facts, number, config, pool, desk) {}
  Entrance(const Entrance&) = delete;
  Entrance& operator=(const Entrance&) = delete;

  // As if this listener, and the upstream that is its home, were all there is.
  config::Config config;
  std::optional<config::ReadFrom> read_from;  // in the place of the upstreams'
  UpstreamParts home;
  std::unique_ptr<TlsContext> tls;  // for clients that come from now on; nullptr: none
  const LocalCommands local_commands;
  std::unique_ptr<PrefixRouter> router;  // nullptr: all that is asked is asked at home
};

}  // namespace slotway::proxy
