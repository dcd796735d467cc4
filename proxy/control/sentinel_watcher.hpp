// Hears from one sentinel, the first that lets it, of what happens to a master, at once. When that sentinel
// is lost it turns to the next; what was said meanwhile is found by asking. Owner: a sentinel source. Thread:
// control. Invariant: `on_event` is not called after stop(). Lifetime: its coroutine keeps alive what it
// needs. Source: Redis documentation, "Sentinel", Pub/Sub messages.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/control/map_source.hpp"

namespace slotway::proxy {

class SentinelWatcher {
 public:
  using Sentinels = std::function<std::vector<routing::Endpoint>()>;
  using OnEvent = std::function<void()>;

  // `sentinels`: all that are known at the time. `on_event`: something has happened to the master, or may
  // have while nobody listened.
  SentinelWatcher(boost::asio::io_context& io, std::string master_name, Sentinels sentinels,
                  OnEvent on_event);
  ~SentinelWatcher();

  void start();  // REQUIRES: not started before
  void configure(UpstreamLogin login);
  void stop();

 private:
  class State;
  std::shared_ptr<State> state_;
};

// The message of one of the sentinel's channels is about that master.
bool is_about_master(std::string_view channel, std::string_view message, std::string_view master_name);

}  // namespace slotway::proxy
