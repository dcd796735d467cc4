// CLUSTER's reading subcommands, READONLY, READWRITE and ASKING, answered from the worker's map as
// `cluster_view` says. Owner: LocalCommands. Thread: worker. Invariant: in view `proxy` no reply names a
// node.
#pragma once

#include <string>

#include "protocol/command_table.hpp"
#include "protocol/request.hpp"
#include "proxy/client/client_session.hpp"
#include "proxy/client/cluster_view.hpp"
#include "proxy/client/proxy_facts.hpp"
#include "proxy/upstream/upstream_pool.hpp"

namespace slotway::proxy {

class ClusterCommands {
 public:
  // As of LocalCommands.
  ClusterCommands(const ProxyFacts& facts, unsigned listener, const config::Config& config,
                  const UpstreamPool& pool)
      : facts_(facts), listener_(listener), config_(config), pool_(pool) {}

  // Appends one reply. REQUIRES: `command` is one of CLUSTER's, readonly, readwrite or asking.
  void run(protocol::LocalCommand command, const protocol::RequestView& request, ClientSession& session,
           std::string& out) const;
  // Slotway's, as that client is to connect to it: `announce`, or where it is connected.
  config::HostPort own_address(const ClientSession& session) const;

 private:
  ClusterView view_for(const ClientSession& session) const;

  const ProxyFacts& facts_;
  const unsigned listener_;
  const config::Config& config_;
  const UpstreamPool& pool_;
};

}  // namespace slotway::proxy
