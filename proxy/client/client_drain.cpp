#include "proxy/client/client_drain.hpp"

#include <algorithm>

namespace slotway::proxy {

void ClientDrain::begin(TimePoint now, Clock::duration limit) {
  has_begun_ = true;
  began_ = now;
  half_ = now + limit / 2;
  sessions_.for_each([this](Handle handle, ClientSession&) { clients_.push_back(handle); });
  spread_ = std::min<Clock::duration>(limit / 2, kStep * clients_.size());
}

bool ClientDrain::step(TimePoint now) {
  if (now >= half_) {
    sessions_.for_each([](Handle, ClientSession& session) { session.drain(); });
    return false;
  }
  // One at once, the last one when spread_ is over.
  const double part = std::chrono::duration<double>(now - began_) / std::max<Clock::duration>(spread_, kStep);
  const auto due = static_cast<std::size_t>(part * static_cast<double>(clients_.size())) + 1;
  for (; gone_ < std::min(due, clients_.size()); ++gone_) {
    if (ClientSession* session = sessions_.find(clients_[gone_])) session->leave();
  }
  return true;
}

}  // namespace slotway::proxy
