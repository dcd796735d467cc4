// So many connections may be opened to a node at the same time; the others wait in their order.
#include "proxy/upstream/connect_gate.hpp"

#include <catch2/catch.hpp>

namespace slotway::proxy {
namespace {

const routing::Endpoint kA{"a", 1};
const routing::Endpoint kB{"b", 1};

}  // namespace

TEST_CASE("those beyond the limit wait, and come in their order") {
  ConnectGate gate;
  CHECK(gate.enter(kA, {1, 0}, 2));
  CHECK(gate.enter(kA, {2, 0}, 2));
  CHECK_FALSE(gate.enter(kA, {3, 0}, 2));
  CHECK_FALSE(gate.enter(kA, {4, 0}, 2));
  CHECK(gate.next(2) == std::nullopt);
  gate.leave(kA);
  CHECK(gate.next(2) == Handle{3, 0});
  // It has not entered yet: one that is gone does not take a place.
  CHECK(gate.next(2) == Handle{4, 0});
  CHECK(gate.next(2) == std::nullopt);
  CHECK(gate.enter(kA, {4, 0}, 2));
  CHECK_FALSE(gate.enter(kA, {5, 0}, 2));
}

TEST_CASE("each node has a limit of its own") {
  ConnectGate gate;
  CHECK(gate.enter(kA, {1, 0}, 1));
  CHECK(gate.enter(kB, {2, 0}, 1));
  CHECK_FALSE(gate.enter(kA, {3, 0}, 1));
  CHECK_FALSE(gate.enter(kB, {4, 0}, 1));
  gate.leave(kB);
  CHECK(gate.next(1) == Handle{4, 0});
  CHECK(gate.next(1) == std::nullopt);
}

TEST_CASE("a limit that is raised or lowered holds for the next ones") {
  ConnectGate gate;
  CHECK(gate.enter(kA, {1, 0}, 1));
  CHECK_FALSE(gate.enter(kA, {2, 0}, 1));
  CHECK(gate.next(3) == Handle{2, 0});
  CHECK(gate.enter(kA, {2, 0}, 3));
  gate.leave(kA);
  CHECK_FALSE(gate.enter(kA, {3, 0}, 1));
}

}  // namespace slotway::proxy
