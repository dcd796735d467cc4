#include "proxy/dispatch/prefix_router.hpp"

#include <optional>
#include <string>
#include <utility>

#include "config/upstreams.hpp"
#include "protocol/reply_errors.hpp"
#include "proxy/dispatch/dispatcher.hpp"

namespace slotway::proxy {

namespace {

using Kind = routing::RoutePlan::Kind;

routing::PrefixRoutes routes_of(const config::Config& config, unsigned home) {
  std::vector<routing::PrefixRoute> routes;
  for (const config::RouteConfig& route : config.routes) {
    const std::size_t number = config::upstream_number(config, route.upstream).value_or(home);
    routes.push_back({route.prefix, static_cast<routing::UpstreamNumber>(number), route.strip_prefix});
  }
  return {std::move(routes), static_cast<routing::UpstreamNumber>(home)};
}

std::vector<routing::Keyspace> keyspaces_of(const config::Config& config) {
  std::vector<routing::Keyspace> keyspaces;
  for (const config::NamedUpstream& upstream : config::every_upstream(config)) {
    keyspaces.push_back(upstream.settings.upstream.is_one_shard() ? routing::Keyspace::one_shard
                                                                  : routing::Keyspace::slots);
  }
  return keyspaces;
}

}  // namespace

PrefixRouter::PrefixRouter(const config::Config& config, unsigned home, std::vector<UpstreamParts> upstreams)
    : upstreams_(std::move(upstreams)),
      home_(home),
      planner_(routes_of(config, home), keyspaces_of(config)),
      splits_writes_(config.multikey.mset == config::CrossSlotWrites::split) {}

void PrefixRouter::configure(const config::Config& config) {
  planner_.set_routes(routes_of(config, home_));
  splits_writes_ = config.multikey.mset == config::CrossSlotWrites::split;
}

Taken PrefixRouter::dispatch(ClientSession& session, const protocol::RequestView& request,
                             protocol::ReadBuffer* source) {
  // --- where ---
  const protocol::CommandRow* row = at(home_).find_row(request);
  if (!row) return at(home_).dispatch(session, request, source);
  const bool is_bound = session.facts().in_transaction || session.watched_slot() != routing::kAnySlot;
  if (!is_bound) session.bind_to(std::nullopt);
  const routing::RoutePlan plan =
      planner_.plan(request, *row, session.facts(), session.bound_to(), splits_writes_);

  // --- there ---
  switch (plan.kind) {
    case Kind::whole: break;
    case Kind::parts: return send_parts(session, request, *row);
    case Kind::refused_across:
    case Kind::refused_for_all:
    case Kind::refused_strip: refuse(session, *row, plan.kind); return Taken::yes;
  }
  if (plan.binds) session.bind_to(plan.upstream);
  Dispatcher& dispatcher = at(plan.upstream);
  const Taken taken = planner_.translated()
                          ? dispatcher.dispatch_as(*row, session, planner_.translation(), nullptr)
                          : dispatcher.dispatch_as(*row, session, request, source);
  // A script is loaded where it is first used; unless the command was refused, for want of its body or a
  // login.
  const bool may_run = row->arity_ok(request.argc()) && session.facts().authenticated;
  if (may_run && (row->scripts == protocol::ScriptUse::load || row->scripts == protocol::ScriptUse::flush)) {
    for (const UpstreamParts& other : upstreams_) {
      if (other.number != plan.upstream) other.dispatcher->note_scripts(request, row->scripts);
    }
  }
  return taken;
}

void PrefixRouter::refuse(ClientSession& session, const protocol::CommandRow& row, Kind why) const {
  namespace errors = protocol::errors;
  session.note_command(&row);
  session.fail_transaction();
  const std::string text = why == Kind::refused_across    ? std::string(errors::kAcrossUpstreams)
                           : why == Kind::refused_for_all ? errors::for_one_upstream(row.name)
                                                          : errors::not_translated(row.name);
  session.reply_error(row.family, ErrorClass::refused, text);
}

Taken PrefixRouter::send_parts(ClientSession& session, const protocol::RequestView& request,
                               const protocol::CommandRow& row) {
  session.note_command(&row);
  const auto take = [&] {
    const protocol::RequestView whole = planner_.translated() ? planner_.translation() : request;
    const routing::Splitter& splitter = planner_.splitter();
    const Handle slot = at(home_).open_parts(session, whole, row, splitter, planner_.keys());
    const std::vector<routing::Fragment>& fragments = splitter.layout().fragments;
    for (std::size_t i = 0; i < fragments.size(); ++i) {
      Dispatcher& dispatcher = at(fragments[i].upstream);
      dispatcher.send_part(session, slot, whole, row, splitter, planner_.keys(), i);
      dispatcher.mirror_part(session, whole, row, splitter, planner_.keys(), i);
    }
    return true;
  };
  if (session.is_observed()) return Dispatcher::take_observed(session, request, &row, false, take);
  take();
  return Taken::yes;
}

}  // namespace slotway::proxy
