// The configuration names families of commands, which are the protocol's.
#include <catch2/catch.hpp>

#include "config/config.hpp"
#include "protocol/command_table.hpp"

using namespace slotway;

TEST_CASE("The families of the configuration are the protocol's first ones, in their order") {
  for (std::size_t i = 0; i < config::kWriteFamilies.size(); ++i) {
    CHECK(config::kWriteFamilies[i] == protocol::family_name(static_cast<protocol::Family>(i)));
  }
}
