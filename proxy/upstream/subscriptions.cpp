#include "proxy/upstream/subscriptions.hpp"

#include <algorithm>
#include <utility>

#include "protocol/push_frame.hpp"
#include "protocol/reply_errors.hpp"
#include "protocol/reply_writer.hpp"
#include "routing/backoff.hpp"

namespace slotway::proxy {

namespace {

using protocol::ChannelKind;
using protocol::LocalCommand;
using routing::kNoLink;
using routing::LinkId;
using routing::ListenerId;
using routing::RefreshReason;

// What a node has refused is asked for again about this often.
constexpr routing::Backoff kRetryRefused{std::chrono::seconds{1}, std::chrono::seconds{1}};

struct Operation {
  ChannelKind kind;
  bool subscribes;
};

Operation operation_of(LocalCommand command) {
  switch (command) {
    case LocalCommand::subscribe: return {ChannelKind::channel, true};
    case LocalCommand::psubscribe: return {ChannelKind::pattern, true};
    case LocalCommand::ssubscribe: return {ChannelKind::shard, true};
    case LocalCommand::punsubscribe: return {ChannelKind::pattern, false};
    case LocalCommand::sunsubscribe: return {ChannelKind::shard, false};
    default: return {ChannelKind::channel, false};
  }
}

}  // namespace

Subscriptions::Subscriptions(boost::asio::io_context& io, Loop& loop, Sessions& sessions, ReplySlots& slots,
                             UpstreamPool& pool, std::function<void()> end_turn,
                             RequestRefresh request_refresh)
    : loop_(loop),
      sessions_(sessions),
      slots_(slots),
      pool_(pool),
      end_turn_(std::move(end_turn)),
      request_refresh_(std::move(request_refresh)),
      links_(io, loop, pool.settings(), *this, {"subscriptions", false}) {}

// --- from a client ---

void Subscriptions::run(ClientSession& session, const protocol::CommandRow& row,
                        const protocol::RequestView& request) {
  const Operation operation = operation_of(row.local);
  const ListenerId listener = session.handle().packed();
  names_.clear();
  for (std::size_t i = 1; i < request.argc(); ++i) names_.push_back(request.arg(i));
  const Handle slot = session.open_reply(row.family, request.bytes().size());
  follow_map();
  if (operation.subscribes) {
    waiting_[listener] = {slot, loop_.now + pool_.settings().timeouts.request};
    session.hold_until_answered();
    table_.subscribe(listener, operation.kind, names_, session.facts().resp3);
  } else {
    replies_.clear();
    table_.unsubscribe(listener, operation.kind, names_, session.facts().resp3, replies_);
    session.state().facts.subscriber = table_.is_subscriber(listener);
    deliver(session, slot, slots_.at(slot), replies_);
  }
  flush();
  count();
}

void Subscriptions::leave(ClientSession& session) {
  const ListenerId listener = session.handle().packed();
  waiting_.erase(listener);
  table_.leave(listener);
  session.state().facts.subscriber = false;
  flush();
  count();
}

std::size_t Subscriptions::names_of(const ClientSession& session, ChannelKind kind) const {
  return table_.names_of(session.handle().packed(), kind);
}

// --- to a client ---

void Subscriptions::acknowledge(ListenerId listener, std::string_view replies) {
  if (ClientSession* session = sessions_.find(Handle::unpacked(listener)))
    session->state().facts.subscriber = true;
  answer(listener, replies);
}

void Subscriptions::refuse(ListenerId listener, std::string_view error_reply) {
  loop_.counters.count_error(protocol::Family::pubsub, ErrorClass::upstream);
  answer(listener, error_reply);
}

void Subscriptions::answer(ListenerId listener, std::string_view replies) {
  const auto found = waiting_.find(listener);
  if (found == waiting_.end()) return;
  const Handle handle = found->second.reply_slot;
  waiting_.erase(found);
  ReplySlot* slot = slots_.find(handle);
  if (slot) deliver(sessions_.at(slot->session), handle, *slot, replies);
}

// Acknowledgements are pushes: CLIENT REPLY OFF does not silence them (addReplyPubsubSubscribed,
// CLIENT_PUSHING).
void Subscriptions::deliver(ClientSession& session, Handle handle, ReplySlot& slot,
                            std::string_view replies) {
  if (!replies.starts_with('-')) slot.muted = false;
  session.deliver(handle, slot, {replies});
}

void Subscriptions::push(ListenerId listener, std::string_view frame) {
  if (ClientSession* session = sessions_.find(Handle::unpacked(listener))) session->push(frame);
}

void Subscriptions::expire_waiting() {
  std::vector<ListenerId> late;
  for (const auto& [listener, waiting] : waiting_) {
    if (loop_.now >= waiting.deadline) late.push_back(listener);
  }
  for (const ListenerId listener : late) {
    table_.cancel(listener);
    loop_.counters.count_error(protocol::Family::pubsub, ErrorClass::unreachable);
    std::string reply;
    protocol::write_error(reply,
                          pool_.topology() ? protocol::errors::kNotSent : protocol::errors::kUncovered);
    answer(listener, reply);
  }
}

// --- the map ---

void Subscriptions::on_topology() {
  if (table_.size() == 0) return;
  follow_map();
  flush();
}

void Subscriptions::follow_map() {
  if (!links_.follow(pool_.topology())) return;
  choose_home();
  table_.reroute();
}

// The one that is the home stays it while it serves: a change may lose messages. Else the first that PUBLISH
// is sent to as well; if none serves, each in turn.
bool Subscriptions::choose_home() {
  const LinkId before = home_;
  const std::vector<LinkId>& primaries = links_.primaries();
  const auto serves = [this](LinkId link) { return !links_[link].is_failing(); };
  const bool is_primary = std::ranges::count(primaries, home_) > 0;
  if (is_primary && serves(home_)) return false;
  if (const auto found = std::ranges::find_if(primaries, serves); found != primaries.end()) {
    home_ = *found;
  } else if (primaries.empty()) {
    home_ = kNoLink;
  } else {
    const auto next = std::ranges::find(primaries, home_);
    const bool is_last = next == primaries.end() || next + 1 == primaries.end();
    home_ = is_last ? primaries.front() : *(next + 1);
  }
  return home_ != before;
}

LinkId Subscriptions::slot_link(routing::Slot slot) {
  const routing::Topology* map = links_.topology();
  const routing::NodeIndex node = map ? map->primary_of(slot) : routing::kNoNode;
  return node == routing::kNoNode ? kNoLink : links_.at(node);
}

void Subscriptions::move_slot(LinkId from, const protocol::RedirectError& moved) {
  const std::string_view host =
      moved.host.empty() ? std::string_view(links_[from].endpoint().host) : moved.host;
  request_refresh_(RefreshReason::moved);
  if (host == "?") return;
  pool_.move_slot(moved.slot, {std::string(host), moved.port});
  follow_map();
}

// --- links ---

void Subscriptions::send(LinkId link, ChannelKind kind, bool subscribes, std::string_view name) {
  protocol::write_subscription(links_[link].out(), kind, subscribes, name);
}

void Subscriptions::on_ready(LinkId link) { table_.on_ready(link); }

bool Subscriptions::on_frame(LinkId link, std::string_view frame) { return table_.on_frame(link, frame); }

void Subscriptions::on_lost(LinkId link) {
  table_.on_lost(link);
  request_refresh_(RefreshReason::connection_lost);
  if (choose_home()) table_.reroute();
}

void Subscriptions::end_turn() {
  flush();
  count();
  end_turn_();
}

void Subscriptions::flush() {
  links_.flush([this](LinkId link) { return table_.uses(link) > 0; });
}

void Subscriptions::on_tick() {
  if (links_.empty() && waiting_.empty()) return;
  if (table_.size() > 0) follow_map();
  links_.on_tick([this](LinkId link) { return table_.uses(link) > 0; },
                 [this](LinkId link) { table_.on_closed(link); });
  expire_waiting();
  if (loop_.now >= retry_at_) {
    table_.retry_refused();
    retry_at_ = loop_.now + kRetryRefused.delay(0, pool_.random());
  }
  flush();
  count();
}

void Subscriptions::count() {
  subscribed_.set(loop_.counters.subscriptions, table_.size());
  subscribers_.set(loop_.counters.subscribers, table_.listeners());
}

}  // namespace slotway::proxy
