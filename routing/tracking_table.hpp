// Which clients of one worker cache which keys, and so have to be told when one changes: by the keys that
// they have read, or by the prefixes that they have named (CLIENT TRACKING's default mode and its BCAST).
// Sans-I/O: it is told of reads and of changes, and names through its host who has to know. Owner: a worker's
// Invalidations. Thread: worker. Invariants: a client that has read a key hears of the next change, whether
// its reply has come back by then or not; it hears of it once for each time that it has read it. Source:
// Redis documentation, "Client-side caching in Redis".
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace slotway::routing {

using TrackerId = std::uint64_t;  // a client, as its owner names it
using ReadId = std::uint64_t;     // one request, likewise

class TrackingHost {
 public:
  // The request has no answer so far: what its reply will say may be older than a change that is known here.
  virtual bool is_in_flight(ReadId read) const = 0;
  // Without keys: all of them.
  virtual void invalidate(TrackerId tracker, std::span<const std::string_view> keys) = 0;

 protected:
  ~TrackingHost() = default;
};

class TrackingTable {
 public:
  // Holds about `max_items` pairs of a key and a client, at least 1: a key that makes room for another counts
  // as changed.
  TrackingTable(TrackingHost& host, std::size_t max_items) : host_(host), max_items_(max_items) {}

  // From now on; what is too much then goes when the next key is added.
  void set_max_items(std::size_t max_items) { max_items_ = max_items; }

  // --- clients ---
  // Keys count when they are read.
  void start(TrackerId tracker);
  // Keys count that begin with one of the prefixes, which are added to those it has; "" = every key.
  void start_broadcast(TrackerId tracker, std::span<const std::string> prefixes);
  // Of a client that has not started, or has stopped: nothing happens.
  void stop(TrackerId tracker);
  // REQUIRES: it has started, and not with start_broadcast.
  void remember(TrackerId tracker, std::string_view key, ReadId read);

  // --- changes ---
  void on_change(std::span<const std::string_view> keys);
  // Of any key, perhaps.
  void on_change_of_all();

  std::size_t trackers() const { return clients_.size(); }
  std::size_t keys() const { return entries_.size(); }
  std::size_t items() const { return items_; }  // pairs of a key and a client
  std::size_t prefixes() const { return prefixes_.size(); }

 private:
  struct Entry {
    std::string_view key;  // that of entries_
    std::vector<TrackerId> readers;
  };
  struct Membership {
    std::size_t index;  // in readers
    ReadId read;        // the last one
  };
  struct Client {
    std::unordered_map<Entry*, Membership> keys;
    std::vector<std::string> prefixes;  // not empty: BCAST
  };
  struct KeyHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const { return std::hash<std::string_view>{}(key); }
  };
  using Entries = std::unordered_map<std::string, Entry, KeyHash, std::equal_to<>>;

  void forget(TrackerId tracker, Client& client, Entry& entry);
  void tell_readers(Entry& entry, std::string_view key);
  void make_room();

  TrackingHost& host_;
  std::size_t max_items_;
  std::unordered_map<TrackerId, Client> clients_;
  Entries entries_;
  std::map<std::string, std::vector<TrackerId>, std::less<>> prefixes_;
  std::size_t items_ = 0;
  std::size_t hand_ = 0;  // the bucket of entries_ that makes room next
  std::vector<TrackerId> told_;
  std::vector<std::string_view> matching_;
};

}  // namespace slotway::routing
