#include "proxy/upstream/invalidations.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "protocol/push_frame.hpp"
#include "protocol/reply_errors.hpp"
#include "protocol/reply_writer.hpp"
#include "proxy/client/client_desk.hpp"

namespace slotway::proxy {

namespace {

using routing::LinkId;
using routing::TrackerId;

constexpr std::string_view kTellOfChanges =
    "*4\r\n$6\r\nCLIENT\r\n$8\r\nTRACKING\r\n$2\r\nON\r\n$5\r\nBCAST\r\n";
// A node that has refused is asked again about this often.
constexpr std::chrono::seconds kRetryRefusedAfter{1};

}  // namespace

Invalidations::Invalidations(unsigned index, const ProxyFacts& facts, boost::asio::io_context& io, Loop& loop,
                             Sessions& sessions, ReplySlots& slots, UpstreamPool& pool,
                             std::function<void()> end_turn, RequestRefresh request_refresh)
    : index_(index),
      facts_(facts),
      loop_(loop),
      sessions_(sessions),
      slots_(slots),
      pool_(pool),
      end_turn_(std::move(end_turn)),
      request_refresh_(std::move(request_refresh)),
      links_(io, loop, pool.settings(), *this, {"invalidations", true}),
      table_(*this, pool.settings().limits.max_tracked_keys_per_worker) {}

// --- from a client ---

void Invalidations::start(ClientSession& session, ClientTracking wanted) {
  const TrackerId tracker = session.handle().packed();
  const Handle slot = session.open_reply(protocol::Family::connection, 0);
  session.hold_until_answered();
  const std::uint64_t redirect = wanted.redirect;
  waiting_[tracker] = {slot, loop_.now + pool_.settings().timeouts.request, std::move(wanted), redirect == 0};
  on_topology();
  if (redirect != 0) judge_redirect(tracker, redirect);
  complete_waiting();
  flush();
  count();
}

void Invalidations::stop(ClientSession& session) {
  const TrackerId tracker = session.handle().packed();
  waiting_.erase(tracker);
  table_.stop(tracker);
  count();
}

void Invalidations::remember(ClientSession& session, const Keys& keys, Handle reply) {
  const TrackerId tracker = session.handle().packed();
  for (const std::string& key : keys) table_.remember(tracker, key, reply.packed());
  count();
}

// --- CLIENT TRACKING ON ---

void Invalidations::judge_redirect(TrackerId tracker, std::uint64_t redirect) {
  // See Worker::take_client().
  const auto worker = static_cast<unsigned>(redirect % facts_.workers.size());
  if (worker == index_) return on_redirect_judged(tracker, has_client(redirect));
  facts_.post_to_desk(worker, [&facts = facts_, from = index_, number = pool_.number(), tracker,
                               redirect](ClientDesk& other) {
    const bool is_there = other.upstream(number).invalidations->has_client(redirect);
    facts.post_to_desk(from, [number, tracker, is_there](ClientDesk& mine) {
      mine.upstream(number).invalidations->on_redirect_judged(tracker, is_there);
    });
  });
}

void Invalidations::on_redirect_judged(TrackerId tracker, bool is_there) {
  const auto found = waiting_.find(tracker);
  if (found == waiting_.end()) return;
  found->second.redirect_known = true;
  if (is_there) return complete_waiting();
  std::string reply;
  protocol::write_error(reply, protocol::errors::kNoRedirectClient);
  refuse(tracker, ErrorClass::refused, reply);
}

void Invalidations::complete_waiting() {
  if (!links_tell_) return;
  std::vector<TrackerId> complete_now;
  for (const auto& [tracker, waiting] : waiting_) {
    if (waiting.redirect_known) complete_now.push_back(tracker);
  }
  for (const TrackerId tracker : complete_now) {
    const auto node = waiting_.extract(tracker);
    complete(tracker, std::move(node.mapped()));
  }
}

void Invalidations::complete(TrackerId tracker, Waiting waiting) {
  ClientSession* session = sessions_.find(Handle::unpacked(tracker));
  if (!session || session->is_finished()) return;
  if (waiting.wanted.bcast) {
    const Keys prefixes(waiting.wanted.prefixes.begin(), waiting.wanted.prefixes.end());
    table_.start_broadcast(tracker, prefixes);
  } else {
    table_.start(tracker);
  }
  session->set_tracking(std::move(waiting.wanted));
  answer(waiting.reply_slot, protocol::kOk);
}

void Invalidations::refuse(TrackerId tracker, ErrorClass error, std::string_view reply) {
  const auto node = waiting_.extract(tracker);
  loop_.counters.count_error(protocol::Family::connection, error);
  answer(node.mapped().reply_slot, reply);
}

void Invalidations::refuse_all(std::string_view reply) {
  while (!waiting_.empty()) refuse(waiting_.begin()->first, ErrorClass::upstream, reply);
}

void Invalidations::expire_waiting() {
  std::vector<TrackerId> late;
  for (const auto& [tracker, waiting] : waiting_) {
    if (loop_.now >= waiting.deadline) late.push_back(tracker);
  }
  std::string reply;
  protocol::write_error(reply, pool_.topology() ? protocol::errors::kNotSent : protocol::errors::kUncovered);
  for (const TrackerId tracker : late) refuse(tracker, ErrorClass::unreachable, reply);
}

void Invalidations::answer(Handle reply_slot, std::string_view reply) {
  ReplySlot* slot = slots_.find(reply_slot);
  if (slot) sessions_.at(slot->session).deliver(reply_slot, *slot, {reply});
}

// --- to a client ---

bool Invalidations::is_in_flight(routing::ReadId read) const {
  return slots_.find(Handle::unpacked(read)) != nullptr;
}

void Invalidations::invalidate(TrackerId tracker, std::span<const std::string_view> keys) {
  ClientSession* session = find_tracking(tracker);
  if (!session) return;
  loop_.counters.invalidations.add();
  const std::uint64_t redirect = session->tracking()->redirect;
  if (redirect == 0) {
    // RESP2 has no way to tell a client unasked.
    if (session->facts().resp3) push(*session, keys);
    return;
  }
  // Ids are not given twice.
  if (session->tracking()->redirect_broken) return break_redirect(tracker, redirect);
  const auto worker = static_cast<unsigned>(redirect % facts_.workers.size());
  if (worker == index_) {
    if (!deliver(redirect, keys)) break_redirect(tracker, redirect);
    return;
  }
  facts_.post_to_desk(worker, [&facts = facts_, from = index_, number = pool_.number(), tracker, redirect,
                               copies = Keys(keys.begin(), keys.end())](ClientDesk& other) {
    const std::vector<std::string_view> views(copies.begin(), copies.end());
    if (other.upstream(number).invalidations->deliver(redirect, views)) return;
    facts.post_to_desk(from, [number, tracker, redirect](ClientDesk& mine) {
      mine.upstream(number).invalidations->break_redirect(tracker, redirect);
    });
  });
}

bool Invalidations::deliver(std::uint64_t id, std::span<const std::string_view> keys) {
  ClientSession* session = find_client(id);
  if (!session) return false;
  const routing::SessionFacts& facts = session->facts();
  // As Redis: one of RESP2 that does not listen is told nothing.
  if (!facts.resp3 && !facts.subscriber) return true;
  std::string frame;
  protocol::write_invalidation(frame, facts.resp3, keys);
  session->push_as_is(frame);
  return true;
}

void Invalidations::break_redirect(TrackerId tracker, std::uint64_t redirect) {
  ClientSession* session = find_tracking(tracker);
  if (!session || session->tracking()->redirect != redirect) return;
  session->mark_redirect_broken();
  if (!session->facts().resp3) return;
  std::string frame;
  protocol::write_broken_redirect(frame, redirect);
  session->push_in_turn(frame);
}

// Its own order is kept: what it has read before comes before, what it has changed itself is answered first.
void Invalidations::push(ClientSession& session, std::span<const std::string_view> keys) {
  if (session.is_blocked()) {
    late_.push_back({session.handle().packed(), Keys(keys.begin(), keys.end())});
    return;
  }
  std::string frame;
  protocol::write_invalidation(frame, true, keys);
  session.push_in_turn(frame);
}

void Invalidations::push_late() {
  for (const Late& late : std::exchange(late_, {})) {
    ClientSession* session = find_tracking(late.tracker);
    if (!session || !session->facts().resp3) continue;
    const std::vector<std::string_view> keys(late.keys.begin(), late.keys.end());
    std::string frame;
    protocol::write_invalidation(frame, true, keys);
    session->push_as_is(frame);
  }
}

ClientSession* Invalidations::find_tracking(TrackerId tracker) {
  ClientSession* session = sessions_.find(Handle::unpacked(tracker));
  return session && !session->is_finished() && session->tracking() ? session : nullptr;
}

ClientSession* Invalidations::find_client(std::uint64_t id) {
  const auto lives = [id](const ClientSession* session) {
    return session && !session->is_finished() && session->state().id == id;
  };
  if (const auto known = by_id_.find(id); known != by_id_.end()) {
    ClientSession* session = sessions_.find(known->second);
    if (lives(session)) return session;
    by_id_.erase(known);
    return nullptr;
  }
  ClientSession* found = nullptr;
  sessions_.for_each([&](Handle, ClientSession& session) {
    if (lives(&session)) found = &session;
  });
  if (found) by_id_[id] = found->handle();
  return found;
}

// --- links ---

void Invalidations::on_topology() {
  if (table_.trackers() == 0 && waiting_.empty()) return;
  links_.follow(pool_.topology());
  check_map();
  check_links();
  flush();
}

// A slot may get another owner without a word to those who have read its keys.
void Invalidations::check_map() {
  const bool has_moved = map_version_ != pool_.map_version();
  map_version_ = pool_.map_version();
  if (has_moved && stands_) table_.on_change_of_all();
}

Invalidations::LinkState& Invalidations::state_of(LinkId link) {
  if (link >= states_.size()) states_.resize(link + 1, LinkState::down);
  return states_[link];
}

bool Invalidations::is_used(LinkId link) const {
  const std::vector<LinkId>& primaries = links_.primaries();
  return (table_.trackers() > 0 || !waiting_.empty()) && std::ranges::count(primaries, link) > 0;
}

void Invalidations::on_ready(LinkId link) {
  state_of(link) = LinkState::asked;
  links_[link].out() += kTellOfChanges;
}

bool Invalidations::on_frame(LinkId link, std::string_view frame) {
  if (frame == protocol::kPong) return true;
  LinkState& state = state_of(link);
  if (state == LinkState::asked) {
    const bool refused = frame.front() == '-';
    if (!refused && frame != protocol::kOk) return false;
    state = refused ? LinkState::refused : LinkState::tells;
    if (refused) refuse_all(frame);
    check_links();
    return true;
  }
  const auto invalidation = protocol::parse_invalidation(frame);
  if (!invalidation) return false;
  invalidation->keys.empty() ? table_.on_change_of_all() : table_.on_change(invalidation->keys);
  return true;
}

void Invalidations::on_lost(LinkId link) {
  state_of(link) = LinkState::down;
  request_refresh_(routing::RefreshReason::connection_lost);
  check_links();
}

void Invalidations::check_links() {
  const std::vector<LinkId>& primaries = links_.primaries();
  links_tell_ = links_.has_all_primaries() && std::ranges::all_of(primaries, [this](LinkId link) {
                  return state_of(link) == LinkState::tells;
                });
  // Somebody may have changed what nobody was told of.
  const bool stands = links_tell_ && !has_strays_;
  if (std::exchange(stands_, stands) != stands) table_.on_change_of_all();
  complete_waiting();
}

void Invalidations::end_turn() {
  flush();
  count();
  end_turn_();
}

void Invalidations::flush() {
  links_.flush([this](LinkId link) { return is_used(link); });
}

void Invalidations::on_tick() {
  push_late();
  has_strays_ = strays_ != pool_.strays();
  strays_ = pool_.strays();
  std::erase_if(by_id_, [this](const auto& known) { return !sessions_.find(known.second); });
  if (links_.empty() && waiting_.empty()) return;
  on_topology();
  if (!stands_) table_.on_change_of_all();
  links_.on_tick([this](LinkId link) { return is_used(link); },
                 [this](LinkId link) {
                   state_of(link) = LinkState::down;
                   check_links();
                 });
  expire_waiting();
  if (loop_.now >= retry_at_) {
    retry_at_ = loop_.now + kRetryRefusedAfter;
    for (LinkId link = 0; link < states_.size(); ++link) {
      if (states_[link] == LinkState::refused) on_ready(link);
    }
  }
  flush();
  count();
}

void Invalidations::count() {
  trackers_.set(loop_.counters.tracking_clients, table_.trackers());
  keys_.set(loop_.counters.tracked_keys, table_.keys());
  items_.set(loop_.counters.tracked_items, table_.items());
  prefixes_.set(loop_.counters.tracked_prefixes, table_.prefixes());
}

}  // namespace slotway::proxy
