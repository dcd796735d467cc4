// The commands that the proxy answers by itself, each as Redis would: what belongs to the client's session,
// and what clients probe when they connect. Owner: a Worker. Thread: worker. Invariant: no upstream is asked.
#pragma once

#include <string>

#include "protocol/command_table.hpp"
#include "protocol/request.hpp"
#include "proxy/client/client_commands.hpp"
#include "proxy/client/client_session.hpp"
#include "proxy/client/cluster_commands.hpp"
#include "proxy/client/proxy_facts.hpp"
#include "proxy/upstream/upstream_pool.hpp"
#include "routing/info_sections.hpp"

namespace slotway::proxy {

class LocalCommands {
 public:
  // `listener`: its number. `config` is that of its entrance, and may change between two requests.
  LocalCommands(const ProxyFacts& facts, unsigned listener, const config::Config& config,
                const UpstreamPool& pool, ClientDesk& desk)
      : facts_(facts),
        listener_(listener),
        config_(config),
        pool_(pool),
        cluster_(facts, listener, config, pool),
        client_(desk) {}

  // A script of any worker's has been running on a node for long.
  bool script_runs_long() const;

  // Appends one reply to `out`; nothing if there is none or it has a reply slot of its own, as some of
  // CLIENT's (see client_commands). REQUIRES: the request's arity is right by its row.
  void run(protocol::LocalCommand command, const protocol::RequestView& request, ClientSession& session,
           std::string& out) const;

  // SENTINEL, if it is answered at all. False: it is a command that nobody knows.
  bool run_sentinel(const protocol::RequestView& request, const ClientSession& session,
                    std::string& out) const;

  // INFO's part that is the proxy's, as text.
  std::string own_info(const routing::InfoSections& sections) const;

 private:
  void info(const protocol::RequestView& request, const ClientSession& session, std::string& out) const;
  void auth(const protocol::RequestView& request, ClientSession& session, std::string& out) const;
  void hello(const protocol::RequestView& request, ClientSession& session, std::string& out) const;
  void hello_reply(const ClientSession& session, std::string& out) const;
  void reset(ClientSession& session, std::string& out) const;
  void no_touch(const protocol::RequestView& request, ClientSession& session, std::string& out) const;
  static void log_in(ClientSession& session, std::string_view user);
  bool password_matches(std::string_view user, std::string_view password) const;
  std::uint32_t databases() const;
  std::string server_version() const;

  const ProxyFacts& facts_;
  const unsigned listener_;
  const config::Config& config_;
  const UpstreamPool& pool_;
  const ClusterCommands cluster_;
  const ClientCommands client_;
};

}  // namespace slotway::proxy
