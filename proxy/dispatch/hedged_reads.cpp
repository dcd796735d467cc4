// The part of the Dispatcher that asks another node too what a replica is late with (upstream.hedged_reads).
// Whose reply comes first is delivered; the other one finds that its slot has been filled, or is gone.
#include "proxy/dispatch/dispatcher.hpp"

namespace slotway::proxy {

using protocol::ByteQueue;

namespace {

// The parts of a split command are merged as they come: a second reply of one would count twice.
bool may_be_hedged(const Request& request) {
  return request.kind == Request::Kind::client && request.fragment == Request::kWhole && request.readonly &&
         !request.hedged && !request.abandoned && !request.fixed && !request.scripted &&
         request.pin == Request::Pin::none;
}

}  // namespace

std::optional<TimePoint> Dispatcher::next_hedge() {
  if (!hedge_policy_.may_hedge()) return std::nullopt;
  std::optional<TimePoint> due;
  pool_.for_each_replica([&](UpstreamConnection& connection) {
    UpstreamPipeline& pipeline = connection.pipeline();
    for (std::size_t i = 0; i < pipeline.size(); ++i) {
      if (!may_be_hedged(pipeline[i])) continue;
      const TimePoint late = pipeline[i].queued_at + hedge_policy_.patience();
      if (!due || late < *due) due = late;
      return;  // those behind it came later
    }
  });
  return due;
}

void Dispatcher::send_hedges() {
  late_replicas_.clear();
  pool_.for_each_replica(
      [&](UpstreamConnection& connection) { late_replicas_.push_back(connection.handle()); });
  for (const Handle handle : late_replicas_) {
    std::size_t before = 0;  // bytes of the requests ahead
    for (std::size_t i = 0; hedge_policy_.may_hedge(); ++i) {
      // Another connection may have been opened for the one before.
      UpstreamConnection* connection = pool_.find(handle);
      if (!connection || i >= connection->pipeline().size()) break;
      UpstreamPipeline& pipeline = connection->pipeline();
      if (loop_.now < pipeline[i].queued_at + hedge_policy_.patience()) break;
      if (may_be_hedged(pipeline[i])) hedge(*connection, i, before);
      before += connection->pipeline()[i].bytes;
    }
  }
}

void Dispatcher::hedge(UpstreamConnection& from, std::size_t index, std::size_t before) {
  Request& late = from.pipeline()[index];
  ReplySlot* slot = slots_.find(late.reply_slot);
  if (!slot || slot->state != ReplySlot::State::waiting) return;
  Request copy = late;
  const routing::Endpoint& asked = from.endpoint();
  copy.spreads = true;
  UpstreamConnection* other = reader_for(copy);
  if (other && other->endpoint() == asked) other = reader_for(copy);
  if (other && other->endpoint() == asked) other = nullptr;
  if (!other && copy.read_from != config::ReadFrom::replica) {
    copy.spreads = false;
    copy.use.replica = false;
    other = pool_.for_slot(copy.slot, copy.use);
  }
  if (!other || !other->accepts(loop_.now) || other->endpoint() == asked) return;
  late.hedged = true;
  copy.hedged = copy.is_hedge = true;
  copy.count_attempt();
  ByteQueue bytes;
  from.pipeline().copy(before, copy.bytes, bytes);
  hedge_policy_.spend();
  loop_.counters.in_flight.add();
  loop_.counters.hedged_reads.add();
  send_to(*other, copy, false, [&](ByteQueue& out) { out.splice(loop_.blocks, bytes); });
}

}  // namespace slotway::proxy
