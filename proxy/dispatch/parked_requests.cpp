#include "proxy/dispatch/parked_requests.hpp"

#include <algorithm>

namespace slotway::proxy {

ParkedRequests::~ParkedRequests() {
  for (auto& [slot, group] : groups_) {
    for (ParkedRequest& parked : group.requests) parked.bytes.clear(pool_);
  }
  for (; left_ < leaving_.size(); ++left_) leaving_[left_].bytes.clear(pool_);
}

void ParkedRequests::count(const ParkedRequest& parked) {
  ++size_;
  bytes_ += parked.bytes.size();
  held_ += parked.request.held ? 1 : 0;
}

void ParkedRequests::discount(const ParkedRequest& parked) {
  --size_;
  bytes_ -= parked.bytes.size();
  held_ -= parked.request.held ? 1 : 0;
}

void ParkedRequests::park(ParkedRequest parked, TimePoint due) {
  count(parked);
  const routing::Slot slot = parked.request.slot;
  const auto [found, is_new] = groups_.try_emplace(slot);
  Group& group = found->second;
  if (is_new) {
    group.due = due;
    by_due_.emplace(due, slot);
  } else {
    bring_forward(found, due);
  }
  const auto place =
      std::upper_bound(group.requests.begin(), group.requests.end(), parked.request.order,
                       [](std::uint64_t order, const ParkedRequest& p) { return order < p.request.order; });
  group.requests.insert(place, std::move(parked));
}

bool ParkedRequests::has(routing::Slot slot, Handle session) const {
  const auto found = groups_.find(slot);
  if (found == groups_.end()) return false;
  const std::vector<ParkedRequest>& requests = found->second.requests;
  return std::any_of(requests.begin(), requests.end(),
                     [&](const ParkedRequest& p) { return p.session == session; });
}

std::optional<ParkedRequest> ParkedRequests::take_blocking(Handle session) {
  for (auto group = groups_.begin(); group != groups_.end(); ++group) {
    std::vector<ParkedRequest>& requests = group->second.requests;
    const auto found = std::find_if(requests.begin(), requests.end(), [&](const ParkedRequest& p) {
      return p.session == session && p.request.may_block();
    });
    if (found == requests.end()) continue;
    discount(*found);
    ParkedRequest taken = std::move(*found);
    requests.erase(found);
    if (requests.empty()) {
      by_due_.erase({group->second.due, group->first});
      groups_.erase(group);
    }
    return taken;
  }
  return std::nullopt;
}

std::vector<routing::Slot> ParkedRequests::slots() const {
  std::vector<routing::Slot> out;
  for (const auto& [slot, group] : groups_) out.push_back(slot);
  return out;
}

bool ParkedRequests::waits_for_node(routing::Slot slot) const {
  const auto found = groups_.find(slot);
  if (found == groups_.end()) return false;
  const std::vector<ParkedRequest>& requests = found->second.requests;
  return std::any_of(requests.begin(), requests.end(), [](const ParkedRequest& p) {
    return p.request.last_error == protocol::RedirectKind::count_;
  });
}

void ParkedRequests::hasten(routing::Slot slot, TimePoint due) {
  const auto found = groups_.find(slot);
  if (found != groups_.end()) bring_forward(found, due);
}

void ParkedRequests::bring_forward(Groups::iterator group, TimePoint due) {
  if (due >= group->second.due) return;
  by_due_.erase({group->second.due, group->first});
  group->second.due = due;
  by_due_.emplace(due, group->first);
}

std::optional<ParkedRequest> ParkedRequests::take_due(TimePoint now) {
  if (left_ == leaving_.size()) {
    if (by_due_.empty() || by_due_.begin()->first > now) return std::nullopt;
    const auto group = groups_.find(by_due_.begin()->second);
    leaving_ = std::move(group->second.requests);
    left_ = 0;
    groups_.erase(group);
    by_due_.erase(by_due_.begin());
  }
  discount(leaving_[left_]);
  return std::move(leaving_[left_++]);
}

std::optional<TimePoint> ParkedRequests::next_due() const {
  if (by_due_.empty()) return std::nullopt;
  return by_due_.begin()->first;
}

}  // namespace slotway::proxy
