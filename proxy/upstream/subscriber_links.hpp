// The subscriber links of one worker for one purpose: one for each node that is needed, by number, kept over
// changes of the map. Owner: the worker's Subscriptions or Invalidations. Thread: worker. Invariant: a number
// names the same node as long as its link is there.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <vector>

#include "proxy/loop.hpp"
#include "proxy/upstream/subscriber_link.hpp"
#include "routing/subscription_table.hpp"
#include "routing/topology.hpp"

namespace slotway::proxy {

class SubscriberLinks {
 public:
  using LinkId = routing::LinkId;

  SubscriberLinks(boost::asio::io_context& io, Loop& loop, const config::UpstreamSettings& settings,
                  SubscriberLinkEvents& events, LinkPurpose purpose)
      : io_(io), loop_(loop), settings_(settings), events_(events), purpose_(purpose) {}

  // Takes in a map. False: it is the one that is known.
  bool follow(const std::shared_ptr<const routing::Topology>& topology);
  // nullptr: none so far.
  const routing::Topology* topology() const { return topology_.get(); }
  // Those of the map's primaries that have slots and are well: the others have no keys to speak of, or will
  // be replaced. The first is that of the last slot, to which PUBLISH is sent (UpstreamPool::any_primary).
  const std::vector<LinkId>& primaries() const { return primaries_; }
  // There is one, and no primary with slots was left out.
  bool has_all_primaries() const { return !primaries_.empty() && !left_out_; }
  // Makes it where there is none. REQUIRES: the map has the node.
  LinkId at(routing::NodeIndex node);
  SubscriberLink& operator[](LinkId id) { return *links_[id]; }
  bool empty() const { return links_.empty(); }

  // Opens those that are used, and writes what they have to say.
  void flush(const std::function<bool(LinkId)>& is_used);
  // Probes and deadlines. One that has long been unused is closed, and then `on_closed` is called.
  void on_tick(const std::function<bool(LinkId)>& is_used, const std::function<void(LinkId)>& on_closed);
  // Closes all, and opens none from now on.
  void stop();

 private:
  void list_primaries();

  boost::asio::io_context& io_;
  Loop& loop_;
  const config::UpstreamSettings& settings_;
  SubscriberLinkEvents& events_;
  const LinkPurpose purpose_;
  std::shared_ptr<const routing::Topology> topology_;
  std::vector<std::shared_ptr<SubscriberLink>> links_;  // nullptr: a free number
  std::vector<LinkId> by_node_;                         // kNoLink: not needed so far
  std::vector<LinkId> primaries_;
  bool left_out_ = false;
  bool stopped_ = false;
};

}  // namespace slotway::proxy
