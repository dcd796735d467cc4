// A group of sentinels, which may watch the masters of any number of upstreams: one connection to each for
// questions, and one subscription at one of them, for all. Owner: those who have joined it. Thread: control.
// Invariant: nobody is told of anything after leave().
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "proxy/control/sentinel_poll.hpp"
#include "proxy/control/sentinel_watcher.hpp"

namespace slotway::proxy {

class SentinelGroup {
 public:
  using OnEvent = std::function<void()>;
  using Member = std::uint64_t;

  SentinelGroup(boost::asio::io_context& io, std::vector<routing::Endpoint> seeds,
                const UpstreamLogin& login);
  SentinelGroup(const SentinelGroup&) = delete;
  SentinelGroup& operator=(const SentinelGroup&) = delete;

  SentinelPoll& poll() { return poll_; }
  // Who wants to hear of a master: something has happened to it, or may have while nobody listened.
  Member join(std::string master_name, OnEvent on_event);
  void leave(Member member) { members_.erase(member); }

 private:
  struct Listening {
    std::string master_name;
    OnEvent on_event;
  };
  void on_event(std::string_view master_name, const std::string& told);

  SentinelPoll poll_;
  SentinelWatcher watcher_;
  bool is_watching_ = false;
  Member last_ = 0;
  std::map<Member, Listening> members_;
};

// All groups that somebody has joined: who names the same sentinels, and logs in alike, shares one.
class SentinelGroups {
 public:
  explicit SentinelGroups(boost::asio::io_context& io) : io_(io) {}

  std::shared_ptr<SentinelGroup> find_or_make(std::vector<routing::Endpoint> seeds,
                                              const UpstreamLogin& login);

 private:
  // Seeds in order, user, password, time.
  using Key = std::tuple<std::vector<std::pair<std::string, std::uint16_t>>, std::string, std::string,
                         std::chrono::milliseconds>;

  boost::asio::io_context& io_;
  std::map<Key, std::weak_ptr<SentinelGroup>> groups_;
};

}  // namespace slotway::proxy
