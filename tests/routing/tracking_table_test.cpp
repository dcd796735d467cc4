#include "routing/tracking_table.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

namespace slotway::routing {
namespace {

// What was told since the last look: "CLIENT:KEY,KEY ...", "CLIENT:*" for all keys.
class Host final : public TrackingHost {
 public:
  bool is_in_flight(ReadId read) const override { return in_flight.contains(read); }
  void invalidate(TrackerId tracker, std::span<const std::string_view> keys) override {
    std::string line = std::to_string(tracker) + ":" + (keys.empty() ? "*" : "");
    for (const std::string_view key : keys) line.append(line.back() == ':' ? "" : ",").append(key);
    told.insert(line);
  }
  std::string take() {
    std::string text;
    for (const std::string& line : std::exchange(told, {})) text += (text.empty() ? "" : " ") + line;
    return text;
  }

  std::set<ReadId> in_flight;

 private:
  std::multiset<std::string> told;
};

struct Table {
  Host host;
  TrackingTable table{host, 6};

  std::string change(const std::vector<std::string_view>& keys) {
    table.on_change(keys);
    return host.take();
  }
  std::string change_all() {
    table.on_change_of_all();
    return host.take();
  }
  std::string sizes() const {
    return std::to_string(table.trackers()) + " " + std::to_string(table.keys()) + " " +
           std::to_string(table.items()) + " " + std::to_string(table.prefixes());
  }
};

const std::vector<std::string> kAll = {""};

}  // namespace

TEST_CASE("who has read a key is told of its next change, once") {
  Table t;
  for (const TrackerId tracker : {1, 2, 3}) t.table.start(tracker);
  t.table.remember(1, "a", 10);
  t.table.remember(2, "a", 11);
  t.table.remember(2, "b", 12);
  t.table.remember(2, "b", 13);
  CHECK(t.sizes() == "3 2 3 0");
  CHECK(t.change({"x", "", "aa"}).empty());
  CHECK(t.change({"a"}) == "1:a 2:a");
  CHECK(t.change({"a"}).empty());
  CHECK(t.sizes() == "3 1 1 0");
  t.table.remember(1, "a", 14);
  // each key in a message of its own
  t.table.remember(1, "c", 15);
  CHECK(t.change({"c", "b", "a"}) == "1:a 1:c 2:b");
  CHECK(t.sizes() == "3 0 0 0");
}

TEST_CASE("who waits for the value is told, and told again of a later change") {
  Table t;
  t.table.start(1);
  t.table.start(2);
  t.table.remember(1, "a", 10);
  t.table.remember(2, "a", 11);
  t.host.in_flight = {10};
  CHECK(t.change({"a"}) == "1:a 2:a");
  CHECK(t.change({"a"}) == "1:a");
  CHECK(t.change_all() == "1:*");
  t.host.in_flight = {};
  CHECK(t.change({"a"}) == "1:a");
  CHECK(t.change({"a"}).empty());

  // It is the last read that counts.
  t.table.remember(1, "b", 12);
  t.table.remember(1, "b", 13);
  t.host.in_flight = {13};
  CHECK(t.change({"b"}) == "1:b");
  CHECK(t.change({"b"}) == "1:b");
}

TEST_CASE("prefixes are told of every key that begins with them, all in one message") {
  Table t;
  const std::vector<std::string> first = {"a:", "b:"};
  t.table.start_broadcast(1, first);
  t.table.start_broadcast(2, kAll);
  t.table.start(3);
  CHECK(t.sizes() == "3 0 0 3");
  CHECK(t.change({"a:1", "c", "a:2", "b:1"}) == "1:a:1,a:2 1:b:1 2:a:1,c,a:2,b:1");
  CHECK(t.change({"a", "A:1"}) == "2:a,A:1");
  const std::vector<std::string> more = {"a:", "c"};
  t.table.start_broadcast(1, more);
  CHECK(t.change({"a:1", "c"}) == "1:a:1 1:c 2:a:1,c");
  t.table.stop(2);
  t.table.stop(1);
  CHECK(t.change({"a:1", "c"}).empty());
  CHECK(t.sizes() == "1 0 0 0");
}

TEST_CASE("when anything may have changed, those are told who have something to forget") {
  Table t;
  t.table.start(1);
  t.table.start(2);
  t.table.start_broadcast(3, kAll);
  t.table.remember(1, "a", 10);
  t.table.remember(1, "b", 11);
  CHECK(t.change_all() == "1:* 3:*");
  CHECK(t.change_all() == "3:*");
  CHECK(t.change({"a"}) == "3:a");
  CHECK(t.sizes() == "3 0 0 1");
}

TEST_CASE("who has stopped is told nothing, and others keep what they have") {
  Table t;
  for (const TrackerId tracker : {1, 2, 3}) {
    t.table.start(tracker);
    t.table.remember(tracker, "a", tracker);
    t.table.remember(tracker, "b", tracker);
  }
  const TrackerId stopped = GENERATE(1, 2, 3);
  t.table.stop(stopped);
  t.table.stop(stopped);
  t.table.stop(99);
  CHECK(t.sizes() == "2 2 4 0");
  CHECK(t.change({"a"}) == (stopped == 1 ? "2:a 3:a" : stopped == 2 ? "1:a 3:a" : "1:a 2:a"));
  CHECK(t.change_all() == (stopped == 1 ? "2:* 3:*" : stopped == 2 ? "1:* 3:*" : "1:* 2:*"));
  CHECK(t.sizes() == "2 0 0 0");
}

TEST_CASE("a key that makes room counts as changed, but for one that is waited for") {
  Table t;
  t.table.start(1);
  for (int i = 0; i < 20; ++i) {
    t.table.remember(1, "k" + std::to_string(i), 0);
    CHECK(t.table.items() <= 6);
  }
  std::set<std::string> told;
  for (std::string text = t.host.take() + " "; !text.empty(); text.erase(0, text.find(' ') + 1))
    told.insert(text.substr(0, text.find(' ')));
  CHECK(told.size() == 14);
  CHECK(told.count("1:k19") == 0);
  for (int i = 0; i < 20; ++i) {
    const std::string key = "k" + std::to_string(i);
    // it was told of, or still is
    CHECK((told.count("1:" + key) + (t.change({key}) == "1:" + key ? 1 : 0)) == 1);
  }

  t.host.in_flight = {7};
  for (int i = 0; i < 9; ++i) t.table.remember(1, "w" + std::to_string(i), 7);
  CHECK(t.table.items() == 9);
  t.host.take();
  for (int i = 0; i < 9; ++i) CHECK(t.change({"w" + std::to_string(i)}) == "1:w" + std::to_string(i));
}

}  // namespace slotway::routing
