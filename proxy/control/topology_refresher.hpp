// Keeps the map of the cluster fresh: asks nodes for it, judges what they say (routing/refresh_policy) and
// publishes each map that differs from the last one, before it what the node says of commands that are not
// built in (command_learner). The last good map is kept while nobody answers. Owner:
// the control plane. Thread: control, publish included. Invariants: one refresh at a time; nothing is
// published after stop(); no password is in a log, a status or an error. Lifetime: the loop is a coroutine on
// `io` and keeps what it needs alive by itself: the refresher may be destroyed at any time on the control
// thread.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "config/config.hpp"
#include "protocol/learned_commands.hpp"
#include "routing/refresh_policy.hpp"
#include "routing/topology.hpp"

namespace boost::asio {
class io_context;
}

namespace slotway::proxy {

class SentinelGroups;

enum class RefreshResult : std::uint8_t { changed, unchanged, failed, count_ };

std::string_view result_name(RefreshResult result);

// For metrics and /readyz.
struct RefreshStatus {
  template <typename T, typename Index>
  using ByEnum = std::array<T, static_cast<std::size_t>(Index::count_)>;

  std::optional<std::chrono::steady_clock::time_point> last_success{};
  ByEnum<ByEnum<std::uint64_t, RefreshResult>, routing::RefreshReason> counts{};  // [reason][result]
  std::string last_error{};  // of the last refresh, one line; "" = it succeeded

  std::uint64_t count(routing::RefreshReason reason, RefreshResult result) const {
    return counts[static_cast<std::size_t>(reason)][static_cast<std::size_t>(result)];
  }
};

class TopologyRefresher {
 public:
  using Publish = std::function<void(std::shared_ptr<const routing::Topology>)>;
  using PublishCommands = std::function<void(std::shared_ptr<const protocol::LearnedCommands>)>;

  // `groups` outlive it. `name`: of the upstream, for the log. `config` is not kept: seeds, credentials and
  // times are copied.
  TopologyRefresher(boost::asio::io_context& io, SentinelGroups& groups, std::string_view name,
                    const config::UpstreamSettings& config, Publish publish,
                    PublishCommands publish_commands);
  ~TopologyRefresher();
  TopologyRefresher(const TopologyRefresher&) = delete;
  TopologyRefresher& operator=(const TopologyRefresher&) = delete;

  void start();  // REQUIRES: not started before
  void stop();   // the loop ends by itself soon after; may be called twice

  // Seeds, credentials and times for all that is asked from now on.
  void configure(const config::UpstreamSettings& config);

  // Wakes the loop at once; coalesced and rate-limited by the policy. After `moved` the next map is published
  // even if it is the same as the last one, since workers have patched their copies.
  void request_refresh(routing::RefreshReason reason);

  std::shared_ptr<const routing::Topology> current() const;  // nullptr = none yet
  const RefreshStatus& status() const;

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace slotway::proxy
