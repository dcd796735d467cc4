// CLIENT and PUBSUB with their subcommands, as Redis 7.0 answers them (networking.c, clientCommand; pubsub.c,
// pubsubCommand). Owner: LocalCommands.
// Thread: worker. Invariant: what concerns one session is answered at once; what concerns all of them goes to
// the desk, which answers later.
#pragma once

#include <string>

#include "protocol/command_table.hpp"
#include "protocol/request.hpp"
#include "proxy/client/client_desk.hpp"
#include "proxy/client/client_session.hpp"

namespace slotway::proxy {

class ClientCommands {
 public:
  explicit ClientCommands(ClientDesk& desk) : desk_(desk) {}

  // Appends one reply, or nothing: CLIENT REPLY OFF and SKIP have none, and what the desk was asked has a
  // reply slot of its own. REQUIRES: `command` is one of CLIENT's or PUBSUB's.
  void run(protocol::LocalCommand command, const protocol::RequestView& request, ClientSession& session,
           std::string& out) const;

 private:
  void list(const protocol::RequestView& request, ClientSession& session, std::string& out) const;
  void kill(const protocol::RequestView& request, ClientSession& session, std::string& out) const;
  void pubsub(protocol::LocalCommand command, const protocol::RequestView& request, ClientSession& session,
              std::string& out) const;
  void unblock(const protocol::RequestView& request, ClientSession& session, std::string& out) const;
  void pause(const protocol::RequestView& request, ClientSession& session, std::string& out) const;

  ClientDesk& desk_;
};

// Printable ASCII without blanks, or nothing.
bool is_client_name(std::string_view name);

}  // namespace slotway::proxy
