// The program: loads the configuration, sets up logging, runs the server.
// Exit codes: 0 after a drain, 1 if it cannot start, 2 for a bad configuration.
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdio>
#include <exception>

#include "config/config_loader.hpp"
#include "config/worker_count.hpp"
#include "proxy/observe/logging.hpp"
#include "proxy/server.hpp"

namespace {

constexpr int kCannotStart = 1;
constexpr int kBadConfiguration = 2;

}  // namespace

int main(int argc, char** argv) {
  using namespace slotway;
  const config::LoadResult loaded =
      config::load(argc, argv, config::environment_map(environ), SLOTWAY_VERSION);
  if (loaded.print_and_exit) {
    std::fputs(loaded.print_and_exit->c_str(), stdout);
    return 0;
  }
  for (const config::Problem& problem : loaded.problems)
    std::fprintf(stderr, "slotway: %s\n", problem.text().c_str());
  if (!loaded.config) return kBadConfiguration;

  try {
    proxy::setup_logging(loaded.config->log);
    proxy::Server server(*loaded.config, config::worker_count(loaded.config->workers));
    server.run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "slotway: %s\n", error.what());
    return kCannotStart;
  }
  return 0;
}
