#include "routing/subscription_table.hpp"

#include <algorithm>

#include "routing/keyspace_channels.hpp"

namespace slotway::routing {

using protocol::PushFrame;
using protocol::RedirectKind;

namespace {

// Nodes that send a shard channel round and round are asked again later.
constexpr std::uint8_t kMaxChannelHops = 5;

bool is_everywhere(ChannelKind kind, std::string_view name) {
  switch (kind) {
    case ChannelKind::channel: return is_keyspace_channel(name);
    case ChannelKind::pattern: return may_match_keyspace_channel(name);
    case ChannelKind::shard: break;
  }
  return false;
}

}  // namespace

// --- looking up ---

std::size_t SubscriptionTable::size() const {
  return entries_[0].size() + entries_[1].size() + entries_[2].size();
}

// As Redis counts in its acknowledgements: shard channels by themselves.
std::size_t SubscriptionTable::Client::count(ChannelKind kind) const {
  if (kind == ChannelKind::shard) return members[index_of(kind)].size();
  return members[index_of(ChannelKind::channel)].size() + members[index_of(ChannelKind::pattern)].size();
}

bool SubscriptionTable::Client::is_empty() const {
  return count(ChannelKind::channel) + count(ChannelKind::shard) == 0;
}

bool SubscriptionTable::is_subscriber(ListenerId listener) const {
  const auto found = clients_.find(listener);
  return found != clients_.end() && !found->second.is_empty();
}

std::size_t SubscriptionTable::names_of(ListenerId listener, ChannelKind kind) const {
  const auto found = clients_.find(listener);
  return found == clients_.end() ? 0 : found->second.members[index_of(kind)].size();
}

std::size_t SubscriptionTable::listeners_of(ChannelKind kind, std::string_view name) const {
  const Entries& entries = entries_[index_of(kind)];
  const auto found = entries.find(name);
  return found == entries.end() ? 0 : found->second.listeners.size();
}

void SubscriptionTable::for_each_name(ChannelKind kind,
                                      const std::function<void(std::string_view name)>& visit) const {
  for (const auto& [name, entry] : entries_[index_of(kind)]) {
    if (!entry.listeners.empty()) visit(name);
  }
}

SubscriptionTable::Entry* SubscriptionTable::find(ChannelKind kind, std::string_view name) {
  const auto found = entries_[index_of(kind)].find(name);
  return found == entries_[index_of(kind)].end() ? nullptr : &found->second;
}

SubscriptionTable::Entry& SubscriptionTable::entry_of(ChannelKind kind, std::string_view name) {
  if (Entry* entry = find(kind, name)) return *entry;
  const auto added = entries_[index_of(kind)].try_emplace(std::string(name)).first;
  Entry& entry = added->second;
  entry.kind = kind;
  entry.name = added->first;
  entry.everywhere = is_everywhere(kind, name);
  return entry;
}

SubscriptionTable::Link& SubscriptionTable::link_of(LinkId link) {
  if (link >= links_.size()) links_.resize(link + 1);
  return links_[link];
}

SubscriptionTable::Place* SubscriptionTable::place_of(Entry& entry, LinkId link) {
  const auto found = std::ranges::find(entry.places, link, &Place::link);
  return found == entry.places.end() ? nullptr : &*found;
}

bool SubscriptionTable::has_member(const Client& client, Entry& entry) {
  return client.members[index_of(entry.kind)].contains(&entry);
}

template <class Visit>
void SubscriptionTable::for_each(Visit visit) {
  for (Entries& entries : entries_) {
    for (auto& [name, entry] : entries) visit(entry);
  }
}

// --- clients ---

void SubscriptionTable::subscribe(ListenerId listener, ChannelKind kind, Names names, bool resp3) {
  Client& client = clients_[listener];
  client.resp3 = resp3;
  for (const std::string_view name : names) {
    Entry& entry = entry_of(kind, name);
    client.awaited.push_back(&entry);
    if (has_member(client, entry) || std::ranges::count(entry.waiters, listener) > 0) continue;
    entry.waiters.push_back(listener);
    if (!entry.stands) ++client.missing;
    if (entry.places.empty()) route(entry);
  }
  if (client.missing == 0) complete(listener);
  complete_ready();
}

// All names of its command stand.
void SubscriptionTable::complete(ListenerId listener) {
  Client& client = clients_.at(listener);
  std::string replies;
  for (Entry* entry : client.awaited) {
    if (!has_member(client, *entry)) {
      client.members[index_of(entry->kind)].emplace(entry, Membership{entry->listeners.size(), ++orders_});
      entry->listeners.push_back(listener);
      std::erase(entry->waiters, listener);
    }
    protocol::write_acknowledgement(replies, client.resp3, entry->kind, true, entry->name,
                                    client.count(entry->kind));
  }
  client.awaited.clear();
  host_.acknowledge(listener, replies);
}

void SubscriptionTable::complete_ready() {
  while (!completed_.empty()) {
    const ListenerId listener = completed_.back();
    completed_.pop_back();
    const auto found = clients_.find(listener);
    // It may have been given up, or one of its names fell again.
    if (found == clients_.end() || found->second.awaited.empty() || found->second.missing > 0) continue;
    complete(listener);
  }
}

void SubscriptionTable::unsubscribe(ListenerId listener, ChannelKind kind, Names names, bool resp3,
                                    std::string& out) {
  const auto found = clients_.find(listener);
  std::vector<std::pair<std::uint64_t, Entry*>> all;
  if (found != clients_.end() && names.empty()) {
    for (const auto& [entry, membership] : found->second.members[index_of(kind)])
      all.emplace_back(membership.order, entry);
    std::ranges::sort(all);
  }
  const auto remove = [&](Entry* entry, std::string_view name) {
    std::size_t count = 0;
    if (found != clients_.end()) {
      const bool listens = entry && has_member(found->second, *entry);
      if (listens) remove_member(found->second, *entry);
      count = found->second.count(kind);
    }
    protocol::write_acknowledgement(out, resp3, kind, false, name, count);
    if (entry) drop_if_unused(*entry);
  };
  for (const auto& [order, entry] : all) remove(entry, entry->name);
  for (const std::string_view name : names) remove(find(kind, name), name);
  if (names.empty() && all.empty()) {
    protocol::write_empty_acknowledgement(out, resp3, kind,
                                          found == clients_.end() ? 0 : found->second.count(kind));
  }
  forget_if_empty(listener);
}

// The last listener takes the free place.
void SubscriptionTable::remove_member(Client& client, Entry& entry) {
  const auto member = client.members[index_of(entry.kind)].find(&entry);
  const std::size_t index = member->second.index;
  client.members[index_of(entry.kind)].erase(member);
  const ListenerId last = entry.listeners.back();
  entry.listeners.pop_back();
  if (index == entry.listeners.size()) return;
  entry.listeners[index] = last;
  clients_.at(last).members[index_of(entry.kind)].at(&entry).index = index;
}

void SubscriptionTable::cancel(ListenerId listener) {
  const auto found = clients_.find(listener);
  if (found == clients_.end()) return;
  stop_waiting(listener, found->second);
  forget_if_empty(listener);
}

void SubscriptionTable::stop_waiting(ListenerId listener, Client& client) {
  std::vector<Entry*> awaited;
  awaited.swap(client.awaited);
  client.missing = 0;
  // A name that was given twice is dropped once.
  std::ranges::sort(awaited);
  awaited.erase(std::unique(awaited.begin(), awaited.end()), awaited.end());
  for (Entry* entry : awaited) {
    std::erase(entry->waiters, listener);
    drop_if_unused(*entry);
  }
}

void SubscriptionTable::leave(ListenerId listener) {
  const auto found = clients_.find(listener);
  if (found == clients_.end()) return;
  stop_waiting(listener, found->second);
  for (auto& members : found->second.members) {
    while (!members.empty()) {
      Entry& entry = *members.begin()->first;
      remove_member(found->second, entry);
      drop_if_unused(entry);
    }
  }
  clients_.erase(found);
}

void SubscriptionTable::forget_if_empty(ListenerId listener) {
  const auto found = clients_.find(listener);
  if (found != clients_.end() && found->second.is_empty() && found->second.awaited.empty())
    clients_.erase(found);
}

void SubscriptionTable::drop_if_unused(Entry& entry) {
  if (!entry.listeners.empty() || !entry.waiters.empty()) return;
  for (Place& place : entry.places) give_up(entry, place);
  Entries& entries = entries_[index_of(entry.kind)];
  entries.erase(entries.find(entry.name));
}

// --- places ---

bool SubscriptionTable::is_wanted(const Entry& entry, LinkId link) {
  if (link == entry.main) return true;
  return entry.everywhere && std::ranges::count(host_.primary_links(), link) > 0;
}

// Asks where the name belongs now, and no longer where it does not.
void SubscriptionTable::route(Entry& entry) {
  entry.main = entry.kind == ChannelKind::shard ? host_.slot_link(slot_of(entry.name)) : host_.home_link();
  if (entry.main != kNoLink) want(entry, entry.main);
  if (entry.everywhere) {
    for (const LinkId link : host_.primary_links()) want(entry, link);
  }
  for (Place& place : entry.places) place.leaving = !is_wanted(entry, place.link);
  update(entry);
}

void SubscriptionTable::want(Entry& entry, LinkId link) {
  Place* place = place_of(entry, link);
  if (!place) {
    ++link_of(link).uses;
    place = &entry.places.emplace_back(Place{.link = link});
  }
  if (place->state == Place::State::wanted && link_of(link).ready) ask(entry, *place);
}

void SubscriptionTable::ask(Entry& entry, Place& place) {
  place.state = Place::State::asked;
  place.asked = ++orders_;
  link_of(place.link).unanswered.push_back({place.asked, entry.kind, true, std::string(entry.name)});
  host_.send(place.link, entry.kind, true, entry.name);
}

// The place is to be erased by the caller.
void SubscriptionTable::give_up(Entry& entry, Place& place) {
  Link& link = link_of(place.link);
  --link.uses;
  const bool known = place.state == Place::State::asked || place.state == Place::State::stands;
  if (!known || !link.ready) return;
  link.unanswered.push_back({++orders_, entry.kind, false, std::string(entry.name)});
  host_.send(place.link, entry.kind, false, entry.name);
}

// Whether the name stands, for those who wait for it; then what is left over of other places goes.
void SubscriptionTable::update(Entry& entry) {
  const Place* main = place_of(entry, entry.main);
  bool stands = main && main->state == Place::State::stands;
  for (const Place& place : entry.places) {
    const bool counts = !place.leaving && !link_of(place.link).failing;
    stands = stands && (!counts || place.state == Place::State::stands);
  }
  if (stands != entry.stands) {
    entry.stands = stands;
    for (const ListenerId listener : entry.waiters) {
      std::size_t& missing = clients_.at(listener).missing;
      missing = stands ? missing - 1 : missing + 1;
      if (missing == 0) completed_.push_back(listener);
    }
  }
  for (Place& place : entry.places) {
    if (place.leaving && (stands || place.state != Place::State::stands)) give_up(entry, place);
  }
  std::erase_if(entry.places, [&](const Place& place) {
    return place.leaving && (stands || place.state != Place::State::stands);
  });
}

// --- links ---

void SubscriptionTable::on_ready(LinkId link) {
  link_of(link).ready = true;
  link_of(link).failing = false;
  for_each([&](Entry& entry) {
    Place* place = place_of(entry, link);
    if (place) ask(entry, *place);
    if (place && entry.everywhere) update(entry);
  });
  complete_ready();
}

void SubscriptionTable::on_lost(LinkId link) {
  link_of(link).ready = false;
  link_of(link).failing = true;
  link_of(link).unanswered.clear();
  for_each([&](Entry& entry) {
    Place* place = place_of(entry, link);
    if (!place) return;
    place->state = Place::State::wanted;
    update(entry);
  });
  complete_ready();
}

void SubscriptionTable::reroute() {
  for_each([this](Entry& entry) { route(entry); });
  complete_ready();
}

void SubscriptionTable::retry_refused() {
  for_each([this](Entry& entry) {
    for (Place& place : entry.places) {
      if (place.state != Place::State::refused || !link_of(place.link).ready) continue;
      entry.hops = 0;
      ask(entry, place);
    }
  });
}

// --- frames ---

bool SubscriptionTable::on_frame(LinkId link, std::string_view frame) {
  if (frame.starts_with('-')) return on_error(link, frame);
  const auto push = protocol::parse_push_frame(frame);
  if (!push) return false;
  switch (push->type) {
    case PushFrame::Type::message: deliver(link, *push, frame); return true;
    case PushFrame::Type::pong: return true;
    case PushFrame::Type::subscribed:
    case PushFrame::Type::unsubscribed: break;
  }
  const bool trusted = on_answer(link, *push);
  complete_ready();
  return trusted;
}

void SubscriptionTable::deliver(LinkId link, const PushFrame& frame, std::string_view bytes) {
  const Entry* entry = find(frame.kind, frame.name);
  if (!entry || !accepts(*entry, link, frame.channel)) return;
  for (const ListenerId listener : entry->listeners) host_.push(listener, bytes);
}

// Every node that the name is subscribed to at has an ordinary message: one of them is heard.
bool SubscriptionTable::accepts(const Entry& entry, LinkId link, std::string_view channel) const {
  const Place* source = nullptr;
  for (const Place& place : entry.places) {
    if (place.state != Place::State::stands) continue;
    if (place.link == link && entry.everywhere && !place.leaving && is_keyspace_channel(channel)) return true;
    if (!source || place.link == entry.main) source = &place;
  }
  return source && source->link == link;
}

bool SubscriptionTable::on_answer(LinkId link, const PushFrame& frame) {
  std::deque<Sent>& unanswered = link_of(link).unanswered;
  const bool subscribes = frame.type == PushFrame::Type::subscribed;
  Entry* entry = find(frame.kind, frame.name);
  Place* place = entry ? place_of(*entry, link) : nullptr;
  const bool answers = !unanswered.empty() && unanswered.front().subscribes == subscribes &&
                       unanswered.front().kind == frame.kind && unanswered.front().name == frame.name;
  if (!answers) {
    // The slot of a shard channel has moved away (cluster.c, removeChannelsInSlot). Asking the same node
    // again brings its MOVED.
    if (subscribes || frame.kind != ChannelKind::shard) return false;
    if (place && place->state == Place::State::stands) {
      ask(*entry, *place);
      update(*entry);
    }
    return true;
  }
  const std::uint64_t number = unanswered.front().number;
  unanswered.pop_front();
  if (!subscribes || !place || place->asked != number) return true;
  place->state = Place::State::stands;
  entry->hops = 0;
  update(*entry);
  return true;
}

bool SubscriptionTable::on_error(LinkId link, std::string_view reply) {
  std::deque<Sent>& unanswered = link_of(link).unanswered;
  // "max number of clients reached" answers nothing.
  if (unanswered.empty()) return false;
  const Sent sent = std::move(unanswered.front());
  unanswered.pop_front();
  Entry* entry = sent.subscribes ? find(sent.kind, sent.name) : nullptr;
  Place* place = entry ? place_of(*entry, link) : nullptr;
  if (!place || place->asked != sent.number) return true;

  const protocol::RedirectError error = protocol::parse_redirect(reply);
  place->state = Place::State::refused;
  if (error.kind == RedirectKind::moved && ++entry->hops <= kMaxChannelHops) {
    host_.move_slot(link, error);
    route(*entry);
    complete_ready();
    return true;
  }
  update(*entry);
  if (error.kind == RedirectKind::count_) {
    // What the node forbids is told to those who wait; for those who listen already it is tried again.
    const std::vector<ListenerId> waiters = entry->waiters;
    for (const ListenerId listener : waiters) {
      cancel(listener);
      host_.refuse(listener, reply);
    }
  }
  complete_ready();
  return true;
}

}  // namespace slotway::routing
