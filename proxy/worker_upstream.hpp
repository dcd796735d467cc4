// One upstream as one worker sees it: its settings, its map, the connections to its nodes, and what sends
// requests there. Owner: a Worker. Thread: worker. Invariant: nothing of it is shared with another upstream,
// but the loop, the sessions and their reply slots.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>

#include "config/config.hpp"
#include "proxy/client/client_session.hpp"
#include "proxy/client/monitor_feed.hpp"
#include "proxy/client/proxy_facts.hpp"
#include "proxy/client/upstream_parts.hpp"
#include "proxy/dispatch/dispatcher.hpp"
#include "proxy/loop.hpp"
#include "proxy/upstream/invalidations.hpp"
#include "proxy/upstream/subscriptions.hpp"
#include "proxy/upstream/upstream_pool.hpp"

namespace slotway::proxy {

// What a worker lends to each of its upstreams.
struct WorkerParts {
  unsigned worker;  // its number
  unsigned workers;
  const ProxyFacts& facts;
  boost::asio::io_context& io;
  Loop& loop;
  Sessions& sessions;
  ReplySlots& slots;
  SessionRoom& room;
  std::function<void()> end_turn;
};

class WorkerUpstream {
 public:
  using RequestRefresh = std::function<void(routing::RefreshReason)>;

  WorkerUpstream(const WorkerParts& parts, unsigned number, const config::UpstreamSettings& settings,
                 RequestRefresh request_refresh);
  WorkerUpstream(const WorkerUpstream&) = delete;
  WorkerUpstream& operator=(const WorkerUpstream&) = delete;

  UpstreamParts parts() { return {pool.number(), &dispatcher, &subscriptions, &invalidations, &monitors}; }
  void set_topology(std::shared_ptr<const routing::Topology> topology);
  void configure(const config::UpstreamSettings& settings);
  void on_tick();
  void stop();

 private:
  config::UpstreamSettings settings_;

 public:
  UpstreamPool pool;
  Subscriptions subscriptions;
  Invalidations invalidations;
  Dispatcher dispatcher;
  MonitorFeed monitors;
};

}  // namespace slotway::proxy
