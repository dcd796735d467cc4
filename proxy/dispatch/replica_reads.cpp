// The part of the Dispatcher that has reads served by replicas (read_from of the upstream, or of the
// listener), and by the primary where a replica fails.
#include "proxy/client/entrance.hpp"
#include "proxy/dispatch/dispatcher.hpp"

namespace slotway::proxy {

using protocol::ByteQueue;
using protocol::RedirectKind;
using routing::RefreshReason;

// Who watches keys, or has cached them, must not hear of an older value.
void Dispatcher::choose_side(ClientSession& session, Request& request) const {
  request.read_from = session.entrance().read_from.value_or(pool_.settings().upstream.read_from);
  request.spreads = request.readonly && request.read_from != config::ReadFrom::primary &&
                    request.slot != routing::kAnySlot && !session.tracking() &&
                    session.watched_slot() == routing::kAnySlot;
  if (notes_writes_ && !request.readonly) session.note_write(request.slot, request.reply_slot);
}

// The connection that is to serve a read; nullptr: the primary's, and then it does not spread any more, or
// none for now.
UpstreamConnection* Dispatcher::reader_for(Request& request) {
  TimePoint since{};
  if (notes_writes_) {
    if (const ClientSession* session = session_of(request)) since = session->read_since(request.slot);
  }
  UpstreamConnection* replica = since == TimePoint::max()
                                    ? nullptr
                                    : pool_.for_read(request.slot, request.read_from, request.use, since);
  if (replica) {
    request.use.replica = true;
    loop_.counters.replica_reads.add();
    return replica;
  }
  const bool waits = request.read_from == config::ReadFrom::replica && since == TimePoint{};
  request.spreads = waits;
  return nullptr;
}

// Its node has failed it: the primary is to serve it.
void Dispatcher::leave_replica(Request& request) {
  request.spreads = false;
  request.use.replica = false;
  loop_.counters.replica_retries.add();
}

bool Dispatcher::retry_at_primary(UpstreamConnection& from, RedirectKind kind) {
  pool_.bench(from.endpoint());
  if (kind == RedirectKind::moved) ask_refresh(RefreshReason::moved);
  Request request = from.pipeline().front();
  if (!slots_.find(request.reply_slot)) {
    finish(request);
    return true;
  }
  leave_replica(request);
  hold_session(request);
  ByteQueue bytes;
  from.pipeline().copy_front(bytes);
  send_bytes(request, bytes);
  return true;
}

}  // namespace slotway::proxy
