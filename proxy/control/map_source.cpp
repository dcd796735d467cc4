#include "proxy/control/map_source.hpp"

#include <algorithm>

#include "config/units.hpp"
#include "proxy/control/cluster_source.hpp"
#include "proxy/control/sentinel_source.hpp"
#include "proxy/control/server_source.hpp"

namespace slotway::proxy {

namespace {

constexpr std::size_t kMaxErrorsNamed = 3;

}  // namespace

std::unique_ptr<MapSource> make_map_source(boost::asio::io_context& io,
                                           const config::UpstreamSettings& config, SentinelGroups& groups,
                                           MapSource::MeetNode meet_node,
                                           MapSource::RequestRefresh request_refresh) {
  switch (config.upstream.mode) {
    case config::UpstreamMode::cluster: break;
    case config::UpstreamMode::standalone:
      return std::make_unique<ServerSource>(io, config, std::move(meet_node));
    case config::UpstreamMode::sentinel:
      return std::make_unique<SentinelSource>(io, config, groups, std::move(meet_node),
                                              std::move(request_refresh));
  }
  return std::make_unique<ClusterSource>(io, config, std::move(meet_node));
}

std::string print(const routing::Endpoint& endpoint) {
  return config::print_host_port(endpoint.host, endpoint.port);
}

std::vector<routing::Endpoint> seed_endpoints(const config::UpstreamSettings& config) {
  std::vector<routing::Endpoint> out;
  for (const config::HostPort& seed : config.upstream.seeds) out.push_back({seed.host, seed.port});
  return out;
}

std::string join_errors(const std::vector<std::string>& errors) {
  if (errors.empty()) return "no seed is configured";
  std::string out;
  for (std::size_t i = 0; i < std::min(errors.size(), kMaxErrorsNamed); ++i)
    out += (i > 0 ? "; " : "") + errors[i];
  if (errors.size() > kMaxErrorsNamed)
    out += "; and " + std::to_string(errors.size() - kMaxErrorsNamed) + " more";
  return out;
}

std::string explain_refusal(std::string_view text) {
  if (text.find("cluster support disabled") != std::string_view::npos) {
    return "it is not a cluster node (\"This instance has cluster support disabled\"): start it with "
           "cluster-enabled yes, or name nodes of a cluster in upstream.seeds, or set upstream.mode to "
           "standalone";
  }
  if (text.starts_with("NOAUTH"))
    return "it asks for a password: set upstream.password or upstream.password_file";
  return printable(text);
}

}  // namespace slotway::proxy
