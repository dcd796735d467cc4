// One worker's side of CLIENT TRACKING: a link to each primary that tells of every key that changes, while
// somebody tracks, and the invalidations from there to the clients that may have it cached. What is decided
// is the tracking_table's; this is sockets, time and sessions (docs/decisions/014). Owner: a Worker. Thread:
// worker; only values cross. Invariants: CLIENT TRACKING ON is answered when the links stand, within
// timeouts.request; while one of them does not, or reads go to nodes that have none, all that is read counts
// as changed at each tick; an invalidation comes behind the replies that its client waits for, unless it
// waits in a blocking command.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "proxy/client/client_session.hpp"
#include "proxy/client/client_tracking.hpp"
#include "proxy/client/proxy_facts.hpp"
#include "proxy/upstream/subscriber_links.hpp"
#include "proxy/upstream/upstream_pool.hpp"
#include "routing/refresh_policy.hpp"
#include "routing/tracking_table.hpp"

namespace slotway::proxy {

class Invalidations final : private routing::TrackingHost, private SubscriberLinkEvents {
 public:
  using RequestRefresh = std::function<void(routing::RefreshReason)>;
  using Keys = std::vector<std::string>;

  // `index` is the worker's place in facts.workers. `end_turn` writes what a link's event has caused.
  Invalidations(unsigned index, const ProxyFacts& facts, boost::asio::io_context& io, Loop& loop,
                Sessions& sessions, ReplySlots& slots, UpstreamPool& pool, std::function<void()> end_turn,
                RequestRefresh request_refresh);

  // --- sessions ---
  // CLIENT TRACKING ON: opens its reply slot; later requests of the session wait for it.
  void start(ClientSession& session, ClientTracking wanted);
  // It tracks no more, or has gone.
  void stop(ClientSession& session);
  // `reply` is the slot of the request that reads the keys. REQUIRES: it tracks what it reads.
  void remember(ClientSession& session, const Keys& keys, Handle reply);

  // --- the worker's loop ---
  void on_topology();
  void on_config() { table_.set_max_items(pool_.settings().limits.max_tracked_keys_per_worker); }
  void on_tick();
  // Before the sessions go: closes all links, and makes no others.
  void stop() { links_.stop(); }

  // --- from the desks of other workers ---
  bool has_client(std::uint64_t id) { return find_client(id) != nullptr; }
  void on_redirect_judged(routing::TrackerId tracker, bool is_there);
  // To the client with that id, for another one that redirects to it. False: it has gone.
  bool deliver(std::uint64_t id, std::span<const std::string_view> keys);
  void break_redirect(routing::TrackerId tracker, std::uint64_t redirect);

 private:
  enum class LinkState : std::uint8_t { down, asked, refused, tells };
  struct Waiting {
    Handle reply_slot;
    TimePoint deadline;
    ClientTracking wanted;
    bool redirect_known;
  };
  struct Late {
    routing::TrackerId tracker;
    Keys keys;  // none: all
  };

  // --- TrackingHost ---
  bool is_in_flight(routing::ReadId read) const override;
  void invalidate(routing::TrackerId tracker, std::span<const std::string_view> keys) override;

  // --- SubscriberLinkEvents ---
  void on_ready(routing::LinkId link) override;
  bool on_frame(routing::LinkId link, std::string_view frame) override;
  void on_lost(routing::LinkId link) override;
  void end_turn() override;
  std::uint64_t random() override { return pool_.random(); }

  void judge_redirect(routing::TrackerId tracker, std::uint64_t redirect);
  void complete_waiting();
  void complete(routing::TrackerId tracker, Waiting waiting);
  void refuse(routing::TrackerId tracker, ErrorClass error, std::string_view reply);
  void refuse_all(std::string_view reply);
  void expire_waiting();
  void answer(Handle reply_slot, std::string_view reply);
  void push(ClientSession& session, std::span<const std::string_view> keys);
  void push_late();
  ClientSession* find_tracking(routing::TrackerId tracker);
  ClientSession* find_client(std::uint64_t id);

  // All links of the map stand, or one does not any more.
  void check_links();
  // Slots may have other owners.
  void check_map();
  LinkState& state_of(routing::LinkId link);
  bool is_used(routing::LinkId link) const;
  void flush();
  void count();

  const unsigned index_;
  const ProxyFacts& facts_;
  Loop& loop_;
  Sessions& sessions_;
  ReplySlots& slots_;
  UpstreamPool& pool_;
  std::function<void()> end_turn_;
  RequestRefresh request_refresh_;
  SubscriberLinks links_;
  routing::TrackingTable table_;
  std::vector<LinkState> states_;  // by link
  bool links_tell_ = false;        // those of all primaries, of changes
  bool stands_ = false;            // and nobody reads elsewhere
  std::uint64_t map_version_ = 0;  // as the pool had it
  std::uint64_t strays_ = 0;
  GaugeShare trackers_;
  GaugeShare keys_;
  GaugeShare items_;
  GaugeShare prefixes_;
  bool has_strays_ = false;  // since the tick before
  std::unordered_map<routing::TrackerId, Waiting> waiting_;
  std::unordered_map<std::uint64_t, Handle> by_id_;  // clients that others redirect to
  std::vector<Late> late_;                           // for clients in blocking commands: at the next tick
  TimePoint retry_at_{};
};

}  // namespace slotway::proxy
