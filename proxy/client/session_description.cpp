// What CLIENT LIST tells of a client_session.

#include "config/units.hpp"
#include "proxy/client/client_session.hpp"
#include "proxy/socket_address.hpp"

namespace slotway::proxy {

ClientDescription ClientSession::describe() const {
  const auto seconds_since = [this](TimePoint then) {
    return std::chrono::duration_cast<std::chrono::seconds>(room_.loop.now - then);
  };
  ClientDescription client;
  client.id = state_.id;
  const config::ListenAddress local = local_address(socket_);
  client.unix_socket = local.is_unix();
  client.address = local.is_unix() ? local.path + ":0" : config::print_host_port(peer_address(socket_));
  client.local_address = local.is_unix() ? client.address : config::print_host_port(local.tcp);
  client.descriptor = socket_;
  client.name = state_.name;
  client.user = state_.user;
  client.lib_name = state_.lib_name;
  client.lib_version = state_.lib_version;
  client.age = seconds_since(started_);
  client.idle = seconds_since(last_active_);
  client.database = state_.facts.database;
  client.closing = closing_;
  client.monitors = monitors_;
  client.readonly = state_.readonly;
  client.no_evict = state_.no_evict;
  client.no_touch = state_.facts.no_touch;
  if (tracking_)
    client.tracking = TrackingDescription{tracking_->redirect, tracking_->bcast, tracking_->redirect_broken};
  client.resp3 = state_.facts.resp3;
  client.waits_to_write = write_blocked_;
  client.query_bytes = read_.bytes().size();
  client.output_bytes = out_.size();
  client.transaction_bytes = transaction_ ? transaction_->held_bytes() : 0;
  client.memory_bytes = memory_bytes();
  client.blocked = is_blocked() || postponed_;
  if (transaction_) client.queued = transaction_->count();
  if (last_command_) client.command = last_command_->name;
  describe_subscriptions(client);
  return client;
}

}  // namespace slotway::proxy
