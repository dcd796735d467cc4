#include "proxy/control/node_zones.hpp"

#include <algorithm>
#include <utility>

// GCC 12 sees the frames' operator new inlined and their operator delete not, and takes them for a mismatch.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace slotway::proxy {

using routing::NodeZone;
using std::chrono::steady_clock;

void NodeZones::ask(const routing::Topology& map, const UpstreamLogin& login) {
  std::erase_if(places_, [&map](const auto& place) {
    return map.find(place->endpoint.host, place->endpoint.port) == routing::kNoNode;
  });
  for (const routing::Node& node : map.nodes()) {
    auto it = std::find_if(places_.begin(), places_.end(),
                           [&node](const auto& place) { return place->endpoint == node.endpoint; });
    if (it == places_.end()) it = places_.insert(it, std::make_shared<Place>(io_, node.endpoint));
    if ((*it)->is_busy || steady_clock::now() < (*it)->due) continue;
    (*it)->is_busy = true;
    launch(io_, ask_one(*it, login));
  }
}

Task<void> NodeZones::ask_one(std::shared_ptr<Place> place, UpstreamLogin login) {
  const std::string error =
      co_await place->client.connect(place->endpoint, login.credentials, login.timeout, 0);
  RedisClient::Answer answer;
  if (error.empty()) {
    std::vector<RedisClient::Command> question;
    question.push_back({"INFO", "server"});
    answer = co_await place->client.ask(std::move(question), login.timeout);
  }
  place->client.close();
  place->is_busy = false;
  const bool has_answered = error.empty() && answer.error.empty() && answer.replies[0].is_text();
  if (has_answered) place->zone = routing::announced_zone(answer.replies[0].text);
  place->due = steady_clock::now() + (has_answered ? kInterval : kRetry);
}

std::vector<NodeZone> NodeZones::known() const {
  std::vector<NodeZone> out;
  for (const auto& place : places_) {
    if (!place->zone.empty()) out.push_back({place->endpoint, place->zone});
  }
  return out;
}

void NodeZones::stop() {
  for (const auto& place : places_) place->client.close();
}

}  // namespace slotway::proxy
