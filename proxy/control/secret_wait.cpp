#include "proxy/control/secret_wait.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/post.hpp>
#include <csignal>
#include <utility>

namespace slotway::proxy {

SecretWait::SecretWait(const config::LoadResult& first, ConfigReloader::Load load)
    : load_(std::move(load)),
      io_(1),
      watcher_(io_, [this] { look(); }),
      signals_(io_, SIGTERM, SIGINT, SIGHUP) {
  wait_for_signal();
  if (const auto& address = first.incomplete->admin) {
    AdminHooks hooks;
    hooks.worker_statuses = &SecretWait::no_workers;
    hooks.facts = [this] { return facts(); };
    // Its reply goes out first.
    hooks.drain = [this] { boost::asio::post(io_, [this] { end(); }); };
    admin_ = std::make_unique<AdminHttp>(io_, *address, std::move(hooks));
  }
  say(first);
  look();
}

std::optional<config::Config> SecretWait::run() {
  io_.run();
  return std::move(config_);
}

boost::asio::awaitable<WorkerStatuses> SecretWait::no_workers() { co_return std::vector<WorkerStatus>{}; }

ControlFacts SecretWait::facts() const {
  ControlFacts facts;
  facts.awaited = reasons_;
  return facts;
}

// Once it waits it goes on waiting, whatever else may be wrong by then: to end would be to be started again.
void SecretWait::look() {
  config::LoadResult result = load_();
  std::vector<std::string> watched;
  // What changes from the watching on is told, even while it is being read; before it, it is read.
  do {
    watched = result.files;
    watcher_.watch(watched);
    result = load_();
  } while (result.files != watched);
  if (!result.config) return say(result);
  spdlog::info("all files with secrets are there");
  config_ = std::move(result.config);
  end();
}

void SecretWait::say(const config::LoadResult& result) {
  std::vector<std::string> reasons;
  for (const config::Problem& problem : result.problems) reasons.push_back(problem.text());
  if (reasons == reasons_) return;
  reasons_ = std::move(reasons);
  for (const std::string& reason : reasons_) spdlog::error("not started yet: {}", reason);
}

void SecretWait::wait_for_signal() {
  signals_.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    wait_for_signal();
    if (signal == SIGHUP) return look();
    spdlog::info("signal {}: the end", signal);
    end();
  });
}

void SecretWait::end() {
  signals_.cancel();
  watcher_.stop();
  if (admin_) admin_->stop();
}

}  // namespace slotway::proxy
