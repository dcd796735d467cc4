#include "proxy/worker_upstream.hpp"

#include <utility>

#include "proxy/client/client_desk.hpp"

namespace slotway::proxy {

WorkerUpstream::WorkerUpstream(const WorkerParts& parts, unsigned number,
                               const config::UpstreamSettings& settings, RequestRefresh request_refresh)
    : settings_(settings),
      pool(parts.io, parts.loop, settings_, number),
      subscriptions(parts.io, parts.loop, parts.sessions, parts.slots, pool, parts.end_turn, request_refresh),
      invalidations(parts.worker, parts.facts, parts.io, parts.loop, parts.sessions, parts.slots, pool,
                    parts.end_turn, request_refresh),
      dispatcher(parts.loop, parts.sessions, parts.slots, pool, std::move(request_refresh)),
      monitors(parts.worker, parts.workers, number, parts.facts, parts.room, parts.sessions) {
  pool.set_events(dispatcher);
  dispatcher.set_tell_others([worker = parts.worker, number,
                              &facts = parts.facts](const std::function<void(Dispatcher&)>& job) {
    for (unsigned other = 0; other < facts.workers.size(); ++other) {
      if (other == worker) continue;
      facts.post_to_desk(other, [job, number](ClientDesk& desk) { job(*desk.upstream(number).dispatcher); });
    }
  });
}

void WorkerUpstream::set_topology(std::shared_ptr<const routing::Topology> topology) {
  dispatcher.set_topology(std::move(topology));
  subscriptions.on_topology();
  invalidations.on_topology();
}

void WorkerUpstream::configure(const config::UpstreamSettings& settings) {
  settings_ = settings;
  pool.on_config();
  dispatcher.on_config();
  invalidations.on_config();
}

void WorkerUpstream::on_tick() {
  dispatcher.on_tick();
  pool.on_tick();
  subscriptions.on_tick();
  invalidations.on_tick();
}

void WorkerUpstream::stop() {
  subscriptions.stop();
  invalidations.stop();
}

}  // namespace slotway::proxy
