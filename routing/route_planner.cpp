#include "routing/route_planner.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "protocol/ascii_case.hpp"
#include "protocol/command_keys.hpp"
#include "routing/block_time.hpp"

namespace slotway::routing {

namespace {

using protocol::CommandRow;
using protocol::LocalCommand;
using protocol::RequestView;
using protocol::Service;
using Kind = RoutePlan::Kind;

// Whose replies name keys as their node has them.
constexpr std::array<std::string_view, 10> kNameKeys = {
    "blmpop", "blpop", "brpop", "bzmpop", "bzpopmax", "bzpopmin", "lmpop", "xread", "xreadgroup", "zmpop"};

bool says(const RequestView& request, std::string_view word) {
  for (std::size_t i = 2; i < request.argc(); ++i) {
    if (protocol::equal_ignore_case(request.arg(i), word)) return true;
  }
  return false;
}

// Patterns of BY and GET are keys that no spec tells.
bool needs_other_names(const CommandRow& row, const RequestView& request) {
  if (row.name == "sort" || row.name == "sort_ro") return says(request, "BY") || says(request, "GET");
  return std::find(kNameKeys.begin(), kNameKeys.end(), row.name) != kNameKeys.end();
}

// It is for all keys, all nodes or the connection's database, or of all keys that the client reads.
bool is_for_all(const CommandRow& row, const RequestView& request) {
  switch (row.service) {
    case Service::scan:
    case Service::flush:
    case Service::wait:
    case Service::change_settings: return true;
    case Service::broadcast: return !protocol::is_report(row.merge) && !row.name.starts_with("script|");
    case Service::any_node: return row.name == "swapdb";
    case Service::local:
      if (row.local == LocalCommand::select) return request.arg(1) != "0";
      return row.local == LocalCommand::client_tracking &&
             !protocol::equal_ignore_case(request.arg(2), "off");
    default: return false;
  }
}

bool is_transaction_step(const CommandRow& row) {
  return row.service == Service::transaction && row.local != LocalCommand::watch;
}

}  // namespace

RoutePlan RoutePlanner::plan(const RequestView& request, const CommandRow& row, const SessionFacts& facts,
                             std::optional<UpstreamNumber> bound, bool splits_writes) {
  translated_ = false;
  keys_.clear();
  // Refused there, with Redis's words.
  const bool may_run = row.arity_ok(request.argc()) && (facts.authenticated || row.has(protocol::kNoAuth)) &&
                       row.service != Service::container;
  if (!may_run) return {Kind::whole, bound.value_or(home())};
  if (is_for_all(row, request)) return {Kind::refused_for_all};
  // What the session itself does, wherever it is.
  if (row.service == Service::local || is_transaction_step(row)) return {Kind::whole, bound.value_or(home())};

  RoutePlan plan{Kind::whole, home()};
  // Channels are no keys: all are at home, where they are listened to.
  const bool has_keys = row.family != protocol::Family::pubsub && !row.keys.empty() &&
                        protocol::find_keys(row, request, keys_) == protocol::KeyError::none &&
                        !keys_.empty();
  if (has_keys) plan = plan_keys(request, row, splits_writes);
  if (!facts.in_transaction && row.local != LocalCommand::watch) return plan;

  // --- one transaction is at one upstream ---
  if (plan.kind == Kind::parts) return {Kind::refused_across};
  if (plan.kind != Kind::whole) return plan;
  if (bound && *bound != plan.upstream) return {Kind::refused_across};
  plan.binds = true;
  return plan;
}

RoutePlan RoutePlanner::plan_keys(const RequestView& request, const CommandRow& row, bool splits_writes) {
  key_routes_.clear();
  bool several = false;
  bool strips = false;
  for (const std::uint32_t key : keys_) {
    key_routes_.push_back(&routes_.of(request.arg(key)));
    several |= key_routes_.back()->upstream != key_routes_.front()->upstream;
    strips |= key_routes_.back()->strips;
  }
  if (strips && needs_other_names(row, request)) return {Kind::refused_strip};
  if (strips) translate(request);
  if (several) return plan_parts(translated_ ? translation() : request, row, splits_writes);
  return {Kind::whole, key_routes_.front()->upstream};
}

RoutePlan RoutePlanner::plan_parts(const RequestView& request, const CommandRow& row, bool splits_writes) {
  const bool may_wait = row.has(protocol::kBlocking) && may_block(row, request);
  if (row.merge == protocol::Merge::none || may_wait) return {Kind::refused_across};
  if (row.split_step > 1 && !splits_writes) return {Kind::refused_across};
  // Malformed: any node says so, and does nothing.
  if (!has_whole_keys(request, keys_, row) || !row.arity_ok(keys_.front() + arguments_per_key(row)))
    return {Kind::whole, home()};
  places_.clear();
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    const UpstreamNumber upstream = key_routes_[i]->upstream;
    const Slot slot =
        keyspaces_[upstream] == Keyspace::one_shard ? Planner::kOneSlot : slot_of(request.arg(keys_[i]));
    places_.push_back(Splitter::place_of(upstream, slot));
  }
  splitter_.split_by(places_);
  return {Kind::parts};
}

// The request anew, each key without its route's prefix.
void RoutePlanner::translate(const RequestView& request) {
  translated_ = true;
  text_.assign(ArrayHeader(request.argc()).view());
  arguments_.clear();
  cuts_.assign(request.argc(), 0);
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (key_routes_[i]->strips) cuts_[keys_[i]] = key_routes_[i]->prefix.size();
  }
  for (std::size_t i = 0; i < request.argc(); ++i) {
    const std::string_view word = request.arg(i).substr(cuts_[i]);
    const auto header = static_cast<std::uint32_t>(text_.size());
    char length[24] = {'$'};
    char* end = std::to_chars(length + 1, length + sizeof length, word.size()).ptr;
    text_.append(length, end).append("\r\n");
    arguments_.push_back(
        {header, static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(word.size())});
    text_.append(word).append("\r\n");
  }
}

}  // namespace slotway::routing
