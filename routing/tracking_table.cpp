#include "routing/tracking_table.hpp"

#include <algorithm>

namespace slotway::routing {

// --- clients ---

void TrackingTable::start(TrackerId tracker) { clients_.try_emplace(tracker); }

void TrackingTable::start_broadcast(TrackerId tracker, std::span<const std::string> prefixes) {
  Client& client = clients_[tracker];
  for (const std::string& prefix : prefixes) {
    if (std::ranges::count(client.prefixes, prefix) > 0) continue;
    client.prefixes.push_back(prefix);
    prefixes_[prefix].push_back(tracker);
  }
}

void TrackingTable::stop(TrackerId tracker) {
  const auto found = clients_.find(tracker);
  if (found == clients_.end()) return;
  Client& client = found->second;
  while (!client.keys.empty()) forget(tracker, client, *client.keys.begin()->first);
  for (const std::string& prefix : client.prefixes) {
    const auto named = prefixes_.find(prefix);
    std::erase(named->second, tracker);
    if (named->second.empty()) prefixes_.erase(named);
  }
  clients_.erase(found);
}

void TrackingTable::remember(TrackerId tracker, std::string_view key, ReadId read) {
  Client& client = clients_.at(tracker);
  if (const auto found = entries_.find(key); found != entries_.end()) {
    const auto known = client.keys.find(&found->second);
    if (known != client.keys.end()) return void(known->second.read = read);
  }
  make_room();
  const auto placed = entries_.try_emplace(std::string(key)).first;
  Entry& entry = placed->second;
  entry.key = placed->first;
  client.keys.emplace(&entry, Membership{entry.readers.size(), read});
  entry.readers.push_back(tracker);
  ++items_;
}

// An entry that has lost its last reader goes too.
void TrackingTable::forget(TrackerId tracker, Client& client, Entry& entry) {
  const auto membership = client.keys.find(&entry);
  const std::size_t index = membership->second.index;
  client.keys.erase(membership);
  --items_;
  const TrackerId last = entry.readers.back();
  entry.readers.pop_back();
  if (last != tracker) {
    entry.readers[index] = last;
    clients_.at(last).keys.at(&entry).index = index;
  }
  if (entry.readers.empty()) entries_.erase(entries_.find(entry.key));
}

// --- changes ---

// Who has the read in flight hears of this change, and of a later one too: the value that will come may be
// older than either.
void TrackingTable::tell_readers(Entry& entry, std::string_view key) {
  told_ = entry.readers;
  for (const TrackerId tracker : told_) {
    Client& client = clients_.at(tracker);
    if (!host_.is_in_flight(client.keys.at(&entry).read)) forget(tracker, client, entry);
  }
  for (const TrackerId tracker : told_) host_.invalidate(tracker, {&key, 1});
}

void TrackingTable::on_change(std::span<const std::string_view> keys) {
  for (const std::string_view key : keys) {
    if (const auto found = entries_.find(key); found != entries_.end()) tell_readers(found->second, key);
  }
  for (const auto& [prefix, trackers] : prefixes_) {
    matching_.clear();
    for (const std::string_view key : keys) {
      if (key.starts_with(prefix)) matching_.push_back(key);
    }
    if (matching_.empty()) continue;
    for (const TrackerId tracker : trackers) host_.invalidate(tracker, matching_);
  }
}

void TrackingTable::on_change_of_all() {
  told_.clear();
  for (auto& [tracker, client] : clients_) {
    // Who has read nothing has nothing to forget.
    if (client.keys.empty() && client.prefixes.empty()) continue;
    told_.push_back(tracker);
    for (auto it = client.keys.begin(); it != client.keys.end();) {
      Entry& entry = *it->first;
      const bool in_flight = host_.is_in_flight(it->second.read);
      ++it;
      if (!in_flight) forget(tracker, client, entry);
    }
  }
  for (const TrackerId tracker : told_) host_.invalidate(tracker, {});
}

// Goes round, so that a key stays for long. One whose reader waits stays even then.
void TrackingTable::make_room() {
  for (std::size_t looks = 0; items_ >= max_items_ && looks < entries_.bucket_count(); ++looks) {
    const std::size_t bucket = hand_++ % entries_.bucket_count();
    if (entries_.bucket_size(bucket) == 0) continue;
    Entry& entry = entries_.begin(bucket)->second;
    tell_readers(entry, std::string(entry.key));
  }
}

}  // namespace slotway::routing
