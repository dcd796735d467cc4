#include "proxy/control/sentinel_source.hpp"

#include <utility>
#include <vector>

// GCC 12 sees the frames' operator new inlined and their operator delete not, and takes them for a mismatch.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace slotway::proxy {

using routing::Endpoint;

namespace {

UpstreamLogin to_sentinels(const config::UpstreamSettings& config) {
  return {{config.upstream.sentinel_username, config.upstream.sentinel_password, "upstream.sentinel_"},
          config.timeouts.connect};
}

}  // namespace

SentinelSource::SentinelSource(boost::asio::io_context& io, const config::UpstreamSettings& config,
                               SentinelGroups& groups, MeetNode meet_node, RequestRefresh request_refresh)
    : master_name_(config.upstream.master_name),
      meet_node_(std::move(meet_node)),
      request_refresh_(std::move(request_refresh)),
      groups_(groups),
      primary_(io) {
  configure(config);
}

SentinelSource::~SentinelSource() { leave(); }

void SentinelSource::configure(const config::UpstreamSettings& config) {
  node_login_ = UpstreamLogin::to_nodes(config);
  std::shared_ptr<SentinelGroup> wanted = groups_.find_or_make(seed_endpoints(config), to_sentinels(config));
  if (wanted == group_ || is_stopped_) return;
  leave();
  group_ = std::move(wanted);
  member_ = group_->join(master_name_, [this] { on_event(); });
}

void SentinelSource::leave() {
  if (round_) SentinelPoll::cancel(*round_);
  if (group_) group_->leave(member_);
  group_.reset();
}

void SentinelSource::stop() {
  is_stopped_ = true;
  leave();
  primary_.close();
}

// Whatever is being asked is out of date.
void SentinelSource::on_event() {
  if (is_stopped_) return;
  primary_.close();
  request_refresh_(routing::RefreshReason::sentinel_event);
}

Task<MapLook> SentinelSource::look(const routing::Topology* current, std::uint64_t) {
  MapLook out;
  if (is_stopped_) co_return out;
  const std::shared_ptr<SentinelGroup> group = group_;  // until they have answered
  round_ = group->poll().begin();
  const SentinelPoll::Result answers = co_await group->poll().ask(round_, master_name_);
  round_.reset();
  if (is_stopped_) co_return out;
  const routing::SentinelJudge::Verdict verdict = judge_.judge(current, answers.views, answers.known);
  std::vector<std::string> errors;
  if (answers.views.empty()) {
    errors = answers.errors;
  } else if (verdict.believed.empty()) {
    errors.push_back(verdict.error);
  }
  for (const routing::SentinelView* view : verdict.believed) {
    std::shared_ptr<routing::Topology> topology = routing::sentinel_topology(*view);
    const std::string error = co_await verify(view->primary, *topology);
    primary_.close();
    if (is_stopped_) co_return out;
    if (!error.empty()) {
      errors.push_back("primary " + print(view->primary) + ": " + error);
      continue;
    }
    // A sentinel that is behind does not turn the clock back.
    if (current && routing::sentinel_primary(*current) == view->primary &&
        current->epoch() > topology->epoch())
      topology->set_epoch(current->epoch());
    out.topology = std::move(topology);
    out.from = "sentinel " + view->voter.substr(0, 40);
    co_return out;
  }
  out.error = join_errors(errors);
  co_return out;
}

Task<std::string> SentinelSource::verify(Endpoint primary, routing::Topology& topology) {
  std::string error = co_await primary_.connect(primary, node_login_.credentials, node_login_.timeout, 0);
  if (!error.empty()) co_return error;
  const ServerView view = co_await probe_.ask(primary_, node_login_.timeout);
  if (!view.error.empty()) co_return view.error;
  if (!view.role.empty() && view.role != "master")
    co_return "it says that it is a replica (the failover has not ended, or the sentinels are behind)";
  if (view.mode == "cluster") co_return "it is a cluster's node: set upstream.mode to cluster";
  co_await meet_node_(primary_, view.run);
  topology.set_server_version(view.version);
  topology.set_databases(view.databases);
  co_return std::string{};
}

}  // namespace slotway::proxy
