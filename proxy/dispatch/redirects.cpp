// The part of the Dispatcher that follows what a node says of another node, or of another time.
#include "protocol/redirect_error.hpp"
#include "protocol/reply_writer.hpp"
#include "proxy/dispatch/dispatcher.hpp"

namespace slotway::proxy {

namespace {

using protocol::ByteQueue;
using protocol::RedirectKind;
using routing::RefreshReason;

// Enough for a look at the map.
constexpr std::chrono::milliseconds kDoubtTime{300};
constexpr std::string_view kAsking = "*1\r\n$6\r\nASKING\r\n";

// What goes before or behind `request`, and whose reply nobody waits for.
Request beside(const Request& request, Request::Kind kind) {
  Request other;
  other.kind = kind;
  other.deadline = request.deadline;
  return other;
}

// Where MOVED or ASK points: without a host, to the one that said it.
routing::Endpoint target_of(const UpstreamConnection& from, const protocol::RedirectError& error) {
  return {error.host.empty() ? from.endpoint().host : std::string(error.host), error.port};
}

RefreshReason refresh_reason(RedirectKind kind) {
  return kind == RedirectKind::moved ? RefreshReason::moved : RefreshReason::clusterdown;
}

}  // namespace

void Dispatcher::queue_asking(UpstreamConnection& connection, const Request& request) {
  Request asking = beside(request, Request::Kind::asking);
  queue(connection, asking, [&](ByteQueue& out) { out.append(loop_.blocks, kAsking); });
}

void Dispatcher::queue_select(UpstreamConnection& connection, const Request& request,
                              std::uint16_t database) {
  Request select = beside(request, Request::Kind::select);
  std::string bytes;
  protocol::write_select(bytes, database);
  queue(connection, select, [&](ByteQueue& out) { out.append(loop_.blocks, bytes); });
}

// True if the error was a redirect: the request is on its way again.
bool Dispatcher::handle_redirect(UpstreamConnection& connection, std::string_view reply) {
  const protocol::RedirectError error = protocol::parse_redirect(reply);
  if (error.kind == RedirectKind::count_) return false;
  const Credit credit = credit_of(connection, error, reply);
  if (credit != Credit::full) return credit == Credit::doubtful && doubt(connection, error, reply);
  loop_.counters.redirects[index_of(error.kind)].add();
  if (connection.use().replica) return retry_at_primary(connection, error.kind);

  Request& request = connection.pipeline().front();
  if (!slots_.find(request.reply_slot)) {
    finish(request);
    return true;
  }
  request.last_error = error.kind;
  // A node that does not know where to send us is as good as one redirect too many.
  const std::uint32_t hops = error.host == "?" ? routing::kMaxHops : request.hops;
  const routing::RedirectDecision decision =
      routing::decide(error.kind, hops, request.attempts, pool_.random());
  if (decision.refresh) ask_refresh(refresh_reason(error.kind));
  if (decision.action != routing::RedirectAction::retry) {
    follow(connection, error, decision.action == routing::RedirectAction::resend_asking);
    return true;
  }
  ByteQueue bytes;
  connection.pipeline().copy_front(bytes);
  Request again = request;
  again.hops = 0;
  if (decision.awaits_primary) await_primary(again);
  park(again, std::move(bytes), loop_.now + std::chrono::duration_cast<Clock::duration>(decision.delay));
  return true;
}

// A script answers in any words, also after it has written: what looks like a redirect is taken for one only
// if the node itself may have said it, about this request and before running it. In a transaction scripts
// answer inside EXEC's array.
Dispatcher::Credit Dispatcher::credit_of(UpstreamConnection& from, const protocol::RedirectError& error,
                                         std::string_view reply) {
  const Request& request = from.pipeline().front();
  if (!request.scripted || request.leading > 0) return Credit::full;
  if (error.kind != RedirectKind::moved && error.kind != RedirectKind::ask)
    return protocol::is_refusal(reply) ? Credit::full : Credit::none;
  // No map has a node of unknown name.
  if (error.slot != request.slot || error.host == "?") return Credit::none;
  const routing::Endpoint target = target_of(from, error);
  return pool_.topology()->find(target.host, target.port) != routing::kNoNode ? Credit::full
                                                                              : Credit::doubtful;
}

// The map that it asks for will tell.
bool Dispatcher::doubt(UpstreamConnection& from, const protocol::RedirectError& error,
                       std::string_view reply) {
  ask_refresh(RefreshReason::moved);
  Request request = from.pipeline().front();
  const ReplySlot* slot = slots_.find(request.reply_slot);
  if (!slot || !has_room_to_park(request.bytes)) return false;
  request.last_error = error.kind;
  hold_session(request);
  ByteQueue bytes;
  from.pipeline().copy_front(bytes);
  const TimePoint until = loop_.now + kDoubtTime;
  parked_.park({request, std::move(bytes), slot->session,
                std::make_unique<Doubt>(Doubt{std::string(reply), target_of(from, error), until})},
               until);
  return true;
}

bool Dispatcher::settle_doubt(ParkedRequest& parked) {
  const Doubt& doubt = *parked.doubt;
  if (pool_.topology()->find(doubt.node.host, doubt.node.port) != routing::kNoNode) {
    loop_.counters.redirects[index_of(parked.request.last_error)].add();
    return true;
  }
  const TimePoint until = doubt.until;
  if (loop_.now < until) {
    parked_.park(std::move(parked), until);
    return false;
  }
  parked.bytes.clear(loop_.blocks);
  deliver(parked.request, {doubt.reply}, ErrorClass::upstream);
  return false;
}

void Dispatcher::follow(UpstreamConnection& from, const protocol::RedirectError& error, bool asking) {
  const routing::Endpoint endpoint = target_of(from, error);
  Request request = from.pipeline().front();
  request.count_hop();
  hold_session(request);
  if (!asking) move_slot(error.slot, endpoint);

  ByteQueue bytes;
  from.pipeline().copy_front(bytes);
  if (would_overtake(request)) return park(request, std::move(bytes), request.deadline);
  UpstreamConnection* target = pool_.at(endpoint, request.use);
  if (!target || !target->accepts(loop_.now)) {
    ask_refresh(RefreshReason::connection_lost);
    return park_unsent(request, std::move(bytes), target ? target->retry_at() : loop_.now + kUnroutedDelay);
  }
  send_to(*target, request, asking, [&](ByteQueue& out) { out.splice(loop_.blocks, bytes); });
}

// An earlier request of its client waits for the same slot.
bool Dispatcher::would_overtake(const Request& request) {
  const ReplySlot* slot = slots_.find(request.reply_slot);
  return slot && parked_.has(request.slot, slot->session);
}

}  // namespace slotway::proxy
