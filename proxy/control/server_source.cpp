#include "proxy/control/server_source.hpp"

#include <utility>

// GCC 12 sees the frames' operator new inlined and their operator delete not, and takes them for a mismatch.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace slotway::proxy {

using routing::Endpoint;

ServerSource::ServerSource(boost::asio::io_context& io, const config::UpstreamSettings& config,
                           MeetNode meet_node)
    : meet_node_(std::move(meet_node)), client_(io) {
  configure(config);
}

void ServerSource::configure(const config::UpstreamSettings& config) {
  seeds_ = seed_endpoints(config);
  login_ = UpstreamLogin::to_nodes(config);
}

void ServerSource::stop() { client_.close(); }

Task<MapLook> ServerSource::look(const routing::Topology* current, std::uint64_t) {
  MapLook out;
  const Endpoint server = seeds_.front();
  // Of several addresses of a name, the one in use as long as the name has it.
  if (current) client_.prefer(current->node(0).endpoint);
  const std::string error = co_await look_at(server, out);
  if (!error.empty()) out.error = print(server) + ": " + error;
  client_.close();
  co_return out;
}

// Returns the error.
Task<std::string> ServerSource::look_at(Endpoint server, MapLook& out) {
  std::string error = co_await client_.connect(server, login_.credentials, login_.timeout, 0);
  if (!error.empty()) co_return error;
  const ServerView view = co_await probe_.ask(client_, login_.timeout);
  if (!view.error.empty()) co_return view.error;
  if (view.mode == "cluster") co_return "it is a cluster's node: set upstream.mode to cluster";
  if (view.mode == "sentinel") co_return "it is a sentinel: set upstream.mode to sentinel";
  co_await meet_node_(client_, view.run);

  auto topology = std::make_shared<routing::Topology>();
  const routing::NodeIndex node = topology->add_node({.id = {}, .endpoint = client_.address()});
  topology->assign(0, routing::kSlotCount - 1, node);
  topology->set_server_version(view.version);
  topology->set_databases(view.databases);
  out.topology = std::move(topology);
  out.from = print(client_.address());
  co_return std::string{};
}

}  // namespace slotway::proxy
