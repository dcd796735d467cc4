#include "routing/refresh_policy.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

using namespace slotway::routing;
using namespace std::chrono_literals;
using Verdict = ViewJudge::Verdict;

namespace {

constexpr TimePoint kStart{1000s};
constexpr std::uint64_t kLow = 0;  // the shortest jitter

Topology view(std::uint64_t epoch, std::uint32_t covered = kSlotCount, std::string id_prefix = "n",
              std::uint16_t nodes = 4) {
  Topology t;
  for (std::uint16_t i = 0; i < nodes; ++i) {
    t.add_node(Node{.id = id_prefix + std::to_string(i),
                    .endpoint = {"10.0.0.1", static_cast<std::uint16_t>(7000 + i)}});
  }
  if (covered > 0) t.assign(0, static_cast<Slot>(covered - 1), 0);
  t.set_epoch(epoch);
  return t;
}

std::string show(const std::vector<Endpoint>& order) {
  std::string out;
  for (const Endpoint& e : order) out += (out.empty() ? "" : " ") + e.host + ":" + std::to_string(e.port);
  return out;
}

}  // namespace

TEST_CASE("The first refresh is due at once, for want of a map") {
  RefreshSchedule schedule{10s, 100ms, kStart};
  CHECK(schedule.due() == kStart);
  CHECK(schedule.begin(kStart) == RefreshReason::start);
}

TEST_CASE("A shorter interval brings the next refresh nearer, a longer one holds from that on") {
  RefreshSchedule schedule{10s, 100ms, kStart};
  schedule.begin(kStart);
  schedule.succeed(kStart, kLow);
  schedule.set_intervals(20s, 200ms, kStart + 1s);
  CHECK(schedule.due() == kStart + 9s);
  schedule.set_intervals(2s, 200ms, kStart + 1s);
  CHECK(schedule.due() == kStart + 3s);
  schedule.begin(kStart + 3s);
  schedule.succeed(kStart + 3s, kLow);
  CHECK(schedule.due() == kStart + 3s + 1800ms);
  schedule.request(RefreshReason::moved);
  CHECK(schedule.due() == kStart + 3s + 200ms);
}

TEST_CASE("Periodic refreshes are a tenth of the interval early or late") {
  RefreshSchedule schedule{10s, 100ms, kStart};
  schedule.begin(kStart);
  schedule.succeed(kStart, 0);
  CHECK(schedule.due() == kStart + 9s);
  CHECK(schedule.begin(kStart + 9s) == RefreshReason::periodic);
  std::uint64_t random = 88172645463325252ull;
  TimePoint first = TimePoint::max();
  TimePoint last = TimePoint::min();
  for (int i = 0; i < 1000; ++i) {
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    schedule.succeed(kStart, random);
    first = std::min(first, schedule.due());
    last = std::max(last, schedule.due());
  }
  CHECK(first >= kStart + 9s);
  CHECK(first < kStart + 9100ms);
  CHECK(last <= kStart + 11s);
  CHECK(last > kStart + 10900ms);
}

TEST_CASE(
    "A trigger makes a refresh due at once, but not sooner than the least interval after the last one") {
  RefreshSchedule schedule{10s, 100ms, kStart};
  schedule.begin(kStart);
  schedule.succeed(kStart + 5ms, kLow);
  schedule.request(RefreshReason::moved);
  CHECK(schedule.due() == kStart + 100ms);
  SECTION("several are one, of the first one's reason") {
    schedule.request(RefreshReason::clusterdown);
    schedule.request(RefreshReason::connection_lost);
    CHECK(schedule.due() == kStart + 100ms);
    CHECK(schedule.begin(kStart + 100ms) == RefreshReason::moved);
    schedule.succeed(kStart + 101ms, kLow);
    CHECK(schedule.due() == kStart + 101ms + 9s);
    CHECK(schedule.begin(schedule.due()) == RefreshReason::periodic);
  }
  SECTION("one that comes while a refresh is under way asks for another") {
    schedule.begin(kStart + 100ms);
    schedule.request(RefreshReason::clusterdown);
    schedule.succeed(kStart + 105ms, kLow);
    CHECK(schedule.due() == kStart + 200ms);
    CHECK(schedule.begin(kStart + 200ms) == RefreshReason::clusterdown);
  }
  SECTION("it never delays the periodic one") {
    RefreshSchedule lazy{50ms, 10s, kStart};
    lazy.begin(kStart);
    lazy.succeed(kStart, kLow);
    lazy.request(RefreshReason::moved);
    CHECK(lazy.due() == kStart + 45ms);
  }
}

TEST_CASE("Failed refreshes are repeated with backoff, which triggers do not shorten") {
  RefreshSchedule schedule{10s, 10ms, kStart};
  TimePoint now = kStart;
  for (const auto wait : {50ms, 100ms, 200ms, 400ms, 500ms, 500ms}) {
    CHECK(schedule.begin(now) == RefreshReason::start);
    schedule.fail(now, kLow);
    CHECK(schedule.due() == now + wait);
    now = schedule.due();
  }
  schedule.request(RefreshReason::moved);
  CHECK(schedule.due() == now);
  CHECK(schedule.begin(now) == RefreshReason::moved);
  schedule.fail(now, kLow);
  CHECK(schedule.due() == now + 500ms);
  schedule.begin(now + 500ms);
  schedule.succeed(now + 500ms, kLow);
  CHECK(schedule.due() == now + 500ms + 9s);
  schedule.begin(schedule.due());
  schedule.fail(now, kLow);
  CHECK(schedule.begin(now) == RefreshReason::retry);
}

TEST_CASE("While a primary is awaited, failed refreshes are repeated without backoff") {
  RefreshSchedule schedule{10s, 100ms, kStart};
  TimePoint now = kStart;
  for (int i = 0; i < 6; ++i) {
    schedule.begin(now);
    schedule.fail(now + 1ms, kLow);
    schedule.request(RefreshReason::connection_lost);
    if (i > 2) CHECK(schedule.due() > now + 100ms);
    schedule.request(RefreshReason::primary_awaited);
    CHECK(schedule.due() == now + 100ms);
    now = schedule.due();
  }
  schedule.begin(now);
  schedule.fail(now, kLow);
  CHECK(schedule.due() == now + 500ms);
}

TEST_CASE("A failed refresh keeps the least interval, too") {
  RefreshSchedule schedule{10s, 3s, kStart};
  schedule.begin(kStart);
  schedule.fail(kStart + 1s, kLow);
  CHECK(schedule.due() == kStart + 3s);
}

TEST_CASE("Nodes are asked in turn, those that failed later, the seeds at last") {
  Topology t;
  t.add_node(Node{.id = "a", .endpoint = {"a", 1}});
  t.add_node(Node{.id = "b", .endpoint = {"b", 2}, .healthy = false});
  t.add_node(Node{.id = "c", .endpoint = {"c", 3}});
  const std::vector<Endpoint> seeds = {{"s", 8}, {"t", 9}};
  CHECK(show(ask_order(&t, seeds, 0)) == "a:1 c:3 b:2 s:8 t:9");
  CHECK(show(ask_order(&t, seeds, 1)) == "c:3 a:1 b:2 t:9 s:8");
  CHECK(show(ask_order(&t, seeds, UINT64_MAX)) == "c:3 a:1 b:2 t:9 s:8");
  CHECK(show(ask_order(nullptr, seeds, 0)) == "s:8 t:9");
  CHECK(show(ask_order(nullptr, {}, 7)).empty());
}

TEST_CASE("Nobody is asked twice, and a map full of nodes does not hide the seeds") {
  Topology t;
  for (std::uint16_t i = 1; i <= 9; ++i) t.add_node(Node{.id = {}, .endpoint = {"n", i}});
  const std::vector<Endpoint> seeds = {{"n", 1}, {"s", 8}};
  CHECK(show(ask_order(&t, seeds, 0)) == "n:1 n:2 n:3 n:4 s:8");
  CHECK(show(ask_order(&t, seeds, 7)) == "n:8 n:9 n:1 n:2 s:8");
}

TEST_CASE("A view is compared with the map in use") {
  struct Row {
    std::string name;
    std::optional<Topology> current;
    Topology candidate;
    bool state_ok;
    Verdict verdict;
  };
  const Row rows[] = {
      {"the first one", std::nullopt, view(1), true, Verdict::accepted},
      {"the first one, incomplete", std::nullopt, view(1, 5), true, Verdict::accepted},
      {"the first one, failed", std::nullopt, view(1), false, Verdict::accepted},
      {"the first one, without slots", std::nullopt, view(1, 0), true, Verdict::no_slots},
      {"the same epoch", view(5), view(5), true, Verdict::accepted},
      {"a later epoch", view(5), view(6), true, Verdict::accepted},
      {"an older epoch", view(5), view(4), true, Verdict::older_epoch},
      {"an unknown epoch", view(5), view(0), true, Verdict::accepted},
      {"fewer slots", view(5), view(6, kSlotCount - 1), true, Verdict::fewer_slots},
      {"no slots", view(5), view(6, 0), true, Verdict::no_slots},
      {"more slots than an incomplete one", view(5, 10), view(6, 20), false, Verdict::accepted},
      {"failed, other map", view(5), view(6, kSlotCount, "m"), false, Verdict::cluster_failed},
      {"failed, same map", view(5), view(6), false, Verdict::confirmed},
      {"failed, same map, older epoch", view(5), view(4), false, Verdict::older_epoch},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    ViewJudge judge;
    const Topology* current = row.current ? &*row.current : nullptr;
    CHECK(judge.judge(current, row.candidate, row.state_ok, "v", 1) == row.verdict);
    CHECK_FALSE(verdict_text(row.verdict).empty());
  }
}

TEST_CASE("A cluster that was created anew is believed when three of its nodes agree") {
  const Topology current = view(9);
  const Topology anew = view(3, kSlotCount, "m");
  ViewJudge judge;
  CHECK(judge.judge(&current, anew, true, "a", 1) == Verdict::older_epoch);
  CHECK(judge.judge(&current, anew, true, "a", 1) == Verdict::older_epoch);
  CHECK(judge.judge(&current, anew, true, "b", 1) == Verdict::older_epoch);
  CHECK(judge.judge(&current, anew, true, "c", 2) == Verdict::accepted);
}

TEST_CASE("Votes count for one map only, and a good view ends them") {
  const Topology current = view(9);
  const Topology anew = view(3, kSlotCount, "m");
  ViewJudge judge;
  judge.judge(&current, anew, true, "a", 1);
  judge.judge(&current, anew, true, "b", 1);
  SECTION("another doubtful map") {
    CHECK(judge.judge(&current, view(3, kSlotCount, "x"), true, "c", 1) == Verdict::older_epoch);
    CHECK(judge.judge(&current, anew, true, "c", 1) == Verdict::older_epoch);
  }
  SECTION("a good one") {
    CHECK(judge.judge(&current, view(9), true, "c", 1) == Verdict::accepted);
    CHECK(judge.judge(&current, anew, true, "c", 2) == Verdict::older_epoch);
  }
}

TEST_CASE("Where one node alone answers, it is believed after ten refreshes") {
  const Topology current = view(9);
  const Topology anew = view(3, kSlotCount, "m");
  ViewJudge judge;
  for (std::uint64_t refresh = 1; refresh < ViewJudge::kPatience; ++refresh) {
    CHECK(judge.judge(&current, anew, true, "a", refresh) == Verdict::older_epoch);
    CHECK(judge.judge(&current, anew, true, "a", refresh) == Verdict::older_epoch);
  }
  CHECK(judge.judge(&current, anew, true, "a", ViewJudge::kPatience) == Verdict::accepted);
}

TEST_CASE("A cluster of fewer than three nodes needs the votes of all of them") {
  const Topology current = view(9, kSlotCount, "n", 2);
  const Topology anew = view(3, kSlotCount, "m", 1);
  ViewJudge judge;
  CHECK(judge.judge(&current, anew, true, "a", 1) == Verdict::older_epoch);
  CHECK(judge.judge(&current, anew, true, "b", 1) == Verdict::accepted);
}

TEST_CASE("A map that covers nothing is never taken") {
  const Topology current = view(9);
  const Topology empty = view(10, 0);
  ViewJudge judge;
  for (std::uint64_t refresh = 0; refresh < 20; ++refresh) {
    CHECK(judge.judge(&current, empty, true, std::to_string(refresh), refresh) == Verdict::no_slots);
  }
}

TEST_CASE("Each reason has a name of its own") {
  std::set<std::string_view> names;
  for (std::uint8_t i = 0; i <= static_cast<std::uint8_t>(RefreshReason::count_); ++i) {
    names.insert(reason_name(static_cast<RefreshReason>(i)));
  }
  CHECK(names.size() == static_cast<std::size_t>(RefreshReason::count_) + 1);
  CHECK(names.count("connection_lost") == 1);
}
