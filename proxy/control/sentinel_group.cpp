#include "proxy/control/sentinel_group.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace slotway::proxy {

SentinelGroup::SentinelGroup(boost::asio::io_context& io, std::vector<routing::Endpoint> seeds,
                             const UpstreamLogin& login)
    : poll_(io, std::move(seeds), login),
      watcher_(
          io, login, [this] { return poll_.sentinels(); },
          [this](std::string_view master_name, const std::string& told) { on_event(master_name, told); }) {}

SentinelGroup::Member SentinelGroup::join(std::string master_name, OnEvent on_event) {
  if (!std::exchange(is_watching_, true)) watcher_.start();
  members_.emplace(++last_, Listening{std::move(master_name), std::move(on_event)});
  return last_;
}

void SentinelGroup::on_event(std::string_view master_name, const std::string& told) {
  std::vector<OnEvent> interested;
  for (const auto& [member, listening] : members_) {
    if (master_name.empty() || listening.master_name == master_name) interested.push_back(listening.on_event);
  }
  if (!told.empty() && !interested.empty()) spdlog::info("{}", told);
  for (const OnEvent& tell : interested) tell();
}

std::shared_ptr<SentinelGroup> SentinelGroups::find_or_make(std::vector<routing::Endpoint> seeds,
                                                            const UpstreamLogin& login) {
  std::erase_if(groups_, [](const auto& entry) { return entry.second.expired(); });
  Key key;
  for (const routing::Endpoint& seed : seeds) std::get<0>(key).emplace_back(seed.host, seed.port);
  std::sort(std::get<0>(key).begin(), std::get<0>(key).end());
  std::get<1>(key) = login.credentials.username;
  std::get<2>(key) = login.credentials.password;
  std::get<3>(key) = login.timeout;
  std::weak_ptr<SentinelGroup>& place = groups_[key];
  std::shared_ptr<SentinelGroup> group = place.lock();
  if (!group) {
    group = std::make_shared<SentinelGroup>(io_, std::move(seeds), login);
    place = group;
  }
  return group;
}

}  // namespace slotway::proxy
