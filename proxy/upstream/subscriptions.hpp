// One worker's subscriptions: clients' SUBSCRIBE and its relatives, the links to the nodes that carry them,
// and the messages from there to the clients. What is decided is the subscription_table's; this is sockets,
// time and sessions. Owner: a Worker. Thread: worker. Invariants: each subscribing command is answered within
// timeouts.request; a client hears messages between its replies, never inside one.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "protocol/request.hpp"
#include "proxy/client/client_session.hpp"
#include "proxy/upstream/subscriber_links.hpp"
#include "proxy/upstream/upstream_pool.hpp"
#include "routing/refresh_policy.hpp"
#include "routing/subscription_table.hpp"

namespace slotway::proxy {

class Subscriptions final : private routing::SubscriptionHost, private SubscriberLinkEvents {
 public:
  using RequestRefresh = std::function<void(routing::RefreshReason)>;

  // `end_turn` writes what a link's event has caused.
  Subscriptions(boost::asio::io_context& io, Loop& loop, Sessions& sessions, ReplySlots& slots,
                UpstreamPool& pool, std::function<void()> end_turn, RequestRefresh request_refresh);

  // Runs one of the six commands. REQUIRES: all earlier requests of the session are answered.
  void run(ClientSession& session, const protocol::CommandRow& row, const protocol::RequestView& request);
  // The client has gone, or starts anew.
  void leave(ClientSession& session);
  const routing::SubscriptionTable& table() const { return table_; }
  // How many names of that kind the client listens to.
  std::size_t names_of(const ClientSession& session, protocol::ChannelKind kind) const;

  // --- the worker's loop ---
  void on_topology();
  void on_tick();
  // Before the sessions go: closes all links, and makes no others.
  void stop() { links_.stop(); }

 private:
  struct Waiting {
    Handle reply_slot;
    TimePoint deadline;
  };

  // --- SubscriptionHost ---
  routing::LinkId home_link() override { return home_; }
  routing::LinkId slot_link(routing::Slot slot) override;
  const std::vector<routing::LinkId>& primary_links() override { return links_.primaries(); }
  void send(routing::LinkId link, protocol::ChannelKind kind, bool subscribes,
            std::string_view name) override;
  void move_slot(routing::LinkId from, const protocol::RedirectError& moved) override;
  void acknowledge(routing::ListenerId listener, std::string_view replies) override;
  void refuse(routing::ListenerId listener, std::string_view error_reply) override;
  void push(routing::ListenerId listener, std::string_view frame) override;

  // --- SubscriberLinkEvents ---
  void on_ready(routing::LinkId link) override;
  bool on_frame(routing::LinkId link, std::string_view frame) override;
  void on_lost(routing::LinkId link) override;
  void end_turn() override;
  std::uint64_t random() override { return pool_.random(); }

  void answer(routing::ListenerId listener, std::string_view replies);
  static void deliver(ClientSession& session, Handle handle, ReplySlot& slot, std::string_view replies);
  void expire_waiting();
  // Takes in a map that has changed; routes anew.
  void follow_map();
  bool choose_home();
  // Opens, writes and closes links as the table needs them.
  void flush();
  void count();

  Loop& loop_;
  Sessions& sessions_;
  ReplySlots& slots_;
  UpstreamPool& pool_;
  std::function<void()> end_turn_;
  RequestRefresh request_refresh_;
  routing::SubscriptionTable table_{*this};
  std::unordered_map<routing::ListenerId, Waiting> waiting_;

  SubscriberLinks links_;
  routing::LinkId home_ = routing::kNoLink;
  TimePoint retry_at_{};
  GaugeShare subscribed_;
  GaugeShare subscribers_;
  std::vector<std::string_view> names_;
  std::string replies_;
};

}  // namespace slotway::proxy
