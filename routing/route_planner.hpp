// Decides at which upstream a request is served, where prefixes of keys say so: whole at one, in parts at
// several, or not at all. What is done there is that upstream's planner's. Pure but for its reused buffers.
// Owner: a PrefixRouter. Thread: worker. Invariant: a request that is served touches keys only where the
// routes say they are.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "protocol/command_table.hpp"
#include "protocol/request.hpp"
#include "routing/planner.hpp"
#include "routing/prefix_routes.hpp"
#include "routing/session_facts.hpp"
#include "routing/splitter.hpp"

namespace slotway::routing {

struct RoutePlan {
  enum class Kind : std::uint8_t {
    whole,            // at `upstream`
    parts,            // the planner's splitter holds them until the next plan
    refused_across,   // its keys are at several upstreams, and it cannot be split
    refused_for_all,  // it is for all that is at one upstream, and there are several
    refused_strip,    // it names keys that are not translated
  };
  Kind kind = Kind::whole;
  UpstreamNumber upstream = 0;
  bool binds = false;  // what the client's transaction does from now on is done there
};

class RoutePlanner {
 public:
  // `keyspaces`: of all upstreams, by number.
  RoutePlanner(PrefixRoutes routes, std::vector<Keyspace> keyspaces)
      : routes_(std::move(routes)), keyspaces_(std::move(keyspaces)) {}

  void set_routes(PrefixRoutes routes) { routes_ = std::move(routes); }
  UpstreamNumber home() const { return routes_.home(); }

  // `bound`: where the session's transaction, or what it watches, is. `splits_writes`: MSET may be split.
  RoutePlan plan(const protocol::RequestView& request, const protocol::CommandRow& row,
                 const SessionFacts& facts, std::optional<UpstreamNumber> bound, bool splits_writes);

  // --- of the last plan, until the next one ---
  // With the keys as their upstreams have them. REQUIRES: translated().
  protocol::RequestView translation() const { return {text_.data(), text_.size(), arguments_}; }
  bool translated() const { return translated_; }
  const Splitter& splitter() const { return splitter_; }
  std::span<const std::uint32_t> keys() const { return keys_; }

 private:
  RoutePlan plan_keys(const protocol::RequestView& request, const protocol::CommandRow& row,
                      bool splits_writes);
  RoutePlan plan_parts(const protocol::RequestView& request, const protocol::CommandRow& row,
                       bool splits_writes);
  void translate(const protocol::RequestView& request);

  PrefixRoutes routes_;
  std::vector<Keyspace> keyspaces_;
  std::vector<std::uint32_t> keys_;
  std::vector<const PrefixRoute*> key_routes_;  // by position
  std::vector<std::uint32_t> places_;           // by position
  Splitter splitter_;
  bool translated_ = false;
  std::vector<std::size_t> cuts_;  // by argument: bytes that the upstream's name lacks
  std::string text_;
  std::vector<protocol::Argument> arguments_;
};

}  // namespace slotway::routing
