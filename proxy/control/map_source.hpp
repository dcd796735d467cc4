// Where maps come from: what the topology refresher knows of a cluster, a server or a group of sentinels.
// Owner: the topology refresher. Thread: control. Invariants: nothing throws but on lack of memory; errors
// are values, one line each, and hold no password.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "config/config.hpp"
#include "proxy/control/redis_client.hpp"
#include "routing/refresh_policy.hpp"
#include "routing/topology.hpp"

namespace slotway::proxy {

class SentinelGroups;

// What one look has brought.
struct MapLook {
  std::shared_ptr<routing::Topology> topology;  // to be believed; nullptr = there is none
  std::string from;                             // who gave it
  bool is_confirmed = false;                    // there is none, but the one in use still holds
  std::string error;                            // why there is none
};

class MapSource {
 public:
  using RequestRefresh = std::function<void(routing::RefreshReason)>;
  // Called with a connection to a node whose map is believed, before it is used; `run` names the run of its
  // server.
  using MeetNode = std::function<Task<void>(RedisClient&, const std::string& run)>;

  virtual ~MapSource() = default;

  // Asks for the map. `current`: the one in use, nullptr = none, which lives until the look has ended; `turn`
  // counts the looks. One at a time.
  virtual Task<MapLook> look(const routing::Topology* current, std::uint64_t turn) = 0;
  // Seeds, credentials and times for all that is asked from now on.
  virtual void configure(const config::UpstreamSettings& config) = 0;
  // What is under way ends soon, with an error.
  virtual void stop() = 0;
};

// The one for `config.upstream.mode`. `groups` outlive it.
std::unique_ptr<MapSource> make_map_source(boost::asio::io_context& io,
                                           const config::UpstreamSettings& config, SentinelGroups& groups,
                                           MapSource::MeetNode meet_node,
                                           MapSource::RequestRefresh request_refresh);

// --- for sources ---

struct UpstreamLogin {
  Credentials credentials;
  std::chrono::milliseconds timeout{};  // to connect, and for each answer

  static UpstreamLogin to_nodes(const config::UpstreamSettings& config) {
    return {{config.upstream.username, config.upstream.password}, config.timeouts.connect};
  }
};

std::string print(const routing::Endpoint& endpoint);
std::vector<routing::Endpoint> seed_endpoints(const config::UpstreamSettings& config);
// The first few of a look; nodes that fail alike are many.
std::string join_errors(const std::vector<std::string>& errors);
// An error reply of a node, with what to do about it where we know.
std::string explain_refusal(std::string_view text);

}  // namespace slotway::proxy
