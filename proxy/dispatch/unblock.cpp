// The part of the Dispatcher that serves CLIENT UNBLOCK. Only the node knows whether an element is on its way
// to the client already, so the node is told to unblock the connection, and its answer is the answer.
#include <string>

#include "protocol/reply_errors.hpp"
#include "protocol/reply_writer.hpp"
#include "proxy/dispatch/dispatcher.hpp"

namespace slotway::proxy {

namespace {

using protocol::ByteQueue;

std::string unblock_text(std::int64_t client_id, bool with_error) {
  std::string text;
  protocol::write_array_header(text, 4);
  protocol::write_bulk(text, "CLIENT");
  protocol::write_bulk(text, "UNBLOCK");
  protocol::write_bulk(text, std::to_string(client_id));
  protocol::write_bulk(text, with_error ? "ERROR" : "TIMEOUT");
  return text;
}

}  // namespace

// At the worker of the client that is to be unblocked.
Unblocking Dispatcher::unblock(Handle session, bool with_error) {
  Unblocking result;
  // --- parked: no node has it ---
  while (auto parked = parked_.take_blocking(session)) {
    parked->bytes.clear(loop_.blocks);
    unblock_here(parked->request, with_error);
    result.done = true;
  }

  // --- its connections ---
  const UpstreamConnection* pinned = pool_.find(sessions_.at(session).blocking());
  if (!pinned || pinned->pipeline().empty() || !pinned->pipeline().front().may_block()) return result;
  std::vector<Handle> handles{pinned->handle()};
  const Handle reply_slot = pinned->pipeline().front().reply_slot;
  for (const Waiting& waiting : waiting_) {
    if (waiting.reply_slot == reply_slot && waiting.connection != pinned->handle())
      handles.push_back(waiting.connection);
  }
  for (const Handle handle : handles) {
    UpstreamConnection& connection = *pool_.find(handle);
    const Request request = connection.pipeline().front();
    if (connection.state() != UpstreamState::ready || connection.pipeline().front_is_unsent()) {
      leave(connection, request);
      connection.abandon();
      unblock_here(request, with_error);
      result.done = true;
    } else if (connection.client_id() != 0) {
      // Nobody else may have it before the node has been told.
      connection.retire(true);
      result.blocked.push_back({connection.endpoint(), connection.client_id()});
    }
  }
  return result;
}

// As the node would: no element, no replica that is known to have the writes, or the error.
void Dispatcher::unblock_here(const Request& request, bool with_error) {
  if (with_error) return deliver_error(request, ErrorClass::upstream, protocol::errors::kUnblocked);
  if (request.pin == Request::Pin::wait) return deliver(request, {":0\r\n"}, ErrorClass::count_);
  deliver(request, {request.use.resp3 ? protocol::kNull3 : protocol::kNullArray}, ErrorClass::count_);
}

// At the worker of the client that asks.
void Dispatcher::tell_to_unblock(const ClientSession& asking, Handle reply_slot,
                                 const std::vector<BlockedConnection>& blocked, bool with_error) {
  bool first = true;
  for (const BlockedConnection& at : blocked) {
    Request request;
    request.order = ++orders_;
    request.kind = first ? Request::Kind::client : Request::Kind::probe;
    request.reply_slot = first ? reply_slot : Handle{};
    request.use.resp3 = asking.facts().resp3;
    request.fixed = true;
    request.deadline = loop_.now + pool_.settings().timeouts.request;
    loop_.counters.in_flight.add(first ? 1 : 0);
    UpstreamConnection* connection = pool_.at(at.node, request.use);
    if (connection->accepts(loop_.now)) {
      const std::string text = unblock_text(at.client_id, with_error);
      send_to(*connection, request, false, [&](ByteQueue& out) { out.append(loop_.blocks, text); });
    } else if (first) {
      deliver_error(request, ErrorClass::unreachable, protocol::errors::kNotSent);
    }
    first = false;
  }
}

}  // namespace slotway::proxy
