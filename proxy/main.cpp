// The program: loads the configuration, sets up logging, runs the server; or asks one that runs (--health).
// Exit codes: 0 after a drain or if healthy, 1 if it cannot start or is not healthy, 2 for a bad
// configuration.
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <utility>

#include "config/config_loader.hpp"
#include "config/worker_count.hpp"
#include "proxy/control/secret_wait.hpp"
#include "proxy/observe/health_check.hpp"
#include "proxy/observe/logging.hpp"
#include "proxy/open_files.hpp"
#include "proxy/server.hpp"

namespace {

constexpr int kCannotStart = 1;
constexpr int kNotHealthy = 1;
constexpr int kBadConfiguration = 2;
constexpr std::chrono::seconds kHealthLimit{2};
constexpr unsigned kTeardownSeconds = 1;

// A loop that is destroyed joins the thread of its name look-ups, and nothing can interrupt one: a name
// server that does not answer would hold the exit for as long as it likes. All clients are gone by then.
void bound_teardown() {
  std::signal(SIGALRM, [](int) { ::_exit(0); });
  ::alarm(kTeardownSeconds);
}

void serve(const slotway::config::Config& config, slotway::proxy::ConfigReloader::Load load) {
  using namespace slotway;
  const unsigned workers = config::worker_count(config.workers);
  const std::uint64_t open_files = proxy::raise_open_files();
  if (const auto warning = proxy::open_files_warning(open_files, config.limits.max_clients, workers))
    spdlog::warn("{}", *warning);
  proxy::Server server(config, workers, std::move(load));
  server.run();
  bound_teardown();
}

void run(const slotway::config::LoadResult& loaded, const slotway::proxy::ConfigReloader::Load& load) {
  using namespace slotway;
  proxy::setup_logging(loaded.config ? loaded.config->log : loaded.incomplete->log);
  if (loaded.config) return serve(*loaded.config, load);
  const std::optional<config::Config> config = proxy::SecretWait(loaded, load).run();
  if (config) serve(*config, load);
}

int ask_health(const slotway::config::HostPort& admin) {
  const auto problem = slotway::proxy::check_health(admin, kHealthLimit);
  if (!problem) return 0;
  std::fprintf(stderr, "slotway: %s\n", problem->c_str());
  return kNotHealthy;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace slotway;
  // A reload before there is anything that could is not the end.
  std::signal(SIGHUP, SIG_IGN);
  const auto load = [argc, argv, environment = config::environment_map(environ)] {
    return config::load(argc, argv, environment, SLOTWAY_VERSION);
  };
  const config::LoadResult loaded = load();
  if (loaded.print_and_exit) {
    std::fputs(loaded.print_and_exit->c_str(), stdout);
    return 0;
  }
  if (!loaded.config && !loaded.incomplete) {
    for (const config::Problem& problem : loaded.problems)
      std::fprintf(stderr, "slotway: %s\n", problem.text().c_str());
    return kBadConfiguration;
  }
  if (loaded.asks_health) return ask_health(*loaded.config->admin);

  // Whoever reads the log may leave (`slotway 2>&1 | head`): that ends the log, not the proxy.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    run(loaded, load);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "slotway: %s\n", error.what());
    return kCannotStart;
  }
  return 0;
}
