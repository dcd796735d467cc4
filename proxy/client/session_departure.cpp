// How a client_session ends because the proxy wants it to: so that its client loses no reply, and hardly a
// request.

#include <sys/socket.h>

#include "proxy/client/client_session.hpp"

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

bool ClientSession::may_depart() const {
  // What a limit holds back has not begun.
  if (departure_ == Departure::when_answered) return !transaction_ && (!parser_ || paused_);
  return replies_.size() == 0 && out_.empty() && !parser_ && read_.bytes().empty() && !transaction_ &&
         watched_slot_ == routing::kAnySlot && !has_unread(socket_);
}

void ClientSession::depart() {
  if (!finished_ && !closing_ && may_depart()) closing_ = true;
}

void ClientSession::depart_if_quiet() {
  if (room_.loop.now - last_active_ < kQuiet) return;
  depart();
  if (closing_) want_settle();
}

}  // namespace slotway::proxy
