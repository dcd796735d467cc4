#include "proxy/control/upstream_control.hpp"

#include <chrono>

namespace slotway::proxy {

UpstreamControl::UpstreamControl(boost::asio::io_context& io, SentinelGroups& groups, unsigned number,
                                 const config::NamedUpstream& upstream,
                                 const std::vector<std::unique_ptr<Worker>>& workers)
    : name_(upstream.name),
      refresher_(
          io, groups, upstream.name, upstream.settings,
          [&workers, number](const std::shared_ptr<const routing::Topology>& topology) {
            for (const auto& worker : workers) worker->publish(number, topology);
          },
          [&workers, number](const std::shared_ptr<const protocol::LearnedCommands>& learned) {
            for (const auto& worker : workers) worker->publish(number, learned);
          }),
      replicas_(
          io, upstream.settings, [this] { return refresher_.current(); },
          [&workers, number](const std::shared_ptr<const routing::ReplicaFacts>& facts) {
            for (const auto& worker : workers) worker->publish(number, facts);
          }) {}

void UpstreamControl::start() {
  refresher_.start();
  replicas_.start();
}

void UpstreamControl::stop() {
  refresher_.stop();
  replicas_.stop();
}

void UpstreamControl::configure(const config::UpstreamSettings& settings) {
  refresher_.configure(settings);
  replicas_.configure(settings);
}

UpstreamFacts UpstreamControl::facts() const {
  UpstreamFacts facts;
  facts.name = name_;
  facts.topology = refresher_.current();
  const RefreshStatus& status = refresher_.status();
  facts.refresh_error = status.last_error;
  if (status.last_success) {
    facts.topology_age = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - *status.last_success);
  }
  for (std::size_t reason = 0; reason < status.counts.size(); ++reason) {
    for (std::size_t result = 0; result < status.counts[reason].size(); ++result) {
      facts.refreshes.push_back(
          {std::string(routing::reason_name(static_cast<routing::RefreshReason>(reason))),
           std::string(result_name(static_cast<RefreshResult>(result))), status.counts[reason][result]});
    }
  }
  return facts;
}

}  // namespace slotway::proxy
