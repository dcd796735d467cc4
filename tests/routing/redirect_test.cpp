#include "routing/redirect.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <random>
#include <string_view>

#include "protocol/reply_errors.hpp"

using namespace slotway::routing;
using slotway::protocol::RedirectKind;
using std::chrono::microseconds;
using std::chrono::milliseconds;

namespace {

constexpr std::uint64_t kLeast = 0;
constexpr std::uint64_t kMost = ~std::uint64_t{0};

struct RedirectCase {
  RedirectKind kind;
  std::uint32_t hops;
  std::uint32_t attempts;
  RedirectAction action;
  bool refresh;
  microseconds longest;  // the shortest delay is half of it
};

constexpr milliseconds kNone{0};

const RedirectCase kCases[] = {
    // MOVED and ASK: at once, until the nodes send us in circles.
    {RedirectKind::moved, 0, 0, RedirectAction::resend, true, kNone},
    {RedirectKind::moved, 4, 0, RedirectAction::resend, true, kNone},
    {RedirectKind::moved, 4, 200, RedirectAction::resend, true, kNone},
    {RedirectKind::moved, 5, 0, RedirectAction::retry, true, milliseconds{40}},
    {RedirectKind::moved, 6, 1, RedirectAction::retry, true, milliseconds{80}},
    {RedirectKind::moved, 255, 255, RedirectAction::retry, true, milliseconds{250}},
    {RedirectKind::ask, 0, 0, RedirectAction::resend_asking, false, kNone},
    {RedirectKind::ask, 4, 9, RedirectAction::resend_asking, false, kNone},
    {RedirectKind::ask, 5, 0, RedirectAction::retry, true, milliseconds{4}},
    {RedirectKind::ask, 255, 255, RedirectAction::retry, true, milliseconds{100}},
    // A slot on its way: soon again.
    {RedirectKind::tryagain, 0, 0, RedirectAction::retry, false, milliseconds{4}},
    {RedirectKind::tryagain, 0, 1, RedirectAction::retry, false, milliseconds{8}},
    {RedirectKind::tryagain, 0, 2, RedirectAction::retry, false, milliseconds{16}},
    {RedirectKind::tryagain, 9, 4, RedirectAction::retry, false, milliseconds{64}},
    {RedirectKind::tryagain, 0, 5, RedirectAction::retry, false, milliseconds{100}},
    {RedirectKind::tryagain, 0, 255, RedirectAction::retry, false, milliseconds{100}},
    // A node that cannot serve: later, and perhaps another has taken over.
    {RedirectKind::clusterdown, 0, 0, RedirectAction::retry, true, milliseconds{40}},
    {RedirectKind::clusterdown, 0, 2, RedirectAction::retry, true, milliseconds{160}},
    {RedirectKind::clusterdown, 0, 3, RedirectAction::retry, true, milliseconds{250}},
    {RedirectKind::loading, 0, 0, RedirectAction::retry, true, milliseconds{40}},
    {RedirectKind::loading, 9, 255, RedirectAction::retry, true, milliseconds{250}},
    {RedirectKind::masterdown, 0, 0, RedirectAction::retry, true, milliseconds{40}},
    {RedirectKind::masterdown, 0, 1, RedirectAction::retry, true, milliseconds{80}},
    {RedirectKind::readonly, 0, 0, RedirectAction::retry, true, milliseconds{40}},
    {RedirectKind::readonly, 5, 7, RedirectAction::retry, true, milliseconds{250}},
};

}  // namespace

TEST_CASE("What is done with each redirect") {
  for (const RedirectCase& c : kCases) {
    INFO(slotway::protocol::redirect_name(c.kind) << " hops " << c.hops << " attempts " << c.attempts);
    const RedirectDecision shortest = decide(c.kind, c.hops, c.attempts, kLeast);
    CHECK(shortest.action == c.action);
    CHECK(shortest.refresh == c.refresh);
    CHECK(shortest.delay == c.longest / 2);
    CHECK(decide(c.kind, c.hops, c.attempts, kMost).delay <= c.longest);
  }
}

TEST_CASE("Delays are jittered over the upper half of their bound") {
  std::mt19937_64 random(3);
  for (const RedirectCase& c : kCases) {
    if (c.action != RedirectAction::retry) continue;
    microseconds least = microseconds::max();
    microseconds most{0};
    for (int i = 0; i < 1000; ++i) {
      const RedirectDecision decision = decide(c.kind, c.hops, c.attempts, random());
      REQUIRE(decision.action == c.action);
      least = std::min(least, decision.delay);
      most = std::max(most, decision.delay);
    }
    CHECK(least >= c.longest / 2);
    CHECK(least < c.longest * 55 / 100);
    CHECK(most > c.longest * 95 / 100);
    CHECK(most <= c.longest);
  }
}

TEST_CASE("A client that waited in vain is told what the node said") {
  struct Case {
    RedirectKind kind;
    std::string_view text;
  };
  const Case cases[] = {
      {RedirectKind::tryagain, "TRYAGAIN Multiple keys request during rehashing of slot"},
      {RedirectKind::clusterdown, "CLUSTERDOWN The cluster is down"},
      {RedirectKind::loading, "LOADING Redis is loading the dataset in memory"},
      {RedirectKind::masterdown,
       "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."},
      {RedirectKind::readonly, "READONLY You can't write against a read only replica."},
      // Never a redirect: a client behind a proxy could not follow it.
      {RedirectKind::moved, slotway::protocol::errors::kTooManyHops},
      {RedirectKind::ask, slotway::protocol::errors::kTooManyHops},
      {RedirectKind::count_, slotway::protocol::errors::kNotSent},
  };
  for (const Case& c : cases) CHECK(expired_text(c.kind) == c.text);
}
