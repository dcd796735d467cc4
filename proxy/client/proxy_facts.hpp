// What a session may tell its client about the whole proxy: plain data that does not change after the start,
// and every worker's counters. Owner: the Server. Thread: any (counters are read with relaxed loads).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "proxy/observe/counters.hpp"

namespace slotway::proxy {

class ClientDesk;

struct ProxyFacts {
  std::string run_id;  // 40 hex digits, new at each start
  std::chrono::steady_clock::time_point started;
  // By number of the listener; with the ports that the kernel chose.
  std::vector<std::vector<config::ListenAddress>> listen;
  std::vector<const WorkerCounters*> workers;
  // Runs a job at the desk of a worker, by its place in `workers`, on that worker's thread. Thread: any.
  std::function<void(unsigned, std::function<void(ClientDesk&)>)> post_to_desk = {};
};

}  // namespace slotway::proxy
