#include "proxy/control/cluster_source.hpp"

#include <utility>

#include "routing/topology_parser.hpp"

// GCC 12 sees the frames' operator new inlined and their operator delete not, and takes them for a mismatch.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace slotway::proxy {

using protocol::ReplyTree;
using routing::Endpoint;
using routing::ViewJudge;

namespace {

std::vector<RedisClient::Command> map_commands() {
  return {{"CLUSTER", "INFO"}, {"CLUSTER", "SHARDS"}, {"INFO", "server"}};
}

std::vector<RedisClient::Command> slots_command() { return {{"CLUSTER", "SLOTS"}}; }

// Before Redis 7 there is no CLUSTER SHARDS; a user may lack the permission for one of the two.
bool may_know_slots(const ReplyTree& shards) {
  return shards.is_error() && shards.text.find("cluster support disabled") == std::string::npos &&
         !shards.text.starts_with("NOAUTH");
}

}  // namespace

ClusterSource::ClusterSource(boost::asio::io_context& io, const config::UpstreamSettings& config,
                             MeetNode meet_node)
    : meet_node_(std::move(meet_node)), client_(io) {
  configure(config);
}

void ClusterSource::configure(const config::UpstreamSettings& config) {
  seeds_ = seed_endpoints(config);
  login_ = UpstreamLogin::to_nodes(config);
}

void ClusterSource::stop() {
  is_stopped_ = true;
  client_.close();
}

Task<MapLook> ClusterSource::look(const routing::Topology* current, std::uint64_t turn) {
  std::vector<std::string> errors;
  MapLook out;
  for (const Endpoint& endpoint : routing::ask_order(current, seeds_, turn)) {
    View view = co_await ask(endpoint, turn);
    if (is_stopped_) co_return out;
    if (view.topology != nullptr) co_await meet_node_(client_, view.run);
    if (is_stopped_) co_return out;
    const std::string voter = print(client_.address());
    client_.close();
    if (view.topology == nullptr) {
      errors.push_back(print(endpoint) + ": " + view.error);
      continue;
    }
    const auto verdict = judge_.judge(current, *view.topology, view.state_ok, voter, turn);
    if (verdict == ViewJudge::Verdict::accepted) {
      out.topology = std::move(view.topology);
      out.from = voter;
      co_return out;
    }
    out.is_confirmed = out.is_confirmed || verdict == ViewJudge::Verdict::confirmed;
    errors.push_back(print(endpoint) + ": its view is not taken: " + std::string{verdict_text(verdict)});
  }
  out.error = join_errors(errors);
  co_return out;
}

Task<ClusterSource::View> ClusterSource::ask(Endpoint endpoint, std::uint64_t turn) {
  View view;
  view.error = co_await client_.connect(endpoint, login_.credentials, login_.timeout, turn);
  if (!view.error.empty()) co_return view;
  RedisClient::Answer answer = co_await client_.ask(map_commands(), login_.timeout);
  if (!answer.error.empty()) {
    view.error = std::move(answer.error);
    co_return view;
  }
  const ReplyTree& shards = answer.replies[1];
  if (!may_know_slots(shards)) co_return read_view(answer.replies, shards, false);
  const RedisClient::Answer slots = co_await client_.ask(slots_command(), login_.timeout);
  if (!slots.error.empty()) {
    view.error = slots.error;
    co_return view;
  }
  co_return read_view(answer.replies, slots.replies[0], true);
}

// `replies` to map_commands(); `map` is the reply that holds the map.
ClusterSource::View ClusterSource::read_view(const std::vector<ReplyTree>& replies, const ReplyTree& map,
                                             bool is_slots) const {
  View view;
  if (map.is_error()) {
    view.error = explain_refusal(map.text);
    return view;
  }
  routing::ParsedTopology parsed =
      is_slots ? parse_cluster_slots(map, client_.address()) : parse_cluster_shards(map, client_.address());
  if (parsed.topology == nullptr) {
    view.error = std::string{is_slots ? "CLUSTER SLOTS: " : "CLUSTER SHARDS: "} + parsed.error;
    return view;
  }
  // A user without permission for INFO and CLUSTER INFO gets a map without epoch and version.
  if (replies[0].is_text()) {
    const routing::ClusterInfo info = routing::parse_cluster_info(replies[0].text);
    view.state_ok = info.state_ok;
    parsed.topology->set_epoch(info.current_epoch);
  }
  if (replies[2].is_text()) {
    parsed.topology->set_server_version(routing::parse_server_version(replies[2].text));
    view.run = routing::parse_run_id(replies[2].text);
  }
  view.topology = std::move(parsed.topology);
  return view;
}

}  // namespace slotway::proxy
