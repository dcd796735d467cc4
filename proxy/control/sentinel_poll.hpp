// Asks all known sentinels about a master at the same time, each on a connection that stays open, and waits
// for most of them, not for the slowest. Owner: a sentinel source. Thread: control. Invariants: one poll at a
// time; errors are values, one line each. Lifetime: what it has under way keeps alive what it needs.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "proxy/control/map_source.hpp"
#include "routing/sentinel_topology.hpp"

namespace slotway::proxy {

class SentinelPoll {
 public:
  struct Result {
    std::vector<routing::SentinelView> views;  // one for each sentinel that has answered
    std::vector<std::string> errors;           // of the others
    std::size_t known = 0;                     // sentinels
  };

  explicit SentinelPoll(boost::asio::io_context& io);
  ~SentinelPoll();

  // Where to begin, and from then on also what sentinels say of each other.
  void configure(std::vector<routing::Endpoint> seeds, UpstreamLogin login);
  Task<Result> ask(std::string master_name);
  // All that are known at this time.
  std::vector<routing::Endpoint> sentinels() const;
  void stop();

 private:
  struct Link;
  struct Round;
  static Task<void> ask_one(std::shared_ptr<Link> link, std::shared_ptr<Round> round, UpstreamLogin login,
                            std::string master_name);
  void learn(const Result& result);

  boost::asio::io_context& io_;
  std::vector<routing::Endpoint> seeds_;
  UpstreamLogin login_;
  std::vector<std::shared_ptr<Link>> links_;
  std::shared_ptr<Round> round_;
  bool is_stopped_ = false;
};

}  // namespace slotway::proxy
