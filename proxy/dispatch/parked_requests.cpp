#include "proxy/dispatch/parked_requests.hpp"

#include <algorithm>

namespace slotway::proxy {

namespace {

bool leaves_later(const ParkedRequest& a, const ParkedRequest& b) {
  return a.due != b.due ? a.due > b.due : a.sequence > b.sequence;
}

}  // namespace

ParkedRequests::~ParkedRequests() {
  for (ParkedRequest& parked : heap_) parked.bytes.clear(pool_);
}

void ParkedRequests::park(ParkedRequest parked) {
  parked.sequence = sequence_++;
  heap_.push_back(std::move(parked));
  std::push_heap(heap_.begin(), heap_.end(), leaves_later);
}

std::optional<ParkedRequest> ParkedRequests::take_due(TimePoint now) {
  if (heap_.empty() || heap_.front().due > now) return std::nullopt;
  std::pop_heap(heap_.begin(), heap_.end(), leaves_later);
  ParkedRequest parked = std::move(heap_.back());
  heap_.pop_back();
  return parked;
}

std::optional<TimePoint> ParkedRequests::next_due() const {
  if (heap_.empty()) return std::nullopt;
  return heap_.front().due;
}

}  // namespace slotway::proxy
