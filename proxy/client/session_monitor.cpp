// What a client_session does as a monitor, and while others monitor it.

#include <utility>

#include "protocol/monitor_line.hpp"
#include "protocol/reply_errors.hpp"
#include "proxy/client/client_session.hpp"
#include "proxy/client/entrance.hpp"
#include "proxy/client/monitor_feed.hpp"

namespace slotway::proxy {

bool ClientSession::run_monitor(const protocol::CommandRow& row) {
  if (replies_.size() > 0) return false;
  // As in Redis (monitorCommand), one that monitors already gets no answer.
  if (std::exchange(monitors_, true)) return true;
  room_.loop.counters.requests[index_of(row.family)].add();
  hold_until_answered();
  entrance_.home.monitors->join(*this, open_reply(row.family, 0));
  return true;
}

void ClientSession::leave_monitors() {
  if (std::exchange(monitors_, false) && !room_.is_ending) entrance_.home.monitors->leave(*this);
}

// To Redis it is a kind of replica (processCommand).
bool ClientSession::refuses_as_monitor(const protocol::CommandRow& row,
                                       const protocol::RequestView& request) {
  if (!monitors_ || !(row.has(protocol::kReadonly) || may_write(row, request))) return false;
  fail_transaction();
  reply_error(row.family, ErrorClass::refused, protocol::errors::kMonitorsKeyspace);
  return true;
}

void ClientSession::show(std::string_view lines) {
  if (!state_.reply_off && has_room_for(lines.size())) {
    pushes().append(room_.loop.blocks, lines);
    want_settle();
  }
}

}  // namespace slotway::proxy
