#include "routing/sentinel_topology.hpp"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "protocol/decimal.hpp"

namespace slotway::routing {

using protocol::ReplyTree;

namespace {

// More than any master has; what is more is left out.
constexpr std::size_t kMaxReplicas = 256;
constexpr std::size_t kMaxSentinels = 64;

std::optional<Endpoint> endpoint_of(const ReplyTree* host, const ReplyTree* port) {
  if (!host || !port || !host->is_text() || host->text.empty()) return std::nullopt;
  const auto is_plain = [](char c) { return c > ' ' && c <= '~'; };
  if (!std::all_of(host->text.begin(), host->text.end(), is_plain)) return std::nullopt;
  const auto number = protocol::parse_decimal(port->text);
  if (!number || *number < 1 || *number > 65535) return std::nullopt;
  return Endpoint{host->text, static_cast<std::uint16_t>(*number)};
}

std::optional<Endpoint> endpoint_of(const ReplyTree& map) {
  return endpoint_of(find_field(map, "ip"), find_field(map, "port"));
}

bool has_flag(const ReplyTree& map, std::string_view flag) {
  const ReplyTree* flags = find_field(map, "flags");
  if (!flags) return false;
  std::string_view rest = flags->text;
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    if (rest.substr(0, comma) == flag) return true;
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return false;
}

bool is_healthy(const ReplyTree& replica) {
  const ReplyTree* link = find_field(replica, "master-link-status");
  const bool is_linked = !link || link->text == "ok";
  return is_linked && !has_flag(replica, "s_down") && !has_flag(replica, "o_down") &&
         !has_flag(replica, "disconnected");
}

std::string describe(const Endpoint& endpoint) { return endpoint.host + ":" + std::to_string(endpoint.port); }

}  // namespace

ParsedSentinelView parse_sentinel_view(std::span<const ReplyTree> replies, const Endpoint& asked) {
  if (replies.size() != kSentinelReplies) return {std::nullopt, "it gave another number of replies"};
  const ReplyTree& id = replies[0];
  const ReplyTree& address = replies[1];
  const ReplyTree& master = replies[2];
  for (const ReplyTree* reply : {&address, &master}) {
    if (reply->is_error()) return {std::nullopt, reply->text};
  }
  if (address.type == protocol::ReplyType::nil) return {std::nullopt, "it knows no such master"};
  const auto primary = address.is_array() && address.elements.size() == 2
                           ? endpoint_of(&address.elements[0], &address.elements[1])
                           : std::nullopt;
  if (!primary) return {std::nullopt, "its answer names no address"};

  SentinelView view;
  view.voter = id.is_text() && !id.text.empty() ? id.text : describe(asked);
  view.primary = *primary;
  if (const ReplyTree* epoch = find_field(master, "config-epoch")) {
    const auto number = protocol::parse_decimal(epoch->text);
    view.epoch = number && *number > 0 ? static_cast<std::uint64_t>(*number) : 0;
  }
  for (const ReplyTree& replica : replies[3].elements) {
    const auto endpoint = endpoint_of(replica);
    // The one that was promoted is listed as a replica until the failover has ended.
    if (!endpoint || *endpoint == view.primary || view.replicas.size() == kMaxReplicas) continue;
    view.replicas.push_back({*endpoint, is_healthy(replica)});
  }
  // And the old primary not yet.
  const auto before = endpoint_of(master);
  if (before && *before != view.primary) view.replicas.push_back({*before, false});
  for (const ReplyTree& other : replies[4].elements) {
    const auto endpoint = endpoint_of(other);
    if (endpoint && view.others.size() < kMaxSentinels) view.others.push_back(*endpoint);
  }
  return {std::move(view), {}};
}

// --- SentinelJudge ---

// One primary that some of them name.
struct SentinelJudge::Candidate {
  const SentinelView* view;  // the one with the highest epoch
  std::size_t votes = 0;
};

SentinelJudge::Verdict SentinelJudge::judge(const Topology* current, std::span<const SentinelView> views,
                                            std::size_t known) {
  // --- the primaries that are named, the latest first ---
  std::vector<Candidate> candidates;
  for (const SentinelView& view : views) {
    auto it = std::find_if(candidates.begin(), candidates.end(),
                           [&](const Candidate& c) { return c.view->primary == view.primary; });
    if (it == candidates.end()) it = candidates.insert(it, Candidate{&view});
    if (view.epoch > it->view->epoch) it->view = &view;
    ++it->votes;
  }
  std::stable_sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return std::pair(a.view->epoch, a.votes) > std::pair(b.view->epoch, b.votes);
  });

  // --- those to be believed ---
  const auto is_replica = [&](const Candidate& candidate) {
    const Endpoint& at = candidate.view->primary;
    if (current && current->find(at.host, at.port) != kNoNode) return true;
    return std::any_of(views.begin(), views.end(), [&](const SentinelView& view) {
      return std::any_of(view.replicas.begin(), view.replicas.end(),
                         [&](const SentinelReplica& replica) { return replica.endpoint == at; });
    });
  };
  Verdict verdict;
  const Candidate* doubted = nullptr;
  for (const Candidate& candidate : candidates) {
    const bool most_answers = candidate.votes * 2 > views.size();
    const bool most_sentinels = candidate.votes * 2 > std::max(known, views.size());
    const bool is_in_use = current && sentinel_primary(*current) == candidate.view->primary;
    const bool is_newer = !current || candidate.view->epoch > current->epoch();
    const bool is_trusted =
        most_sentinels || (is_newer && is_replica(candidate)) || (!current && most_answers);
    if (is_in_use || is_trusted) {
      verdict.believed.push_back(candidate.view);
    } else if (most_answers) {
      doubted = &candidate;
    }
  }
  if (doubted && verdict.believed.empty() && is_insisted_on(doubted->view->primary))
    verdict.believed.push_back(doubted->view);
  if (!doubted) looks_ = 0;
  if (!verdict.believed.empty()) return verdict;

  verdict.error = candidates.empty() ? "no sentinel has an answer" : "the sentinels disagree:";
  for (const Candidate& candidate : candidates) {
    verdict.error += " " + describe(candidate.view->primary) + " (epoch " +
                     std::to_string(candidate.view->epoch) + ") say " + std::to_string(candidate.votes) +
                     " of " + std::to_string(std::max(known, views.size()));
    verdict.error += &candidate == &candidates.back() ? "" : ",";
  }
  return verdict;
}

bool SentinelJudge::is_insisted_on(const Endpoint& primary) {
  if (doubtful_ != primary) looks_ = 0;
  doubtful_ = primary;
  return ++looks_ >= kPatience;
}

// --- the map ---

std::shared_ptr<Topology> sentinel_topology(const SentinelView& view) {
  auto topology = std::make_shared<Topology>();
  const NodeIndex primary = topology->add_node({.id = {}, .endpoint = view.primary});
  topology->assign(0, kSlotCount - 1, primary);
  for (const SentinelReplica& replica : view.replicas) {
    topology->add_node({.id = {},
                        .endpoint = replica.endpoint,
                        .role = NodeRole::replica,
                        .primary = primary,
                        .healthy = replica.healthy});
  }
  topology->set_epoch(view.epoch);
  return topology;
}

const Endpoint& sentinel_primary(const Topology& topology) { return topology.node(0).endpoint; }

}  // namespace slotway::routing
