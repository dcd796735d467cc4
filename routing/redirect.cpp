#include "routing/redirect.hpp"

#include "protocol/reply_errors.hpp"
#include "routing/backoff.hpp"

namespace slotway::routing {

namespace {

using protocol::RedirectKind;
using std::chrono::microseconds;

// A slot under migration is settled in milliseconds; a cluster that elects, or a server that loads, takes
// longer.
constexpr Backoff kSlotBackoff{microseconds{4'000}, microseconds{100'000}};
constexpr Backoff kNodeBackoff{microseconds{40'000}, microseconds{250'000}};

}  // namespace

RedirectDecision decide(RedirectKind kind, std::uint32_t hops, std::uint32_t attempts, std::uint64_t random) {
  switch (kind) {
    case RedirectKind::moved:
      if (hops < kMaxHops) return {RedirectAction::resend, true, microseconds{0}};
      return {RedirectAction::retry, true, kNodeBackoff.delay(attempts, random)};
    case RedirectKind::ask:
      if (hops < kMaxHops) return {RedirectAction::resend_asking, false, microseconds{0}};
      return {RedirectAction::retry, true, kSlotBackoff.delay(attempts, random)};
    case RedirectKind::tryagain: return {RedirectAction::retry, false, kSlotBackoff.delay(attempts, random)};
    case RedirectKind::clusterdown:
    case RedirectKind::loading:
    case RedirectKind::masterdown:
    case RedirectKind::readonly:
    case RedirectKind::count_: break;
  }
  return {RedirectAction::retry, true, kNodeBackoff.delay(attempts, random), true};
}

std::string_view expired_text(RedirectKind kind) {
  switch (kind) {
    case RedirectKind::tryagain: return "TRYAGAIN Multiple keys request during rehashing of slot";
    case RedirectKind::clusterdown: return "CLUSTERDOWN The cluster is down";
    case RedirectKind::loading: return "LOADING Redis is loading the dataset in memory";
    case RedirectKind::masterdown:
      return "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.";
    case RedirectKind::readonly: return "READONLY You can't write against a read only replica.";
    case RedirectKind::moved:
    case RedirectKind::ask: return protocol::errors::kTooManyHops;
    case RedirectKind::count_: break;
  }
  return protocol::errors::kNotSent;
}

}  // namespace slotway::routing
