// What faults happen to: a real cluster of six nodes, or a primary with two replicas and three sentinels,
// with the real proxy in front of it, or several behind a balancer. Owner: main or the soak; one for each
// fault, or one for many. Thread: main's, which must outlive it (see kit/child_process.hpp). Invariant: all
// serve when the constructor returns.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "tests/chaos/balancer.hpp"
#include "tests/kit/cluster_process.hpp"
#include "tests/kit/sentinel_group.hpp"
#include "tests/kit/slotway_process.hpp"

namespace slotway::chaos {

inline constexpr int kWorkers = 2;
// Replies that the proxy may hold for one client before it closes it: its RSS is judged by this.
inline constexpr std::size_t kMemoryPerClient = std::size_t{4} << 20;
// Where the fault that gives all nodes new addresses takes them; the seeds name both places.
inline constexpr const char* kFirstNetwork = "127.0.1";
inline constexpr const char* kOtherNetwork = "127.0.3";

struct Stage {
  kit::ClusterProcess cluster{{}, kFirstNetwork};
  kit::SlotwayProcess proxy;

  // `slotway` is the program's path.
  explicit Stage(const std::string& slotway);

  // A key of which this node, a primary, serves the slot.
  std::string key_of(std::size_t primary);
  // Connections that the proxy has from clients.
  std::size_t client_count() const;
  // The cluster is whole again: all agree, replicas are in sync. Throws std::runtime_error if that takes too
  // long.
  void wait_until_whole();
  // This node, a replica, says that it is a primary. Throws std::runtime_error if that takes too long.
  void wait_until_elected(std::size_t replica);
};

struct SentinelStage {
  kit::SentinelGroup group;
  kit::SlotwayProcess proxy;

  explicit SentinelStage(const std::string& slotway);
};

// One proxy runs, and the others may. Clients come to the balancer, and do not stay for long.
struct FleetStage {
  static constexpr std::size_t kMost = 3;

  kit::ClusterProcess cluster{{}, kFirstNetwork};
  std::vector<std::unique_ptr<kit::SlotwayProcess>> proxies;
  std::unique_ptr<Balancer> balancer;

  explicit FleetStage(const std::string& slotway);

  kit::SlotwayProcess& proxy(std::size_t index) { return *proxies[index]; }
  // Of each proxy; all are running.
  std::vector<std::size_t> client_counts() const;
  // Connections that the first one has closed because of their age.
  std::size_t aged_count() const;
};

// Ends the proxy in order; returns why that was not right, or what a sanitizer has found, else nothing.
std::string end_in_order(kit::SlotwayProcess& proxy);

}  // namespace slotway::chaos
