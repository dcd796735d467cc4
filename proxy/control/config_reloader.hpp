// Loads the configuration again when it is told to, or when one of its files has changed, and says what came
// of it: what takes effect, what needs a restart, or all that is wrong, with nothing changed. Owner: the
// control plane. Thread: control; it reads files, which blocks. Invariants: what is applied has passed
// config_validator; nothing that it logs holds a secret.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config_loader.hpp"
#include "proxy/control/config_watcher.hpp"

namespace slotway::proxy {

enum class ReloadResult : std::uint8_t {
  changed,    // something took effect
  unchanged,  // nothing did: it is the same, or needs a restart
  failed,     // there were problems
  count_,
};

std::string_view result_name(ReloadResult result);

// For metrics.
struct ReloadStatus {
  std::array<std::uint64_t, static_cast<std::size_t>(ReloadResult::count_)> counts{};
  std::chrono::system_clock::time_point last_success = std::chrono::system_clock::now();  // the start is one
};

class ConfigReloader {
 public:
  // From the same flags and environment as at the start; nullptr: there is nothing to be loaded from.
  using Load = std::function<config::LoadResult()>;
  using Apply = std::function<void(const config::Config&)>;

  // `running` is what the process started with.
  ConfigReloader(boost::asio::io_context& io, const config::Config& running, Load load, Apply apply);

  void start();
  void stop();
  // `why` for the log: "SIGHUP".
  void reload(std::string_view why);

  const ReloadStatus& status() const { return status_; }

 private:
  void settle(const config::LoadResult& loaded, std::string_view why);
  void take(const config::Config& wanted, std::string_view why);
  void complain(const std::vector<config::Problem>& problems, std::string_view why);
  void count(ReloadResult result);

  config::Config running_;
  const Load load_;
  const Apply apply_;
  ConfigWatcher watcher_;
  std::vector<std::string> files_;  // that the configuration was last read from
  ReloadStatus status_;
};

}  // namespace slotway::proxy
