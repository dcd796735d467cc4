// The map of a primary and its replicas that sentinels watch: all of the group are asked (sentinel_poll),
// whom to believe is decided (routing/sentinel_topology), and the primary itself must say that it is one. One
// sentinel is listened to (sentinel_watcher), so that a failover is known when it happens. Owner: the
// topology refresher. Thread: control.
#pragma once

#include <string>

#include "proxy/control/map_source.hpp"
#include "proxy/control/sentinel_group.hpp"
#include "proxy/control/server_probe.hpp"
#include "routing/sentinel_topology.hpp"

namespace slotway::proxy {

class SentinelSource final : public MapSource {
 public:
  // `groups` outlive it.
  SentinelSource(boost::asio::io_context& io, const config::UpstreamSettings& config, SentinelGroups& groups,
                 MeetNode meet_node, RequestRefresh request_refresh);
  ~SentinelSource() override;

  Task<MapLook> look(const routing::Topology* current, std::uint64_t turn) override;
  void configure(const config::UpstreamSettings& config) override;
  void stop() override;

 private:
  void leave();
  void on_event();
  // Returns the error; "" = it is a primary, and `topology` knows what it has told.
  Task<std::string> verify(routing::Endpoint primary, routing::Topology& topology);

  const std::string master_name_;
  UpstreamLogin node_login_;
  MeetNode meet_node_;
  RequestRefresh request_refresh_;
  SentinelGroups& groups_;
  std::shared_ptr<SentinelGroup> group_;  // nullptr: stopped
  SentinelGroup::Member member_ = 0;
  std::shared_ptr<SentinelPoll::Round> round_;  // under way, or nullptr
  routing::SentinelJudge judge_;
  RedisClient primary_;
  ServerProbe probe_;
  bool is_stopped_ = false;
};

}  // namespace slotway::proxy
