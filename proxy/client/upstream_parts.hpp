// What of an upstream a session and those who look after sessions talk to. Owner: a Worker, by number of the
// upstream. Thread: worker.
#pragma once

namespace slotway::proxy {

class Dispatcher;
class Invalidations;
class MonitorFeed;
class Subscriptions;

struct UpstreamParts {
  unsigned number = 0;
  Dispatcher* dispatcher = nullptr;
  Subscriptions* subscriptions = nullptr;
  Invalidations* invalidations = nullptr;
  MonitorFeed* monitors = nullptr;
};

}  // namespace slotway::proxy
