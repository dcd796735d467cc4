#include "config/listen_address.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace slotway::config {
namespace {

std::vector<ListenAddress> addresses(const std::vector<std::string>& texts) {
  std::vector<ListenAddress> out;
  for (const std::string& text : texts) out.push_back(std::get<ListenAddress>(parse_listen_address(text)));
  return out;
}

TEST_CASE("a server is taken for its first TCP port, and is found where it can be reached") {
  using Texts = std::vector<std::string>;
  const auto [listen, port, reachable] = GENERATE(table<Texts, int, std::string>({
      {{"127.0.0.2:1"}, 1, "127.0.0.2:1"},
      {{"unix:/a", "[::1]:1", "127.0.0.1:2"}, 1, "[::1]:1"},
      {{"0.0.0.0:1", "10.0.0.1:2"}, 1, "10.0.0.1:2"},
      {{"0.0.0.0:1", "[::]:2"}, 1, "127.0.0.1:1"},
      {{"[::]:2", "0.0.0.0:1", "unix:/a"}, 2, "[::1]:2"},
      {{"unix:/a"}, 0, "127.0.0.1:0"},
  }));
  const std::vector<ListenAddress> list = addresses(listen);
  CAPTURE(listen);
  CHECK(first_tcp_port(list) == port);
  CHECK(print_host_port(reachable_address(list)) == reachable);
}

}  // namespace
}  // namespace slotway::config
