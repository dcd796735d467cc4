// Hears from one sentinel, the first that lets it, of what happens to its masters, at once. When that
// sentinel is lost it turns to the next; what was said meanwhile is found by asking. Owner: a sentinel group.
// Thread: control. Invariant: `on_event` is not called after stop(). Lifetime: its coroutine keeps alive what
// it needs. Source: Redis documentation, "Sentinel", Pub/Sub messages.
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
  // Something has happened to that master; "" = or may have to any, while nobody listened. `told`: by whom
  // and how, for the log.
  using OnEvent = std::function<void(std::string_view master_name, const std::string& told)>;

  // `sentinels`: all that are known at the time.
  SentinelWatcher(boost::asio::io_context& io, UpstreamLogin login, Sentinels sentinels, OnEvent on_event);
  ~SentinelWatcher();

  void start();  // REQUIRES: not started before
  void stop();

 private:
  class State;
  std::shared_ptr<State> state_;
};

// Which master a message of one of the sentinel's channels is about; "" = none.
std::string_view master_of(std::string_view channel, std::string_view message);

}  // namespace slotway::proxy
