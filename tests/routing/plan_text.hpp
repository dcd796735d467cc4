// Plans as text, for tests of the planner. Thread: any.
#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "routing/planner.hpp"
#include "tests/protocol/request_words.hpp"

namespace slotway::routing {

inline std::string slot_name(Slot slot) { return slot == kAnySlot ? "any" : std::to_string(slot); }

inline std::string_view reason_name(RejectReason reason) {
  switch (reason) {
    case RejectReason::unknown_command: return "unknown command";
    case RejectReason::unknown_subcommand: return "unknown subcommand";
    case RejectReason::wrong_arity: return "arity";
    case RejectReason::no_auth: return "NOAUTH";
    case RejectReason::unsupported: return "unsupported";
    case RejectReason::cross_slot: return "CROSSSLOT";
    case RejectReason::unbalanced: return "unbalanced";
    case RejectReason::no_group: return "no group";
    case RejectReason::no_multi: return "no multi";
    case RejectReason::watch_in_multi: return "watch in multi";
    case RejectReason::not_in_multi: return "not in multi";
    case RejectReason::subscriber: return "subscriber";
    case RejectReason::debug_off: return "debug off";
    case RejectReason::debug_refused: return "debug refused";
  }
  return "?";
}

// One line: "send get to 15495", "local ping", "split mget", "reject get: arity".
struct PlanText {
  std::string operator()(const Single& p) const {
    return "send " + std::string(p.row->name) + " to " + slot_name(p.slot);
  }
  std::string operator()(const LocalReply& p) const { return "local " + std::string(p.row->name); }
  std::string operator()(const Blocking& p) const {
    return "block " + std::string(p.row->name) + " on " + slot_name(p.slot) + " for " +
           (p.wait == kForever ? "ever" : std::to_string(p.wait.count()) + " ms");
  }
  std::string operator()(const Wait& p) const {
    return "wait for " + (p.wait == kForever ? "ever" : std::to_string(p.wait.count()) + " ms");
  }
  std::string operator()(const Watch& p) const { return "watch on " + slot_name(p.slot); }
  std::string operator()(const TransactionStep& p) const { return "step " + std::string(p.row->name); }
  std::string operator()(const Queue& p) const {
    return "queue " + std::string(p.row->name) + (p.outside ? " outside" : " for " + slot_name(p.slot));
  }
  std::string operator()(const FanOut& p) const { return "split " + std::string(p.row->name); }
  std::string operator()(const Broadcast& p) const { return "all " + std::string(p.row->name); }
  std::string operator()(const Scan& p) const { return "scan by " + std::string(p.row->name); }
  std::string operator()(const Settings& p) const { return "settings by " + std::string(p.row->name); }
  std::string operator()(const ChangeSettings& p) const { return "settings to " + std::string(p.row->name); }
  std::string operator()(const Subscribe& p) const { return "subscriptions " + std::string(p.row->name); }
  std::string operator()(const Reject& p) const {
    return "reject " + std::string(p.row ? p.row->name : "-") + ": " + std::string(reason_name(p.reason));
  }
};

inline std::string plan_text(Planner& planner, const std::vector<std::string>& words,
                             bool authenticated = true) {
  const protocol::RequestWords request(words);
  return std::visit(PlanText{}, planner.plan(request.view(), SessionFacts{authenticated}));
}

struct PlanCase {
  std::string_view request;
  std::string_view plan;
};

inline void check_all(const std::vector<PlanCase>& cases, const config::MultikeyConfig& multikey,
                      bool authenticated, Keyspace keyspace = Keyspace::slots) {
  Planner planner(multikey, false, keyspace);
  for (const PlanCase& c : cases) {
    INFO(c.request);
    CHECK(plan_text(planner, protocol::split_words(c.request), authenticated) == c.plan);
  }
}

}  // namespace slotway::routing
