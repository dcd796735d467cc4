// The table as clients and nodes see it: what is sent to which link, and what each client is told, as one
// list of events.
#include "routing/subscription_table.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <deque>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace slotway::routing {
namespace {

using protocol::RedirectError;

constexpr auto kChannel = ChannelKind::channel;
constexpr auto kPattern = ChannelKind::pattern;
constexpr auto kShard = ChannelKind::shard;

std::string acknowledgement(ChannelKind kind, std::string_view name, std::size_t count,
                            bool subscribes = true) {
  std::string out;
  protocol::write_acknowledgement(out, false, kind, subscribes, name, count);
  return out;
}

std::string bulk(std::string_view text) {
  return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}
std::string message(std::string_view channel, std::string_view text = "m",
                    std::string_view word = "message") {
  return "*3\r\n" + bulk(word) + bulk(channel) + bulk(text);
}
std::string pattern_message(std::string_view pattern, std::string_view channel) {
  return "*4\r\n" + bulk("pmessage") + bulk(pattern) + bulk(channel) + bulk("m");
}

// Three links, 0 to 2; events as words: "0>subscribe a" to a link, "7:ack" to a client.
class Stage final : public SubscriptionHost {
 public:
  SubscriptionTable table{*this};
  bool resp3 = false;
  LinkId home = 0;
  LinkId slot_owner = 0;
  std::vector<LinkId> primaries = {0, 1, 2};

  void subscribe(ListenerId client, ChannelKind kind, std::vector<std::string_view> names) {
    table.subscribe(client, kind, names, resp3);
  }
  std::string unsubscribe(ListenerId client, ChannelKind kind, std::vector<std::string_view> names) {
    std::string out;
    table.unsubscribe(client, kind, names, resp3, out);
    return out;
  }
  bool node_acknowledges(LinkId link, ChannelKind kind, std::string_view name, bool subscribes = true) {
    return table.on_frame(link, acknowledgement(kind, name, 1, subscribes));
  }
  void all_ready() {
    for (LinkId link = 0; link < 3; ++link) table.on_ready(link);
  }
  // What has happened since the last call.
  std::vector<std::string> events() { return std::exchange(events_, {}); }
  std::map<ListenerId, std::string> told;  // acknowledgements and errors, all of them

 private:
  LinkId home_link() override { return home; }
  LinkId slot_link(Slot) override { return slot_owner; }
  const std::vector<LinkId>& primary_links() override { return primaries; }
  void send(LinkId link, ChannelKind kind, bool subscribes, std::string_view name) override {
    events_.push_back(std::to_string(link) + ">" +
                      std::string(protocol::subscription_word(kind, subscribes)) + " " + std::string(name));
  }
  void move_slot(LinkId, const RedirectError& moved) override { slot_owner = moved.port; }
  void acknowledge(ListenerId client, std::string_view replies) override {
    events_.push_back(std::to_string(client) + ":ack");
    told[client] += replies;
  }
  void refuse(ListenerId client, std::string_view reply) override {
    events_.push_back(std::to_string(client) + ":refused");
    told[client] += reply;
  }
  void push(ListenerId client, std::string_view frame) override {
    const auto parsed = protocol::parse_push_frame(frame);
    events_.push_back(std::to_string(client) + ":" + std::string(parsed->name) + "/" +
                      std::string(parsed->channel));
  }

  std::vector<std::string> events_;
};

using Events = std::vector<std::string>;

}  // namespace

TEST_CASE("a client is acknowledged when its channel stands, others at once, one message reaches all") {
  Stage stage;
  stage.subscribe(7, kChannel, {"a"});
  CHECK(stage.events() == Events{});
  CHECK(stage.table.uses(0) == 1);
  stage.all_ready();
  CHECK(stage.events() == Events{"0>subscribe a"});
  stage.subscribe(8, kChannel, {"a"});
  CHECK(stage.events() == Events{});
  CHECK(stage.table.on_frame(0, message("a")));
  CHECK(stage.events() == Events{});  // nobody has been acknowledged yet
  CHECK(stage.node_acknowledges(0, kChannel, "a"));
  Events both = stage.events();
  std::ranges::sort(both);
  CHECK(both == Events{"7:ack", "8:ack"});
  stage.subscribe(9, kChannel, {"a"});
  CHECK(stage.events() == Events{"9:ack"});
  CHECK(stage.told[9] == acknowledgement(kChannel, "a", 1));
  CHECK(stage.table.on_frame(0, message("a")));
  Events heard = stage.events();
  std::ranges::sort(heard);
  CHECK(heard == Events{"7:a/a", "8:a/a", "9:a/a"});
  CHECK(stage.table.size() == 1);
  CHECK(stage.table.listeners() == 3);
}

TEST_CASE("one command with several names is acknowledged as one, with the client's own counts") {
  Stage stage;
  stage.all_ready();
  stage.subscribe(7, kChannel, {"a", "b", "a"});
  CHECK(stage.events() == Events{"0>subscribe a", "0>subscribe b"});
  stage.node_acknowledges(0, kChannel, "a");
  CHECK(stage.events() == Events{});
  stage.node_acknowledges(0, kChannel, "b");
  CHECK(stage.events() == Events{"7:ack"});
  CHECK(stage.told[7] == acknowledgement(kChannel, "a", 1) + acknowledgement(kChannel, "b", 2) +
                             acknowledgement(kChannel, "a", 2));
  stage.subscribe(7, kPattern, {"p*"});
  stage.node_acknowledges(0, kPattern, "p*");
  stage.subscribe(7, kShard, {"s"});
  stage.node_acknowledges(0, kShard, "s");
  CHECK(stage.told[7].ends_with(acknowledgement(kPattern, "p*", 3) + acknowledgement(kShard, "s", 1)));
  stage.events();

  CHECK(stage.unsubscribe(7, kChannel, {"b", "x"}) ==
        acknowledgement(kChannel, "b", 2, false) + acknowledgement(kChannel, "x", 2, false));
  CHECK(stage.events() == Events{"0>unsubscribe b"});
  CHECK(stage.unsubscribe(7, kChannel, {}) == acknowledgement(kChannel, "a", 1, false));
  CHECK(stage.unsubscribe(7, kShard, {}) == acknowledgement(kShard, "s", 0, false));
  CHECK(stage.table.is_subscriber(7));
  CHECK(stage.unsubscribe(7, kPattern, {}) == acknowledgement(kPattern, "p*", 0, false));
  CHECK_FALSE(stage.table.is_subscriber(7));
  CHECK(stage.table.listeners() == 0);
  CHECK(stage.table.size() == 0);
  CHECK(stage.table.uses(0) == 0);
}

TEST_CASE("unsubscribing from nothing is answered once, with a null channel") {
  Stage stage;
  CHECK(stage.unsubscribe(7, kChannel, {}) == "*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n");
  CHECK(stage.unsubscribe(7, kPattern, {}) == "*3\r\n$12\r\npunsubscribe\r\n$-1\r\n:0\r\n");
  CHECK(stage.unsubscribe(7, kChannel, {"a", "b"}) ==
        acknowledgement(kChannel, "a", 0, false) + acknowledgement(kChannel, "b", 0, false));
  CHECK(stage.table.listeners() == 0);
  stage.all_ready();
  stage.subscribe(7, kPattern, {"p"});
  stage.node_acknowledges(0, kPattern, "p");
  CHECK(stage.unsubscribe(7, kChannel, {}) == "*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:1\r\n");
}

TEST_CASE("all of a client's channels are left in the order in which they came") {
  Stage stage;
  stage.all_ready();
  const std::vector<std::string_view> names = {"d", "b", "e", "a", "c"};
  stage.subscribe(7, kChannel, names);
  for (const std::string_view name : names) stage.node_acknowledges(0, kChannel, name);
  std::string expected;
  std::size_t left = names.size();
  for (const std::string_view name : names) expected += acknowledgement(kChannel, name, --left, false);
  CHECK(stage.unsubscribe(7, kChannel, {}) == expected);
}

TEST_CASE("the last listener takes the subscription with it, an early acknowledgement serves nobody") {
  Stage stage;
  stage.all_ready();
  stage.subscribe(7, kChannel, {"a"});
  stage.subscribe(8, kChannel, {"a"});
  stage.events();
  stage.table.leave(7);
  CHECK(stage.events() == Events{});
  stage.table.leave(8);
  CHECK(stage.events() == Events{"0>unsubscribe a"});
  stage.subscribe(9, kChannel, {"a"});
  CHECK(stage.events() == Events{"0>subscribe a"});
  // The first SUBSCRIBE and the UNSUBSCRIBE are answered only now: neither is what 9 waits for.
  CHECK(stage.node_acknowledges(0, kChannel, "a"));
  CHECK(stage.node_acknowledges(0, kChannel, "a", false));
  CHECK(stage.events() == Events{});
  CHECK(stage.node_acknowledges(0, kChannel, "a"));
  CHECK(stage.events() == Events{"9:ack"});
}

TEST_CASE("a lost link is subscribed anew, without a word to the clients") {
  Stage stage;
  stage.all_ready();
  stage.subscribe(7, kChannel, {"a"});
  stage.node_acknowledges(0, kChannel, "a");
  stage.subscribe(8, kChannel, {"b"});
  stage.events();
  stage.table.on_lost(0);
  CHECK(stage.events() == Events{});
  stage.home = 1;
  stage.table.reroute();
  const Events sent = stage.events();
  REQUIRE(sent.size() == 2);
  CHECK(std::set<std::string>(sent.begin(), sent.end()) ==
        std::set<std::string>{"1>subscribe a", "1>subscribe b"});
  CHECK(stage.table.uses(0) == 0);
  for (const std::string& line : sent) CHECK(stage.node_acknowledges(1, kChannel, line.substr(12)));
  CHECK(stage.events() == Events{"8:ack"});
  CHECK(stage.told[7] == acknowledgement(kChannel, "a", 1));
  CHECK(stage.table.on_frame(1, message("a")));
  CHECK(stage.events() == Events{"7:a/a"});
}

TEST_CASE("a link that is lost while a client waits is asked again") {
  Stage stage;
  stage.all_ready();
  stage.subscribe(7, kChannel, {"a", "b"});
  stage.node_acknowledges(0, kChannel, "a");
  stage.events();
  stage.table.on_lost(0);
  stage.table.on_ready(0);
  const Events sent = stage.events();
  REQUIRE(sent.size() == 2);
  // In the order that they were sent.
  CHECK(stage.node_acknowledges(0, kChannel, sent[0].substr(12)));
  CHECK(stage.events() == Events{});
  CHECK(stage.node_acknowledges(0, kChannel, sent[1].substr(12)));
  CHECK(stage.events() == Events{"7:ack"});
  CHECK(stage.told[7] == acknowledgement(kChannel, "a", 1) + acknowledgement(kChannel, "b", 2));
}

TEST_CASE("keyspace channels stand at every primary, an ordinary message is heard from one") {
  Stage stage;
  stage.all_ready();
  stage.subscribe(7, kPattern, {"*"});
  CHECK(stage.events() == Events{"0>psubscribe *", "1>psubscribe *", "2>psubscribe *"});
  stage.node_acknowledges(0, kPattern, "*");
  stage.node_acknowledges(2, kPattern, "*");
  CHECK(stage.events() == Events{});
  stage.node_acknowledges(1, kPattern, "*");
  CHECK(stage.events() == Events{"7:ack"});
  for (LinkId link = 0; link < 3; ++link) CHECK(stage.table.on_frame(link, pattern_message("*", "news")));
  CHECK(stage.events() == Events{"7:*/news"});
  for (LinkId link = 0; link < 3; ++link)
    CHECK(stage.table.on_frame(link, pattern_message("*", "__keyevent@0__:set")));
  CHECK(stage.events() == Events(3, "7:*/__keyevent@0__:set"));

  // Another node speaks for the home at once, and a node that fails keeps nobody waiting.
  stage.table.on_lost(0);
  CHECK(stage.table.on_frame(1, pattern_message("*", "news")));
  CHECK(stage.table.on_frame(2, pattern_message("*", "news")));
  CHECK(stage.events() == Events{"7:*/news"});
  stage.home = 1;
  stage.table.reroute();
  stage.subscribe(8, kChannel, {"__keyspace@0__:k"});
  CHECK(stage.events() == Events{"1>subscribe __keyspace@0__:k", "2>subscribe __keyspace@0__:k"});
  stage.node_acknowledges(1, kChannel, "__keyspace@0__:k");
  stage.node_acknowledges(2, kChannel, "__keyspace@0__:k");
  CHECK(stage.events() == Events{"8:ack"});
  stage.table.on_ready(0);
  Events sent = stage.events();
  std::ranges::sort(sent);
  CHECK(sent == Events{"0>psubscribe *", "0>subscribe __keyspace@0__:k"});
}

TEST_CASE("when the home moves, the old one is heard until the new one stands") {
  Stage stage;
  stage.all_ready();
  stage.subscribe(7, kChannel, {"a"});
  stage.node_acknowledges(0, kChannel, "a");
  stage.events();
  stage.home = 1;
  stage.primaries = {1, 2};
  stage.table.reroute();
  CHECK(stage.events() == Events{"1>subscribe a"});
  CHECK(stage.table.on_frame(0, message("a")));
  CHECK(stage.events() == Events{"7:a/a"});
  stage.subscribe(8, kChannel, {"a"});
  CHECK(stage.events() == Events{});
  stage.node_acknowledges(1, kChannel, "a");
  CHECK(stage.events() == Events{"0>unsubscribe a", "8:ack"});
  CHECK(stage.table.on_frame(0, message("a")));
  CHECK(stage.events() == Events{});
  CHECK(stage.table.uses(0) == 0);
}

TEST_CASE("a shard channel follows its slot") {
  Stage stage;
  stage.all_ready();
  stage.subscribe(7, kShard, {"s"});
  CHECK(stage.events() == Events{"0>ssubscribe s"});
  CHECK(stage.table.on_frame(0, "-MOVED 1 127.0.0.1:2\r\n"));
  CHECK(stage.events() == Events{"2>ssubscribe s"});
  stage.node_acknowledges(2, kShard, "s");
  CHECK(stage.events() == Events{"7:ack"});
  CHECK(stage.table.on_frame(2, message("s", "m", "smessage")));
  CHECK(stage.events() == Events{"7:s/s"});

  // The slot moves on: the node says so by itself, and then where to.
  CHECK(stage.node_acknowledges(2, kShard, "s", false));
  CHECK(stage.events() == Events{"2>ssubscribe s"});
  CHECK(stage.table.on_frame(2, "-MOVED 1 127.0.0.1:1\r\n"));
  CHECK(stage.events() == Events{"1>ssubscribe s"});
  stage.node_acknowledges(1, kShard, "s");
  CHECK(stage.events() == Events{});
  CHECK(stage.told[7] == acknowledgement(kShard, "s", 1));
  CHECK(stage.table.on_frame(1, message("s", "m", "smessage")));
  CHECK(stage.events() == Events{"7:s/s"});
  CHECK(stage.table.uses(2) == 0);
}

TEST_CASE("nodes that send a shard channel round are asked again later") {
  Stage stage;
  stage.all_ready();
  stage.slot_owner = 1;
  stage.subscribe(7, kShard, {"s"});
  CHECK(stage.events() == Events{"1>ssubscribe s"});
  LinkId at = 1;
  for (int i = 0; i < 5; ++i) {
    CHECK(stage.table.on_frame(at, "-MOVED 1 127.0.0.1:" + std::to_string(3 - at) + "\r\n"));
    at = 3 - at;
    CHECK(stage.events() == Events{std::to_string(at) + ">ssubscribe s"});
  }
  CHECK(stage.table.on_frame(at, "-MOVED 1 127.0.0.1:" + std::to_string(3 - at) + "\r\n"));
  CHECK(stage.events() == Events{});
  stage.table.retry_refused();
  CHECK(stage.events() == Events{std::to_string(at) + ">ssubscribe s"});
  stage.node_acknowledges(at, kShard, "s");
  CHECK(stage.events() == Events{"7:ack"});
}

TEST_CASE("what a node refuses is told to those who wait, and tried again for those who listen") {
  Stage stage;
  stage.all_ready();
  const std::string error = "-NOPERM this user has no permissions\r\n";
  stage.subscribe(7, kChannel, {"a", "b", "b"});
  stage.events();
  stage.node_acknowledges(0, kChannel, "a");
  CHECK(stage.table.on_frame(0, error));
  CHECK(stage.events() == Events{"0>unsubscribe a", "7:refused"});
  CHECK(stage.told[7] == error);
  CHECK(stage.table.size() == 0);
  CHECK(stage.table.listeners() == 0);
  CHECK(stage.node_acknowledges(0, kChannel, "a", false));

  stage.subscribe(8, kChannel, {"c"});
  stage.node_acknowledges(0, kChannel, "c");
  stage.table.on_lost(0);
  stage.table.on_ready(0);
  CHECK(stage.table.on_frame(0, error));
  stage.events();
  stage.table.retry_refused();
  CHECK(stage.events() == Events{"0>subscribe c"});
  stage.node_acknowledges(0, kChannel, "c");
  CHECK(stage.table.on_frame(0, message("c")));
  CHECK(stage.events() == Events{"8:c/c"});
}

TEST_CASE("a subscription that waits too long is given up, what others want of it stays") {
  Stage stage;
  stage.home = kNoLink;
  stage.subscribe(7, kChannel, {"a", "b"});
  stage.subscribe(8, kChannel, {"b"});
  stage.table.cancel(7);
  CHECK(stage.table.listeners() == 1);
  CHECK(stage.table.size() == 1);
  stage.home = 0;
  stage.all_ready();
  stage.table.reroute();
  CHECK(stage.events() == Events{"0>subscribe b"});
  stage.node_acknowledges(0, kChannel, "b");
  CHECK(stage.events() == Events{"8:ack"});
}

TEST_CASE("a link that answers what was not asked cannot be trusted") {
  const std::string frames[] = {
      "+OK\r\n",
      "-ERR max number of clients reached\r\n",
      acknowledgement(kChannel, "a", 1),
      acknowledgement(kChannel, "a", 0, false),
      acknowledgement(kPattern, "a", 0, false),
  };
  for (const std::string& frame : frames) {
    Stage stage;
    stage.all_ready();
    INFO(frame);
    CHECK_FALSE(stage.table.on_frame(0, frame));
  }
  Stage stage;
  stage.all_ready();
  stage.subscribe(7, kChannel, {"a"});
  CHECK_FALSE(stage.node_acknowledges(0, kChannel, "b"));
  CHECK_FALSE(stage.node_acknowledges(0, kPattern, "a"));
  CHECK(stage.node_acknowledges(0, kChannel, "a"));
  // No word about what nobody listens to.
  CHECK(stage.table.on_frame(0, message("x")));
  CHECK(stage.node_acknowledges(0, kShard, "x", false));
  CHECK(stage.events() == Events{"0>subscribe a", "7:ack"});
}

// Clients, links and nodes at random, against a model of what each client must hear.
TEST_CASE("whatever happens, a standing subscription is heard once by each of its listeners") {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::minstd_rand random(seed + 1);
    Stage stage;
    stage.all_ready();
    std::map<std::string, std::set<ListenerId>> listens;
    std::set<ListenerId> waits;
    std::deque<std::string> queues[3];  // sent to each node and not answered
    const std::vector<std::string> names = {"a", "b", "__keyspace@0__:k"};
    const auto collect = [&] {
      for (const std::string& event : stage.events()) {
        if (event[1] == '>') queues[event[0] - '0'].push_back(event.substr(2));
        if (event.ends_with(":ack")) waits.erase(std::stoull(event));
      }
    };
    const auto answer = [&](LinkId link) {
      if (queues[link].empty()) return;
      const std::string line = queues[link].front();
      queues[link].pop_front();
      const bool subscribes = line.starts_with("subscribe");
      REQUIRE(stage.node_acknowledges(link, kChannel, line.substr(line.find(' ') + 1), subscribes));
    };
    for (int step = 0; step < 60; ++step) {
      const ListenerId client = random() % 4;
      const std::string& name = names[random() % names.size()];
      const LinkId link = static_cast<LinkId>(random() % 3);
      switch (random() % 6) {
        case 0:
        case 1:
          if (waits.contains(client)) break;
          waits.insert(client);
          stage.subscribe(client, kChannel, {name, names[0]});
          listens[name].insert(client);
          listens[names[0]].insert(client);
          break;
        case 2:
          if (waits.contains(client)) break;
          stage.unsubscribe(client, kChannel, {name});
          listens[name].erase(client);
          break;
        case 3:
          stage.table.leave(client);
          waits.erase(client);
          for (auto& [channel, clients] : listens) clients.erase(client);
          break;
        case 4:
          stage.table.on_lost(link);
          queues[link].clear();
          collect();
          stage.home = (link + 1) % 3;
          stage.table.reroute();
          stage.table.on_ready(link);
          break;
        case 5: answer(link); break;
      }
      collect();
    }
    for (bool more = true; more;) {
      more = false;
      for (LinkId link = 0; link < 3; ++link) {
        more |= !queues[link].empty();
        answer(link);
        collect();
      }
    }
    INFO("seed " << seed);
    CHECK(waits.empty());
    for (const std::string& name : names) {
      for (LinkId link = 0; link < 3; ++link) REQUIRE(stage.table.on_frame(link, message(name)));
      std::map<ListenerId, int> heard;
      for (const std::string& event : stage.events()) ++heard[std::stoull(event)];
      std::map<ListenerId, int> expected;
      // A notification comes from the node of the key only: here each node had one.
      for (const ListenerId client : listens[name]) expected[client] = name[0] == '_' ? 3 : 1;
      CHECK(heard == expected);
    }
    for (ListenerId client = 0; client < 4; ++client) stage.table.leave(client);
    CHECK(stage.table.size() == 0);
    CHECK(stage.table.uses(0) + stage.table.uses(1) + stage.table.uses(2) == 0);
  }
}

}  // namespace slotway::routing
