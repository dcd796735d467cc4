// A primary with replicas, watched by sentinels that know each other: 1, 2 and 3 unless told otherwise.
// Owner: the test that starts it. Thread: the test's (see child_process). Invariant: server 0 began as the
// primary; a server keeps its index through failovers and restarts.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/kit/redis_process.hpp"
#include "tests/kit/sentinel_process.hpp"

namespace slotway::kit {

struct SentinelGroupOptions {
  std::size_t replicas = 2;
  std::size_t sentinels = 3;
  std::string password{};           // of the servers
  std::string sentinel_password{};  // of the sentinels
};

class SentinelGroup {
 public:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  static constexpr const char* kMaster = "mymaster";

  // Returns when every sentinel knows the replicas and the other sentinels.
  explicit SentinelGroup(SentinelGroupOptions options = {});

  RedisProcess& server(std::size_t index) { return *servers_[index]; }
  std::size_t server_count() const { return servers_.size(); }
  SentinelProcess& sentinel(std::size_t index) { return *sentinels_[index]; }
  std::size_t sentinel_count() const { return sentinels_.size(); }
  // "127.0.0.1:PORT,…" of all sentinels, as --upstream takes it.
  std::string seeds() const;
  // Slotway's arguments for it, behind --upstream.
  std::vector<std::string> slotway_arguments(std::vector<std::string> more = {}) const;

  // Whom the sentinel takes for the primary; kNone if it is none of the servers.
  std::size_t primary_by(std::size_t sentinel);
  // SENTINEL FAILOVER; returns the new primary's index when the running sentinels agree on it.
  std::size_t failover();
  // Until the running sentinels agree on another primary than `before`, which has said so itself; returns it.
  std::size_t wait_for_primary_other_than(std::size_t before,
                                          std::chrono::milliseconds limit = std::chrono::seconds(40));
  // Until all running servers but the primary have a working link to it.
  void wait_until_in_sync(std::chrono::milliseconds limit = std::chrono::seconds(30));
  // No elements and no text if the connection is lost: a sentinel closes all clients of a server that it
  // changes.
  Reply ask_server(std::size_t index, const Args& arguments);
  Reply ask_sentinel(std::size_t index, const Args& arguments);

 private:
  std::string role_of(std::size_t server);

  SentinelGroupOptions options_;
  std::vector<std::unique_ptr<RedisProcess>> servers_;
  std::vector<std::unique_ptr<SentinelProcess>> sentinels_;
};

}  // namespace slotway::kit
