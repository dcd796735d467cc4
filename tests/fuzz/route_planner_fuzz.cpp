// route_planner: what is served touches keys only where the routes say they are; a translation is the request
// with its keys cut; parts have all keys, each where it belongs. Input: a byte of choices (1: not logged in,
// 2: in a transaction, 4: bound to upstream 1, 8: MSET is not split), then requests as a client sends them.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/command_keys.hpp"
#include "protocol/learned_commands.hpp"
#include "protocol/request_parser.hpp"
#include "routing/route_planner.hpp"
#include "tests/fuzz/fuzz_input.hpp"

using namespace slotway;
using namespace slotway::routing;
using fuzz::require;
using protocol::ParseStatus;
using protocol::RequestView;

namespace {

const std::vector<PrefixRoute> kRoutes = {{"a", 1, false}, {"b", 2, false}, {"c:", 3, true}};
const std::vector<Keyspace> kKeyspaces = {Keyspace::slots, Keyspace::one_shard, Keyspace::slots,
                                          Keyspace::one_shard};

struct Choices {
  SessionFacts facts;
  std::optional<UpstreamNumber> bound;
  bool splits_writes;
};

void check_translation(const RequestView& request, const RoutePlanner& planner, const PrefixRoutes& routes,
                       const std::vector<std::uint32_t>& keys) {
  const RequestView there = planner.translation();
  require(there.argc() == request.argc(), "a translation has as many arguments");
  std::vector<std::size_t> cuts(request.argc(), 0);
  for (const std::uint32_t key : keys) {
    const PrefixRoute& route = routes.of(request.arg(key));
    if (route.strips) cuts[key] = route.prefix.size();
  }
  for (std::size_t i = 0; i < request.argc(); ++i)
    require(there.arg(i) == request.arg(i).substr(cuts[i]), "an argument is the same, or a key that is cut");
  protocol::RequestParser parser;
  require(parser.parse(there.bytes(), {}, true) == ParseStatus::request, "a translation is a request");
  require(parser.size() == there.bytes().size(), "a translation is one request");
}

void check_parts(const RequestView& request, const RoutePlanner& planner, const PrefixRoutes& routes,
                 const std::vector<std::uint32_t>& keys) {
  const FragmentLayout& layout = planner.splitter().layout();
  std::size_t placed = 0;
  for (const Fragment& fragment : layout.fragments) {
    for (std::uint32_t p = fragment.first; p != kNoPosition; p = layout.next[p], ++placed) {
      const PrefixRoute& route = routes.of(request.arg(keys[p]));
      require(route.upstream == fragment.upstream, "a key is in a part for its upstream");
      const std::string_view there =
          request.arg(keys[p]).substr(route.strips ? route.prefix.size() : std::size_t{0});
      const Slot slot =
          kKeyspaces[fragment.upstream] == Keyspace::one_shard ? Planner::kOneSlot : slot_of(there);
      require(slot == fragment.slot, "a key is in a part for its slot there");
    }
  }
  require(placed == keys.size(), "every key is in a part");
}

void check_plan(RoutePlanner& planner, const PrefixRoutes& routes, const RequestView& request,
                const Choices& choices) {
  const protocol::FoundRow found = protocol::find_row(request, nullptr);
  if (!found.row) return;
  const protocol::CommandRow& row = *found.row;
  const RoutePlan plan = planner.plan(request, row, choices.facts, choices.bound, choices.splits_writes);
  std::vector<std::uint32_t> keys;
  const bool may_run = row.arity_ok(request.argc()) && choices.facts.authenticated;
  if (may_run) find_keys(row, request, keys);
  if (planner.translated()) check_translation(request, planner, routes, keys);
  if (plan.kind == RoutePlan::Kind::parts) {
    require(!choices.facts.in_transaction, "nothing in a transaction is split");
    require(row.split_step == 1 || choices.splits_writes, "MSET is split only if that is allowed");
    check_parts(request, planner, routes, keys);
  }
  if (plan.binds)
    require(!choices.bound || *choices.bound == plan.upstream, "a transaction is at one upstream");
  if (plan.kind != RoutePlan::Kind::whole || row.family == protocol::Family::pubsub || keys.empty()) return;
  bool several = false;
  for (const std::uint32_t key : keys)
    several |= routes.of(request.arg(key)).upstream != routes.of(request.arg(keys.front())).upstream;
  // What is malformed goes to any node, which says so.
  if (several)
    return require(row.merge != protocol::Merge::none, "keys of several upstreams are not sent to one");
  require(plan.upstream == routes.of(request.arg(keys.front())).upstream,
          "a request goes where its keys are");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::uint8_t byte = fuzz::take_byte(input);
  const Choices choices{
      {.authenticated = (byte & 1) == 0, .in_transaction = (byte & 2) != 0},
      (byte & 4) != 0 ? std::optional<UpstreamNumber>(1) : std::nullopt,
      (byte & 8) == 0,
  };
  const PrefixRoutes routes(kRoutes, 0);
  RoutePlanner planner(routes, kKeyspaces);
  protocol::RequestParser parser;
  while (true) {
    const ParseStatus status = parser.parse(input, {}, true);
    if (status == ParseStatus::need_more || status == ParseStatus::error) return 0;
    if (status == ParseStatus::request) check_plan(planner, routes, parser.request(input), choices);
    input.remove_prefix(parser.size());
    parser.start();
  }
}
