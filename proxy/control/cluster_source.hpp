// The map of a cluster, from CLUSTER SHARDS or SLOTS of one of its nodes: nodes are asked one after the other
// until one gives a view to be believed (routing/refresh_policy). Owner: the topology refresher. Thread:
// control. Source: Redis documentation of these commands.
#pragma once

#include <string>
#include <vector>

#include "proxy/control/map_source.hpp"

namespace slotway::proxy {

class ClusterSource final : public MapSource {
 public:
  ClusterSource(boost::asio::io_context& io, const config::UpstreamSettings& config, MeetNode meet_node);

  Task<MapLook> look(const routing::Topology* current, std::uint64_t turn) override;
  void configure(const config::UpstreamSettings& config) override;
  void stop() override;

 private:
  // What one node answered.
  struct View {
    std::shared_ptr<routing::Topology> topology;  // nullptr = error
    bool state_ok = true;
    std::string run;  // of the server; "" = not said
    std::string error;
  };

  Task<View> ask(routing::Endpoint endpoint, std::uint64_t turn);
  View read_view(const std::vector<protocol::ReplyTree>& replies, const protocol::ReplyTree& map,
                 bool is_slots) const;

  std::vector<routing::Endpoint> seeds_;
  UpstreamLogin login_;
  MeetNode meet_node_;
  RedisClient client_;
  routing::ViewJudge judge_;
  bool is_stopped_ = false;
};

}  // namespace slotway::proxy
