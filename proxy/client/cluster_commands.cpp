#include "proxy/client/cluster_commands.hpp"

#include "config/listen_address.hpp"
#include "protocol/reply_errors.hpp"
#include "protocol/reply_writer.hpp"
#include "proxy/socket_address.hpp"
#include "routing/key_slot.hpp"

namespace slotway::proxy {

using protocol::LocalCommand;

void ClusterCommands::run(LocalCommand command, const protocol::RequestView& request, ClientSession& session,
                          std::string& out) const {
  if (config_.upstream.is_one_shard()) return protocol::write_error(out, protocol::errors::kNoCluster);
  switch (command) {
    case LocalCommand::cluster_slots:
      return write_cluster_slots(view_for(session), session.facts().resp3, out);
    case LocalCommand::cluster_shards:
      return write_cluster_shards(view_for(session), session.facts().resp3, out);
    case LocalCommand::cluster_nodes:
      return protocol::write_verbatim(out, session.facts().resp3, cluster_nodes_text(view_for(session)));
    case LocalCommand::cluster_info:
      return protocol::write_verbatim(out, session.facts().resp3, cluster_info_text(view_for(session)));
    case LocalCommand::cluster_myid: {
      const ClusterView view = view_for(session);
      if (view.nodes.empty()) return protocol::write_error(out, protocol::errors::kNoMap);
      return protocol::write_bulk(out, view.nodes[view.myself].id);
    }
    case LocalCommand::cluster_keyslot: return protocol::write_integer(out, routing::slot_of(request.arg(2)));
    // Nodes are asked by the proxy, which follows redirects itself: there is nothing to switch.
    case LocalCommand::readonly: session.state().readonly = true; break;
    case LocalCommand::readwrite: session.state().readonly = false; break;
    default: break;
  }
  out += protocol::kOk;
}

ClusterView ClusterCommands::view_for(const ClientSession& session) const {
  const routing::Topology* topology = pool_.topology().get();
  if (config_.client.cluster_view == config::ClusterViewMode::nodes) return nodes_view(topology);
  return proxy_view(own_address(session), topology);
}

config::HostPort ClusterCommands::own_address(const ClientSession& session) const {
  if (config_.client.announce) return *config_.client.announce;
  const config::ListenAddress local = local_address(session.socket());
  return local.is_unix() ? config::reachable_address(facts_.listen[listener_]) : local.tcp;
}

}  // namespace slotway::proxy
