// What a client_session does as a subscriber.

#include <spdlog/spdlog.h>

#include <string_view>
#include <utility>

#include "proxy/client/client_session.hpp"
#include "proxy/client/entrance.hpp"
#include "proxy/upstream/subscriptions.hpp"

namespace slotway::proxy {

bool ClientSession::run_subscription(const protocol::CommandRow& row, const protocol::RequestView& request) {
  if (replies_.size() > 0) return false;
  listens_ = true;
  room_.loop.counters.requests[index_of(row.family)].add();
  entrance_.home.subscriptions->run(*this, row, request);
  return true;
}

void ClientSession::leave_subscriptions() {
  if (std::exchange(listens_, false)) entrance_.home.subscriptions->leave(*this);
}

void ClientSession::describe_subscriptions(ClientDescription& client) const {
  if (!listens_) return;
  client.channels = entrance_.home.subscriptions->names_of(*this, protocol::ChannelKind::channel);
  client.patterns = entrance_.home.subscriptions->names_of(*this, protocol::ChannelKind::pattern);
  client.shard_channels = entrance_.home.subscriptions->names_of(*this, protocol::ChannelKind::shard);
  if (client.channels + client.patterns + client.shard_channels > 0) client.type = ClientType::pubsub;
}

bool ClientSession::has_room_for(std::size_t bytes) {
  if (finished_ || closing_) return false;
  const std::uint64_t limit = room_.loop.config.limits.max_subscriber_output_bytes;
  // What has only waited for the end of the turn is not held against the client.
  if (out_.size() + bytes > limit && !write_blocked_) write();
  if (finished_) return false;
  const std::uint64_t held_back = exec_ ? exec_->pushes.size() : 0;
  if (out_.size() + held_back + bytes > limit) {
    room_.loop.counters.subscribers_closed.add();
    if (const auto left_out = room_.subscriber_warnings.allow(room_.loop.now)) {
      spdlog::warn(
          "client {} closed: it reads its messages too slowly, and more than limits.max_subscriber_output "
          "bytes "
          "wait for it ({} more such clients since the last of these lines)",
          state_.id, *left_out);
    }
    finish();
    return false;
  }
  return true;
}

void ClientSession::push(std::string_view frame) {
  if (!has_room_for(frame.size())) return;
  if (state_.facts.resp3) {
    pushes().append(room_.loop.blocks, ">");
    frame.remove_prefix(1);
  }
  pushes().append(room_.loop.blocks, frame);
  room_.loop.counters.messages_delivered.add();
  want_settle();
}

void ClientSession::push_as_is(std::string_view frame) {
  if (!has_room_for(frame.size())) return;
  pushes().append(room_.loop.blocks, frame);
  want_settle();
}

}  // namespace slotway::proxy
