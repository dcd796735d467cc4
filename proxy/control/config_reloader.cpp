#include "proxy/control/config_reloader.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "config/config_changes.hpp"

namespace slotway::proxy {

std::string_view result_name(ReloadResult result) {
  switch (result) {
    case ReloadResult::changed: return "changed";
    case ReloadResult::unchanged: return "unchanged";
    case ReloadResult::failed: return "failed";
    case ReloadResult::count_: break;
  }
  return "none";
}

ConfigReloader::ConfigReloader(boost::asio::io_context& io, const config::Config& running, Load load,
                               Apply apply)
    : running_(running),
      load_(std::move(load)),
      apply_(std::move(apply)),
      watcher_(io, [this] { reload("a file has changed"); }) {}

void ConfigReloader::start() {
  if (!load_) return;
  files_ = load_().files;
  watcher_.watch(files_);
  // What changed after the process read it, and before anyone watched, would not be told.
  const config::LoadResult loaded = load_();
  if (!loaded.config || *loaded.config != running_) settle(loaded, "a file has changed at the start");
}

void ConfigReloader::stop() { watcher_.stop(); }

void ConfigReloader::reload(std::string_view why) {
  if (!load_) return;
  // What changes from here on is told, even while it is being read.
  watcher_.watch(files_);
  config::LoadResult loaded = load_();
  if (loaded.files != files_) {
    files_ = std::move(loaded.files);
    watcher_.watch(files_);
  }
  settle(loaded, why);
}

void ConfigReloader::settle(const config::LoadResult& loaded, std::string_view why) {
  if (loaded.config) {
    take(*loaded.config, why);
  } else {
    complain(loaded.problems, why);
  }
}

void ConfigReloader::take(const config::Config& wanted, std::string_view why) {
  std::string text;
  bool needs_restart = false;
  bool takes_effect = false;
  for (const config::Change& change : config::changes_between(running_, wanted)) {
    text += (text.empty() ? "" : "; ") + change.text();
    (change.needs_restart ? needs_restart : takes_effect) = true;
  }
  count(takes_effect ? ReloadResult::changed : ReloadResult::unchanged);
  status_.last_success = std::chrono::system_clock::now();
  if (takes_effect) {
    running_ = config::without_restarts(running_, wanted);
    apply_(running_);
  }
  spdlog::log(needs_restart ? spdlog::level::warn : spdlog::level::info, "configuration reloaded ({}): {}",
              why, text.empty() ? "nothing has changed" : text);
}

void ConfigReloader::complain(const std::vector<config::Problem>& problems, std::string_view why) {
  count(ReloadResult::failed);
  spdlog::error(
      "configuration not reloaded ({}), nothing is changed: {}", why,
      problems.size() == 1 ? "there is a problem" : fmt::format("there are {} problems", problems.size()));
  for (const config::Problem& problem : problems) spdlog::error("{}", problem.text());
}

void ConfigReloader::count(ReloadResult result) { ++status_.counts[static_cast<std::size_t>(result)]; }

}  // namespace slotway::proxy
