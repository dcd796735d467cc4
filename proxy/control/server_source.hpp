// The map of one server: it has all slots. The name that it is known by is resolved at each look, and the map
// has the address, so that another address is followed. Owner: the topology refresher. Thread: control.
#pragma once

#include "proxy/control/map_source.hpp"
#include "proxy/control/server_probe.hpp"

namespace slotway::proxy {

class ServerSource final : public MapSource {
 public:
  ServerSource(boost::asio::io_context& io, const config::UpstreamSettings& config, MeetNode meet_node);

  Task<MapLook> look(const routing::Topology* current, std::uint64_t turn) override;
  void configure(const config::UpstreamSettings& config) override;
  void stop() override;

 private:
  Task<std::string> look_at(routing::Endpoint server, MapLook& out);

  std::vector<routing::Endpoint> seeds_;
  UpstreamLogin login_;
  MeetNode meet_node_;
  RedisClient client_;
  ServerProbe probe_;
};

}  // namespace slotway::proxy
