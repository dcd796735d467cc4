#include "proxy/client/own_writes.hpp"

#include <catch2/catch.hpp>

using namespace slotway;
using namespace slotway::proxy;
using namespace std::chrono_literals;

namespace {

constexpr TimePoint kStart{1000s};
constexpr Handle kReply{7, 1};

}  // namespace

TEST_CASE("A slot counts as written until its writes are answered") {
  OwnWrites writes;
  CHECK(writes.latest().is_null());
  CHECK(writes.answered(1) == TimePoint{});
  writes.note(1, kReply);
  CHECK(writes.latest() == kReply);
  CHECK(writes.answered(1) == TimePoint::max());
  CHECK(writes.answered(2) == TimePoint{});
  writes.settle(kStart);
  CHECK(writes.latest().is_null());
  CHECK(writes.answered(1) == kStart);
  writes.note(2, kReply);
  writes.settle(kStart + 1s);
  CHECK(writes.answered(1) == kStart);
  CHECK(writes.answered(2) == kStart + 1s);
  writes.note(1, kReply);
  CHECK(writes.answered(1) == TimePoint::max());
}

TEST_CASE("A write of no known slot is one of all") {
  OwnWrites writes;
  writes.note(routing::kAnySlot, kReply);
  CHECK(writes.answered(5) == TimePoint::max());
  writes.settle(kStart);
  CHECK(writes.answered(5) == kStart);
}

TEST_CASE("Of too many slots none is forgotten") {
  OwnWrites writes;
  for (routing::Slot slot = 0; slot < 2 * OwnWrites::kMaxSlots; ++slot) writes.note(slot, kReply);
  writes.settle(kStart);
  CHECK(writes.answered(0) == kStart);
  CHECK(writes.answered(9999) == kStart);
}
