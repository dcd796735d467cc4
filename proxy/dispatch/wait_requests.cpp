// The part of the Dispatcher that serves WAIT: how many replicas have the client's writes. A node counts
// those that have acknowledged its replication offset as it was after the connection's last command
// (Redis 7.0, client->woff in processCommand), so the WAIT follows a PING on a connection set aside, at every
// primary.
#include <algorithm>

#include "protocol/redirect_error.hpp"
#include "protocol/reply_errors.hpp"
#include "proxy/dispatch/dispatcher.hpp"
#include "proxy/upstream/node_connection.hpp"

namespace slotway::proxy {

bool Dispatcher::send_wait(ClientSession& session, const protocol::RequestView& request,
                           const routing::Wait& wait) {
  if (session.has_pending()) return false;
  const protocol::CommandRow& row = *wait.row;
  loop_.counters.requests[index_of(row.family)].add();
  const auto& topology = pool_.topology();
  if (!pool_.may_lease(topology ? topology->shard_slots().size() : 1)) {
    session.reply_error(row.family, ErrorClass::refused, protocol::errors::kAllPinned);
    return true;
  }
  Request whole = begin_pinned(session, row, routing::kAnySlot, request.bytes().size(), Request::Pin::wait);
  whole.fragment = Request::kEveryShard;
  session.begin_blocking(whole.reply_slot);
  loop_.counters.clients_blocked.add();
  whole.leading = 1;
  whole.deadline = wait.wait == routing::kForever ? TimePoint::max() : whole.deadline + wait.wait;
  std::unique_ptr<routing::Merger> merger = take_merger();
  merger->reset(row.merge, 0, false, 0);
  slots_.at(whole.reply_slot).rest().merger = std::move(merger);
  protocol::ByteQueue bytes;
  bytes.append(loop_.blocks, kPing);
  bytes.append(loop_.blocks, request.bytes());
  spread(whole, std::move(bytes));
  return true;
}

void Dispatcher::on_wait_reply(UpstreamConnection& connection, std::string_view reply) {
  const Request request = connection.pipeline().front();
  const std::string_view refused = connection.pipeline().leading_error();
  const std::string_view counted = refused.empty() ? reply : refused;
  const bool is_error = counted.front() == '-';
  leave(connection, request);
  // A primary that has become a replica says so to the client: its writes may be lost.
  if (is_error && protocol::parse_redirect(counted).kind != protocol::RedirectKind::count_) {
    handle_redirect(connection, counted);
  } else {
    deliver(request, {counted}, is_error ? ErrorClass::upstream : ErrorClass::count_);
  }
  pool_.release(connection);
}

// The connection carries nothing of the session's any more. A WAIT goes on with its others.
void Dispatcher::leave(const UpstreamConnection& connection, const Request& request) {
  const Handle handle = connection.handle();
  std::erase_if(waiting_, [&](const Waiting& waiting) { return waiting.connection == handle; });
  ClientSession* session = session_of(request);
  if (!session) return;
  const auto other = std::find_if(waiting_.begin(), waiting_.end(), [&](const Waiting& waiting) {
    return waiting.reply_slot == request.reply_slot;
  });
  session->set_blocking(other == waiting_.end() ? Handle{} : other->connection);
}

}  // namespace slotway::proxy
