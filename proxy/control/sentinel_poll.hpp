// Asks all known sentinels of a group about masters, each on one connection that stays open, and waits for
// most of them, not for the slowest. Owner: a sentinel group. Thread: control. Invariants: any number of
// polls may be under way, and their questions to one sentinel leave together; errors are values, one line
// each. Lifetime: what it has under way keeps alive what it needs, but for the poll itself.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
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

  // A poll that is under way, for who may want to end it.
  struct Round;

  // `seeds`: where to begin; later also what sentinels say of each other.
  SentinelPoll(boost::asio::io_context& io, std::vector<routing::Endpoint> seeds, UpstreamLogin login);
  ~SentinelPoll();

  std::shared_ptr<Round> begin();
  // Once for each round. The poll must live until it has ended.
  Task<Result> ask(std::shared_ptr<Round> round, std::string master_name);
  // It ends soon, with what has come so far.
  static void cancel(Round& round);
  // All that are known at this time.
  std::vector<routing::Endpoint> sentinels() const;

 private:
  struct Job;
  struct Link;
  void enqueue(const std::shared_ptr<Link>& link, const std::shared_ptr<Round>& round,
               const std::string& master_name);
  static Task<void> serve(std::shared_ptr<Link> link, UpstreamLogin login);
  static void settle(Link& link, Job& job, std::span<const protocol::ReplyTree> replies, std::string error);
  void learn(const Result& result);

  boost::asio::io_context& io_;
  const std::vector<routing::Endpoint> seeds_;
  const UpstreamLogin login_;
  std::vector<std::shared_ptr<Link>> links_;
};

}  // namespace slotway::proxy
