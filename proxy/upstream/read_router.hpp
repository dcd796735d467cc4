// Which node serves the next read of a shard (routing/read_policy): reads take turns among those that the
// client's policy chooses. Owner: the worker's UpstreamPool. Thread: worker. Invariants: while the policy is
// `primary` it knows nothing and is not asked; a node at which a read has failed is left alone for kBench.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "proxy/loop.hpp"
#include "routing/read_policy.hpp"
#include "routing/replica_facts.hpp"
#include "routing/topology.hpp"

namespace slotway::proxy {

class ReadRouter {
 public:
  static constexpr std::chrono::seconds kBench{1};

  // --- what is known ---
  void set_map(std::shared_ptr<const routing::Topology> map);
  void set_facts(std::shared_ptr<const routing::ReplicaFacts> facts) { facts_ = std::move(facts); }
  // In the last second; 0 = not measured then.
  void set_latency(const routing::Endpoint& node, std::uint64_t us);
  void bench(const routing::Endpoint& node, TimePoint now);
  // Chooses anew; behind any of the above, and each second.
  void choose(const config::UpstreamConfig& config, TimePoint now);

  // The node whose turn it is by that policy, of those of the shard of `primary` that have all that was
  // acknowledged at `since`; kNoNode: there is none. REQUIRES: choose() behind the last set_map().
  routing::NodeIndex next(routing::NodeIndex primary, config::ReadFrom policy, TimePoint since);

 private:
  struct Measure {
    routing::Endpoint node;
    std::uint64_t us = 0;
  };
  struct Bench {
    routing::Endpoint node;
    TimePoint until;
  };
  // Of one primary.
  struct Shard {
    std::vector<routing::Reader> usable;
    std::array<std::vector<routing::Reader>, config::kReadFromCount> readers;  // by policy, if it is in use
    std::uint32_t turn = 0;
  };
  bool is_benched(const routing::Endpoint& node) const;
  bool is_near(const config::UpstreamConfig& config, const routing::Endpoint& node) const;
  routing::Reader reader_of(const config::UpstreamConfig& config, routing::NodeIndex node) const;

  std::shared_ptr<const routing::Topology> map_;
  std::shared_ptr<const routing::ReplicaFacts> facts_;
  std::vector<Measure> measures_;
  std::vector<Bench> benches_;
  std::vector<Shard> shards_;  // by the primary's index
};

}  // namespace slotway::proxy
