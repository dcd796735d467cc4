// Who listens to what, and what the nodes have to be asked for: channels, patterns and shard channels of all
// clients of one worker, each subscribed to once however many clients there are. Sans-I/O: it is told what
// clients want, which links to nodes are up and what they say, and answers through its host. Owner: a
// worker's Subscriptions. Thread: worker. Invariants: a client is acknowledged when all names of its command
// stand upstream, and hears nothing of them before; a message reaches it once, however many nodes send it.
//
//   where a name is subscribed to      ordinary channels and patterns: at the home link, as every node hears
//   all of them; what keyspace notifications may match: at every primary; shard channels: at their slot's
//   primary. When a name's place changes, the old one is kept until the new one stands.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "protocol/push_frame.hpp"
#include "protocol/redirect_error.hpp"
#include "routing/key_slot.hpp"

namespace slotway::routing {

using protocol::ChannelKind;
using ListenerId = std::uint64_t;  // a client, as its owner names it
using LinkId = std::uint32_t;      // a connection to a node
inline constexpr LinkId kNoLink = 0xFFFFFFFF;

class SubscriptionHost {
 public:
  // --- where; the link may be down ---
  virtual LinkId home_link() = 0;           // kNoLink: no node is known
  virtual LinkId slot_link(Slot slot) = 0;  // likewise
  virtual const std::vector<LinkId>& primary_links() = 0;
  // --- to a node: the link is up ---
  virtual void send(LinkId link, ChannelKind kind, bool subscribes, std::string_view name) = 0;
  // A node said that the slot is served elsewhere: slot_link() must know it from now on.
  virtual void move_slot(LinkId from, const protocol::RedirectError& moved) = 0;
  // --- to a client ---
  virtual void acknowledge(ListenerId listener, std::string_view replies) = 0;
  virtual void refuse(ListenerId listener, std::string_view error_reply) = 0;
  virtual void push(ListenerId listener, std::string_view frame) = 0;

 protected:
  ~SubscriptionHost() = default;
};

class SubscriptionTable {
 public:
  using Names = std::span<const std::string_view>;

  explicit SubscriptionTable(SubscriptionHost& host) : host_(host) {}

  // --- clients ---
  // Ends in one acknowledge() or refuse(), now or later, unless cancel() or leave() comes first. REQUIRES:
  // names is not empty; no other subscription of this client waits. `resp3`: the client's protocol.
  void subscribe(ListenerId listener, ChannelKind kind, Names names, bool resp3);
  // Without names: from all of that kind. Appends the acknowledgements.
  void unsubscribe(ListenerId listener, ChannelKind kind, Names names, bool resp3, std::string& out);
  // The subscription that waits is given up.
  void cancel(ListenerId listener);
  // The client has gone, or is subscribed to nothing from now on.
  void leave(ListenerId listener);
  bool is_subscriber(ListenerId listener) const;
  // How many names of that kind the client listens to.
  std::size_t names_of(ListenerId listener, ChannelKind kind) const;
  // How many clients listen to the name.
  std::size_t listeners_of(ChannelKind kind, std::string_view name) const;
  // visit(name), for each name of that kind that somebody listens to.
  void for_each_name(ChannelKind kind, const std::function<void(std::string_view name)>& visit) const;

  // --- links ---
  void on_ready(LinkId link);
  // It is down; it counts as failing until it is ready again.
  void on_lost(LinkId link);
  // It was closed because nothing is wanted from it. REQUIRES: uses(link) is 0.
  void on_closed(LinkId link) { link_of(link) = {}; }
  // One whole frame. False: the link cannot be trusted and must be closed.
  bool on_frame(LinkId link, std::string_view frame);
  // home_link(), slot_link() or primary_links() have other answers.
  void reroute();
  // Asks again what nodes have refused for the time being.
  void retry_refused();
  // Names that are, or have to be, subscribed to there.
  std::size_t uses(LinkId link) const { return link < links_.size() ? links_[link].uses : 0; }

  std::size_t size() const;  // names, all kinds
  std::size_t listeners() const { return clients_.size(); }

 private:
  struct Place {
    enum class State : std::uint8_t { wanted, asked, refused, stands };
    LinkId link;
    State state = State::wanted;
    bool leaving = false;     // kept until another one stands
    std::uint64_t asked = 0;  // number of the command
  };
  struct Entry {
    ChannelKind kind;
    std::string_view name;  // the key in entries_
    bool everywhere = false;
    bool stands = false;
    std::uint8_t hops = 0;
    LinkId main = kNoLink;  // the place that counts
    std::vector<Place> places;
    std::vector<ListenerId> listeners;
    std::vector<ListenerId> waiters;
  };
  struct Membership {
    std::size_t index;    // in listeners
    std::uint64_t order;  // of the subscription
  };
  struct Client {
    std::unordered_map<Entry*, Membership> members[3];
    std::vector<Entry*> awaited;  // of the command that waits: its names in order
    bool resp3 = false;           // when it asked
    std::size_t missing = 0;      // entries, each once, that do not stand
    std::size_t count(ChannelKind kind) const;
    bool is_empty() const;
  };
  struct Sent {
    std::uint64_t number;
    ChannelKind kind;
    bool subscribes;
    std::string name;
  };
  struct Link {
    bool ready = false;
    bool failing = false;
    std::size_t uses = 0;
    std::deque<Sent> unanswered;
  };
  struct NameHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const { return std::hash<std::string_view>{}(name); }
  };
  using Entries = std::unordered_map<std::string, Entry, NameHash, std::equal_to<>>;

  static std::size_t index_of(ChannelKind kind) { return static_cast<std::size_t>(kind); }
  Entry& entry_of(ChannelKind kind, std::string_view name);
  Entry* find(ChannelKind kind, std::string_view name);
  Link& link_of(LinkId link);
  static Place* place_of(Entry& entry, LinkId link);
  static bool has_member(const Client& client, Entry& entry);
  template <class Visit>
  void for_each(Visit visit);

  // --- clients ---
  void complete(ListenerId listener);
  void complete_ready();
  void stop_waiting(ListenerId listener, Client& client);
  void remove_member(Client& client, Entry& entry);
  void drop_if_unused(Entry& entry);
  void forget_if_empty(ListenerId listener);

  // --- places ---
  bool is_wanted(const Entry& entry, LinkId link);
  void route(Entry& entry);
  void want(Entry& entry, LinkId link);
  void ask(Entry& entry, Place& place);
  void give_up(Entry& entry, Place& place);
  void update(Entry& entry);
  bool accepts(const Entry& entry, LinkId link, std::string_view channel) const;

  // --- frames ---
  bool on_answer(LinkId link, const protocol::PushFrame& frame);
  bool on_error(LinkId link, std::string_view reply);
  void deliver(LinkId link, const protocol::PushFrame& frame, std::string_view bytes);

  SubscriptionHost& host_;
  Entries entries_[3];  // by kind
  std::unordered_map<ListenerId, Client> clients_;
  std::vector<Link> links_;
  std::vector<ListenerId> completed_;
  std::uint64_t orders_ = 0;
};

}  // namespace slotway::routing
