// Requests that wait before they are sent (again): no node is reachable for them, or the node said "not now".
// Owner: the dispatcher. Thread: worker. Invariant: those for one slot leave together, in the order in which
// clients sent them, at the earliest time that any of them was given: one that is put off again never leaves
// behind a younger one.
//
//   slot 7: due 12:00.020  [ SET k 1 | SET k 2 | GET k ]        slot 9: due 12:00.035  [ GET m ]
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "protocol/byte_queue.hpp"
#include "proxy/dispatch/request.hpp"
#include "routing/topology.hpp"

namespace slotway::proxy {

// A script's reply that looks like a redirect to a node that the map lacks: the node's own word if a newer
// map has it, else the script's.
struct Doubt {
  std::string reply;
  routing::Endpoint node;
  TimePoint until;
};

struct ParkedRequest {
  Request request;
  protocol::ByteQueue bytes;
  Handle session;                  // whose it is; it may have gone
  std::unique_ptr<Doubt> doubt{};  // usually there is none
};

class ParkedRequests {
 public:
  explicit ParkedRequests(protocol::BlockPool& pool) : pool_(pool) {}
  ~ParkedRequests();

  void park(ParkedRequest parked, TimePoint due);
  // A request of `session` waits for `slot`.
  bool has(routing::Slot slot, Handle session) const;
  // Takes out a request of `session` that may block, or nothing.
  std::optional<ParkedRequest> take_blocking(Handle session);
  // The slots for which requests wait.
  std::vector<routing::Slot> slots() const;
  std::size_t size() const { return size_; }
  std::size_t bytes() const { return bytes_; }
  // One of them waits for a primary (Request::held).
  bool has_held() const { return held_ > 0; }
  // A request waits for `slot`'s node to be reachable, not because the node said "not now".
  bool waits_for_node(routing::Slot slot) const;
  // Those for `slot`, if any, are due at `due` if that is earlier.
  void hasten(routing::Slot slot, TimePoint due);
  // The next one that is due, or nothing. What is parked meanwhile is not among them unless its time has come
  // too.
  std::optional<ParkedRequest> take_due(TimePoint now);
  // When take_due() will have something; nothing if none is parked.
  std::optional<TimePoint> next_due() const;

 private:
  struct Group {
    TimePoint due;
    std::vector<ParkedRequest> requests;  // by order
  };
  using Groups = std::map<routing::Slot, Group>;

  void count(const ParkedRequest& parked);
  void discount(const ParkedRequest& parked);
  void bring_forward(Groups::iterator group, TimePoint due);

  protocol::BlockPool& pool_;
  Groups groups_;
  std::set<std::pair<TimePoint, routing::Slot>> by_due_;  // one entry for each group
  std::vector<ParkedRequest> leaving_;                    // the group that is due, from left_ on
  std::size_t left_ = 0;
  std::size_t size_ = 0;
  std::size_t bytes_ = 0;
  std::size_t held_ = 0;
};

}  // namespace slotway::proxy
