// Requests that wait before they are sent (again): no node is reachable for them, or the node said "not now".
// Owner: the dispatcher. Thread: worker. Invariant: what was parked first leaves first among those due at one time, so
// that a client's requests keep their order.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "protocol/byte_queue.hpp"
#include "proxy/dispatch/request.hpp"

namespace slotway::proxy {

struct ParkedRequest {
  Request request;
  protocol::ByteQueue bytes;
  TimePoint due;
  std::uint64_t sequence = 0;
};

class ParkedRequests {
 public:
  explicit ParkedRequests(protocol::BlockPool& pool) : pool_(pool) {}
  ~ParkedRequests();

  void park(ParkedRequest parked);
  // The next one that is due, or nothing.
  std::optional<ParkedRequest> take_due(TimePoint now);
  // When take_due() will have something; nothing if none is parked.
  std::optional<TimePoint> next_due() const;
  std::size_t size() const { return heap_.size(); }

 private:
  protocol::BlockPool& pool_;
  std::vector<ParkedRequest> heap_;
  std::uint64_t sequence_ = 0;
};

}  // namespace slotway::proxy
