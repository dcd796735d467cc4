// A scan of a cluster that changes under it, in a model: nodes with keys in buckets, each in an order of its
// own, failovers, slots that move, new shards. Whatever happens, a key that was there all along is returned.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "routing/scan_cursor.hpp"

using namespace slotway::routing;

namespace {

constexpr int kGroups = 32;  // of slots, which move as one
constexpr int kKeys = 200;
constexpr std::uint64_t kBuckets = 8;

class Model {
 public:
  explicit Model(std::uint64_t seed) : random_(seed) {
    const int shards = pick(1, 5);
    for (int i = 0; i < shards; ++i) shards_.push_back({next_node_++, {}});
    for (int group = 0; group < kGroups; ++group) owner_of_[group] = pick(0, shards - 1);
  }

  int pick(int least, int most) { return std::uniform_int_distribution<int>(least, most)(random_); }

  void change() {
    const int shard = pick(0, static_cast<int>(shards_.size()) - 1);
    switch (pick(0, 3)) {
      case 0:  // another node takes over; the old one stays as its replica, or is forgotten
        shards_[shard].replicas.clear();
        if (pick(0, 1) == 0) shards_[shard].replicas.push_back(shards_[shard].primary);
        shards_[shard].primary = next_node_++;
        break;
      case 1:  // the whole shard becomes another's
        for (int& owner : owner_of_)
          owner = owner == shard ? pick(0, static_cast<int>(shards_.size()) - 1) : owner;
        break;
      case 2:
        shards_.push_back({next_node_++, {}});
        owner_of_[pick(0, kGroups - 1)] = static_cast<int>(shards_.size()) - 1;
        break;
      default: owner_of_[pick(0, kGroups - 1)] = shard;
    }
  }

  Topology topology() const {
    Topology t;
    for (const Shard& shard : shards_) {
      const NodeIndex primary = t.add_node(node(shard.primary));
      for (const int replica : shard.replicas) {
        Node other = node(replica);
        other.role = NodeRole::replica;
        other.primary = primary;
        t.add_node(other);
      }
    }
    for (int group = 0; group < kGroups; ++group) {
      const int primary = shards_[owner_of_[group]].primary;
      t.assign(first_slot(group), static_cast<Slot>(first_slot(group + 1) - 1),
               t.find("h", static_cast<std::uint16_t>(primary)));
    }
    return t;
  }

  // The keys of one bucket of the node, and the bucket to go on with.
  std::uint64_t scan(const Topology& t, NodeIndex at, std::uint64_t bucket, std::set<int>& keys) const {
    const int id = t.node(at).endpoint.port;
    for (int key = 0; key < kKeys; ++key) {
      const bool has_it = shards_[owner_of_[key % kGroups]].primary == id;
      if (has_it && bucket_of(id, key) == bucket) keys.insert(key);
    }
    return (bucket + 1) % kBuckets;
  }

  // What the fingerprint of a shard stands for, in full.
  static std::string identity(const Topology& t, Slot slot) {
    const NodeIndex owner = t.primary_of(slot);
    std::string text = owner == kNoNode ? "-" : t.node(owner).id;
    std::set<NodeIndex> before;
    for (const Slot lowest : t.shard_slots()) {
      if (lowest < slot) before.insert(t.primary_of(lowest));
    }
    for (int group = 0; group < kGroups; ++group) {
      const NodeIndex node = t.primary_of(first_slot(group));
      text += node == owner ? 'o' : before.contains(node) ? 'b' : '.';
    }
    return text;
  }

 private:
  struct Shard {
    int primary;
    std::vector<int> replicas;
  };

  static Slot first_slot(int group) {
    return static_cast<Slot>(group * (static_cast<int>(kSlotCount) / kGroups));
  }
  static Node node(int id) {
    return Node{.id = "node" + std::to_string(id), .endpoint = {"h", static_cast<std::uint16_t>(id)}};
  }
  static std::uint64_t bucket_of(int node, int key) {
    const std::uint64_t x = static_cast<std::uint64_t>(node * 1000 + key) * 0x9e3779b97f4a7c15;
    return (x ^ x >> 32) % kBuckets;
  }

  std::mt19937_64 random_;
  int next_node_ = 1;
  std::vector<Shard> shards_;
  std::vector<int> owner_of_ = std::vector<int>(kGroups);
};

// The model's map between two changes, and what follows from it.
struct View {
  explicit View(const Model& model) : topology(model.topology()), order(topology) {}

  const std::string& identity(Slot slot) {
    std::string& text = identities[slot];
    if (text.empty()) text = Model::identity(topology, slot);
    return text;
  }

  Topology topology;
  ScanOrder order;
  std::map<Slot, std::string> identities;
};

enum class Outcome { complete, lost, collision };

// One whole scan; the first calls see changes, before and within them.
Outcome scan_all(std::uint64_t seed) {
  Model model(seed);
  auto view = std::make_unique<View>(model);
  int changes = model.pick(0, 6);
  const auto maybe_change = [&](int odds) {
    if (changes == 0 || model.pick(0, odds) != 0) return;
    --changes;
    model.change();
    view = std::make_unique<View>(model);
  };
  std::set<int> seen;
  std::string identity;  // of the shard that the cursor is of
  std::uint64_t cursor = 0;
  for (int calls = 0;; ++calls) {
    REQUIRE(calls < 100 * static_cast<int>(kBuckets));
    maybe_change(5);
    const ScanCursor client = ScanCursor::parse(std::to_string(cursor)).value();
    const ScanCursor sent = view->order.resolve(client);
    const bool goes_on =
        !client.is_start() && sent.fingerprint == client.fingerprint && sent.slot == client.slot;
    if (goes_on && view->identity(sent.slot) != identity) return Outcome::collision;
    identity = view->identity(sent.slot);

    maybe_change(9);
    const NodeIndex node = view->topology.primary_of(sent.slot);
    std::set<int> keys;
    const std::uint64_t node_cursor = model.scan(view->topology, node, sent.node_cursor, keys);
    const ScanOrder::Next next = view->order.next(sent, node, node_cursor);
    if (next.usable) {
      if (view->identity(sent.slot) != identity) return Outcome::collision;
      seen.insert(keys.begin(), keys.end());
      if (next.cursor == 0) break;
      identity = view->identity(ScanCursor::parse(std::to_string(next.cursor))->slot);
    }
    cursor = next.cursor;
  }
  return seen.size() == kKeys ? Outcome::complete : Outcome::lost;
}

}  // namespace

TEST_CASE("A scan of a cluster that changes loses no key") {
  std::map<Outcome, int> outcomes;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    INFO("seed " << seed);
    const Outcome outcome = scan_all(seed);
    CHECK(outcome != Outcome::lost);
    ++outcomes[outcome];
  }
  // Two states have the same fingerprint once in 254 times; that is the price of 8 bits.
  CHECK(outcomes[Outcome::complete] > 285);
}
