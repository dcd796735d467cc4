// The end of all clients of a worker, spread over time, so that those who come back do not come all at once.
// In the first half of the time they are let go one after the other, each between two of its requests; then
// no more requests are taken from those that are left. Owner: a Worker. Thread: worker. Invariant: the time
// comes in; a session that has gone by itself is not missed.
#pragma once

#include <chrono>
#include <vector>

#include "proxy/client/client_session.hpp"

namespace slotway::proxy {

class ClientDrain {
 public:
  // Between two steps, and between two clients if there is time.
  static constexpr std::chrono::milliseconds kStep{10};

  explicit ClientDrain(Sessions& sessions) : sessions_(sessions) {}

  // Of all clients that there are now; `limit` is the time until those that are left are cut off.
  void begin(TimePoint now, Clock::duration limit);
  bool has_begun() const { return has_begun_; }
  // Lets go whose time has come. False: it was the last step.
  bool step(TimePoint now);

 private:
  Sessions& sessions_;
  std::vector<Handle> clients_;
  std::size_t gone_ = 0;  // of clients_
  TimePoint began_;
  TimePoint half_;
  Clock::duration spread_{};  // over which they go
  bool has_begun_ = false;
};

}  // namespace slotway::proxy
