#include "routing/debug_command.hpp"

#include <catch2/catch.hpp>
#include <optional>

#include "routing/planner.hpp"
#include "tests/protocol/request_words.hpp"

namespace slotway::routing {
namespace {

Plan plan(std::string_view line, bool allowed) {
  Planner planner(config::MultikeyConfig{}, allowed);
  return planner.plan(protocol::RequestWords(protocol::split_words(line)).view(), SessionFacts{});
}

// nullopt: it is not sent to one node.
std::optional<Slot> slot_of_plan(const Plan& plan) {
  const auto* single = std::get_if<Single>(&plan);
  return single ? std::optional(single->slot) : std::nullopt;
}

std::optional<RejectReason> reason_of(const Plan& plan) {
  const auto* reject = std::get_if<Reject>(&plan);
  return reject ? std::optional(reject->reason) : std::nullopt;
}

}  // namespace

TEST_CASE("a DEBUG command goes where its first argument says") {
  for (const std::string_view line : {"DEBUG OBJECT a", "debug sdslen a", "DEBUG DIGEST-VALUE a b"}) {
    INFO(line);
    CHECK(slot_of_plan(plan(line, true)) == Slot{15495});
  }
  for (const std::string_view line :
       {"DEBUG SLEEP 0", "DEBUG JMAP", "DEBUG RELOAD NOSAVE", "DEBUG SET-ACTIVE-EXPIRE 0"}) {
    INFO(line);
    CHECK(std::holds_alternative<Broadcast>(plan(line, true)));
  }
  for (const std::string_view line :
       {"DEBUG PROTOCOL string", "DEBUG HELP", "DEBUG NOSUCH", "DEBUG OBJECT"}) {
    INFO(line);
    CHECK(slot_of_plan(plan(line, true)) == kAnySlot);
  }
  for (const std::string_view line : {"DEBUG SEGFAULT", "DEBUG POPULATE 10", "DEBUG DIGEST"}) {
    INFO(line);
    CHECK(reason_of(plan(line, true)) == RejectReason::debug_refused);
  }
}

TEST_CASE("no DEBUG command goes anywhere unless it is allowed") {
  for (const std::string_view line : {"DEBUG OBJECT a", "DEBUG SLEEP 0", "DEBUG HELP", "DEBUG SEGFAULT"}) {
    INFO(line);
    CHECK(reason_of(plan(line, false)) == RejectReason::debug_off);
  }
  CHECK(reason_of(plan("DEBUG", false)) == RejectReason::wrong_arity);
  CHECK(reason_of(plan("DEBUG", true)) == RejectReason::wrong_arity);
}

}  // namespace slotway::routing
