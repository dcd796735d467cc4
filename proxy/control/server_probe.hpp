// What one server says of itself: whether it takes writes, its version, its databases. Owner: a map source.
// Thread: control. Invariant: errors are values, one line each. Source: Redis documentation of ROLE, INFO,
// CONFIG GET and SELECT.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "proxy/control/redis_client.hpp"

namespace slotway::proxy {

struct ServerView {
  std::string error;  // "" = none
  std::string role;   // "master", "slave", or "" if its user may not ask
  std::string mode;   // "standalone", "cluster", "sentinel", or "" likewise
  std::string version;
  std::string run;              // another one after each start
  std::uint32_t databases = 1;  // to SELECT from; at most kMostDatabases
};

class ServerProbe {
 public:
  // More are not told apart.
  static constexpr std::uint32_t kMostDatabases = 65536;

  // REQUIRES: `client` is connected. Leaves it in any database.
  Task<ServerView> ask(RedisClient& client, std::chrono::milliseconds timeout);

 private:
  Task<std::uint32_t> count_databases(RedisClient& client, std::chrono::milliseconds timeout);

  std::string counted_run_;  // whose databases have been counted one by one
  std::uint32_t counted_ = 0;
};

}  // namespace slotway::proxy
