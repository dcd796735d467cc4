// A fault by its name: what happens to the stage, and what the clients may notice of it. Plain data; the
// table of all of them. Thread: main's. Invariant: a fault leaves a cluster that is whole.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tests/chaos/stage.hpp"
#include "tests/kit/checked_load.hpp"

namespace slotway::chaos {

inline constexpr unsigned kMaxPipeline = 8;
// Nothing is to take longer: timeouts.request, and with it failover.hold, both by default, and a second.
inline constexpr std::chrono::milliseconds kRequestLimit(6000);
inline constexpr std::chrono::milliseconds kHoldLimit(26000);

struct Expectation {
  // Errors are allowed for so many losses of a node, each of all that was in flight then: of each client a
  // pipeline.
  unsigned losses = 0;
  std::uint64_t read_errors = 0;
  // The clients' own connections may be lost as often as they are; nothing else.
  bool loses_clients = false;
  bool between_pipelines = false;  // and only when a client waits for no reply, or for no reply yet
  // Replication is asynchronous: a primary that dies takes acknowledged writes with it.
  bool may_lose_writes = false;
  std::chrono::milliseconds longest_wait = kRequestLimit;
  // Not judged, as speed never is: a longer gap is only remarked. 0 = none.
  std::chrono::milliseconds remarked_gap{0};
};

// What a fault has to say beside the figures.
struct Findings {
  std::vector<std::string> notes;
  std::vector<std::string> failures;
  std::string skipped;  // why; empty if it was not
};

// Where a fault happens: during it the load goes on.
struct Scene {
  Stage& stage;
  const kit::CheckedLoad& load;
  Findings& findings;
  std::uint32_t seed;  // of what is random in the fault
};

struct SentinelScene {
  SentinelStage& stage;
  Findings& findings;
};

struct FleetScene {
  FleetStage& stage;
  Findings& findings;
};

struct Fault {
  std::string_view name;
  std::string_view what;  // one line
  std::variant<void (*)(Scene&), void (*)(SentinelScene&), void (*)(FleetScene&)> play;
  Expectation expectation;
  bool in_short = false;
  bool in_soak = true;  // if it happens to a cluster

  bool has_sentinels() const { return play.index() == 1; }
  bool has_fleet() const { return play.index() == 2; }
};

const std::vector<Fault>& all_faults();
// Null if there is none of that name.
const Fault* find_fault(std::string_view name);

}  // namespace slotway::chaos
