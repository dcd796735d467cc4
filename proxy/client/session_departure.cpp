// How a client_session ends because the proxy wants it to: so that its client loses no reply, and hardly a
// request.

#include <sys/socket.h>

#include <chrono>
#include <cstdint>

#include "proxy/client/client_session.hpp"
#include "proxy/client/entrance.hpp"

namespace slotway::proxy {

using namespace std::chrono_literals;

namespace {

// A client that was active a moment ago may be sending its next request just now. Right behind a reply it is
// not, unless it sends without waiting for replies.
constexpr std::chrono::milliseconds kQuiet = 50ms;

bool has_unread(int socket) {
  char byte;
  return ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

// A tenth more or less, the same for a client at each look: its id, mixed (splitmix64's finalizer), says how
// much.
Clock::duration jittered(Clock::duration age, std::uint64_t id) {
  constexpr std::uint64_t kParts = 1024;
  id = (id ^ (id >> 30)) * 0xbf58476d1ce4e5b9;
  id = (id ^ (id >> 27)) * 0x94d049bb133111eb;
  const auto part = static_cast<std::int64_t>((id ^ (id >> 31)) % (2 * kParts + 1)) - std::int64_t{kParts};
  return age + age / 10 * part / std::int64_t{kParts};
}

}  // namespace

void ClientSession::leave() {
  if (is_blocked()) return finish();
  departure_ = Departure::between_requests;
  depart_if_quiet();
}

void ClientSession::drain() {
  if (is_blocked()) return finish();
  departure_ = Departure::when_answered;
  depart();
  want_settle();
}

void ClientSession::check_age() {
  if (departure_ != Departure::none || inner_) return;
  const Clock::duration limit = entrance_.config.client.client_max_age;
  if (limit.count() == 0) return;
  const Clock::duration age = room_.loop.now - started_;
  // What no client is old enough for is not worth a look at its own limit.
  if (age < limit - limit / 10 || age < jittered(limit, state_.id)) return;
  departure_ = Departure::by_age;
  depart_if_quiet();
}

bool ClientSession::has_nothing_open() const {
  return replies_.size() == 0 && out_.empty() && !parser_ && read_.bytes().empty() && !transaction_ &&
         !exec_ && watched_slot_ == routing::kAnySlot && (inner_ || !has_unread(socket_)) &&
         !(tls_ && tls_->has_pending());
}

bool ClientSession::waits_for_pushes() const { return state_.facts.subscriber || monitors_ || tracking_; }

bool ClientSession::may_depart() const {
  switch (departure_) {
    case Departure::none: return false;
    case Departure::by_age: return !waits_for_pushes() && has_nothing_open();
    case Departure::between_requests: return has_nothing_open();
    // What a limit holds back has not begun.
    case Departure::when_answered: return !transaction_ && (!parser_ || paused_);
  }
  return false;
}

void ClientSession::depart() {
  if (finished_ || closing_ || !may_depart()) return;
  closing_ = true;
  if (departure_ == Departure::by_age) room_.loop.counters.clients_aged.add();
}

void ClientSession::depart_if_quiet() {
  if (room_.loop.now - last_active_ < kQuiet) return;
  depart();
  if (closing_) want_settle();
}

}  // namespace slotway::proxy
