// What a reloader does at its start; what it does later is in inproc/reload_test and integration/reload_test.
#include "proxy/control/config_reloader.hpp"

#include <catch2/catch.hpp>

namespace slotway::proxy {
namespace {

config::LoadResult loaded(std::uint32_t max_clients) {
  config::LoadResult result;
  result.config = config::Config{};
  result.config->limits.max_clients = max_clients;
  return result;
}

}  // namespace

TEST_CASE("what changed between the start's reading and the watching is taken over") {
  boost::asio::io_context io;
  const std::uint32_t now = GENERATE(1u, 2u);
  std::uint32_t applied = 0;
  ConfigReloader reloader(
      io, *loaded(1).config, [&] { return loaded(now); },
      [&](const config::Config& config) { applied = config.limits.max_clients; });
  reloader.start();
  CHECK(applied == (now == 1 ? 0 : 2));
  CHECK(reloader.status().counts[static_cast<std::size_t>(ReloadResult::changed)] == (now == 1 ? 0 : 1));
  reloader.stop();
}

TEST_CASE("what became wrong meanwhile is told, and changes nothing") {
  boost::asio::io_context io;
  ConfigReloader reloader(
      io, *loaded(1).config, [] { return config::LoadResult{}; }, [](const config::Config&) { FAIL(); });
  reloader.start();
  CHECK(reloader.status().counts[static_cast<std::size_t>(ReloadResult::failed)] == 1);
  reloader.stop();
}

}  // namespace slotway::proxy
