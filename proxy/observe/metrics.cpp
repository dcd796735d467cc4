#include "proxy/observe/metrics.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <utility>

#include "proxy/observe/utf8.hpp"

namespace slotway::proxy {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;
using Families = std::vector<MetricFamily>;
using Workers = std::vector<const WorkerCounters*>;

// --- building families ---

MetricFamily& add_family(Families& out, const char* name, MetricType type, const char* help) {
  return out.emplace_back(MetricFamily{name, help, type, {}});
}

void add_sample(MetricFamily& family, double value, Labels labels = {}) {
  ClientMetric& sample = family.metric.emplace_back();
  sample.label = std::move(labels);
  (family.type == MetricType::Counter ? sample.counter.value : sample.gauge.value) = value;
}

void add_value(Families& out, const char* name, MetricType type, const char* help, double value) {
  add_sample(add_family(out, name, type, help), value);
}

double as_double(std::uint64_t value) { return static_cast<double>(value); }

template <typename Read>
double sum(const Workers& workers, Read read) {
  std::uint64_t total = 0;
  for (const WorkerCounters* worker : workers) total += read(*worker);
  return as_double(total);
}

double sum(const Workers& workers, Counter WorkerCounters::*counter) {
  return sum(workers, [counter](const WorkerCounters& worker) { return (worker.*counter).get(); });
}

void add_sum(Families& out, const Workers& workers, const char* name, MetricType type, const char* help,
             Counter WorkerCounters::*counter) {
  add_value(out, name, type, help, sum(workers, counter));
}

void add_per_worker(Families& out, const Workers& workers, const char* name, MetricType type,
                    const char* help, Counter WorkerCounters::*counter) {
  MetricFamily& family = add_family(out, name, type, help);
  for (std::size_t i = 0; i < workers.size(); ++i) {
    add_sample(family, as_double((workers[i]->*counter).get()), {{"worker", std::to_string(i)}});
  }
}

// The count is the sum of the buckets, not a counter of its own, so that the two agree in every scrape.
template <typename Read>
void add_histogram(MetricFamily& family, const Workers& workers, Labels labels, Read read) {
  ClientMetric& sample = family.metric.emplace_back();
  sample.label = std::move(labels);
  std::uint64_t cumulative = 0;
  std::uint64_t sum_us = 0;
  for (std::size_t i = 0; i < LatencyCounter::kBuckets; ++i) {
    for (const WorkerCounters* worker : workers) cumulative += read(*worker).bucket(i);
    // The last bucket has no bound: it is the +Inf that the serializer writes from the count.
    if (i + 1 < LatencyCounter::kBuckets) {
      sample.histogram.bucket.push_back({cumulative, as_double(LatencyCounter::bound_us(i)) / 1e6});
    }
  }
  for (const WorkerCounters* worker : workers) sum_us += read(*worker).sum_us();
  sample.histogram.sample_count = cumulative;
  sample.histogram.sample_sum = as_double(sum_us) / 1e6;
}

// --- what is counted ---

void add_clients(Families& out, const Workers& workers, const ControlFacts& facts) {
  add_per_worker(out, workers, "slotway_clients", MetricType::Gauge, "Client connections open now.",
                 &WorkerCounters::clients);
  add_sum(out, workers, "slotway_clients_paused", MetricType::Gauge,
          "Client connections that are not read from now, because of a limit.",
          &WorkerCounters::clients_paused);
  add_sum(out, workers, "slotway_clients_pinned", MetricType::Gauge,
          "Client connections for which a connection to a node is set aside now: they block or watch.",
          &WorkerCounters::clients_pinned);
  add_sum(out, workers, "slotway_clients_blocked", MetricType::Gauge,
          "Client connections that wait in a blocking command", &WorkerCounters::clients_blocked);
  add_sum(out, workers, "slotway_clients_postponed", MetricType::Gauge,
          "Client connections with a request that CLIENT PAUSE holds back.",
          &WorkerCounters::clients_postponed);
  add_sum(out, workers, "slotway_client_connections_accepted_total", MetricType::Counter,
          "Client connections accepted.", &WorkerCounters::clients_accepted);
  add_sum(out, workers, "slotway_client_connections_closed_total", MetricType::Counter,
          "Client connections closed, by either side.", &WorkerCounters::clients_closed);
  add_value(out, "slotway_client_connections_rejected_total", MetricType::Counter,
            "Client connections closed at once, because there were limits.max_clients.",
            as_double(facts.clients_rejected));
  add_sum(out, workers, "slotway_client_connections_over_memory_total", MetricType::Counter,
          "Client connections closed because of limits.max_memory_per_client.",
          &WorkerCounters::clients_over_memory);
  add_sum(out, workers, "slotway_client_connections_shed_total", MetricType::Counter,
          "Client connections closed because of limits.max_memory.", &WorkerCounters::clients_shed);
  add_sum(out, workers, "slotway_client_memory_bytes", MetricType::Gauge,
          "Memory held for clients' requests and replies, which limits.max_memory bounds.",
          &WorkerCounters::memory_in_use);
  add_sum(out, workers, "slotway_client_connections_aged_total", MetricType::Counter,
          "Client connections closed because of client_max_age.", &WorkerCounters::clients_aged);
  add_sum(out, workers, "slotway_client_received_bytes_total", MetricType::Counter,
          "Bytes read from clients.", &WorkerCounters::client_bytes_in);
  add_sum(out, workers, "slotway_client_sent_bytes_total", MetricType::Counter, "Bytes written to clients.",
          &WorkerCounters::client_bytes_out);
}

void add_subscriptions(Families& out, const Workers& workers) {
  add_sum(out, workers, "slotway_subscribers", MetricType::Gauge,
          "Clients that are subscribed to channels or patterns now.", &WorkerCounters::subscribers);
  add_sum(
      out, workers, "slotway_subscriptions", MetricType::Gauge,
      "Channels and patterns that workers are subscribed to at nodes now, once for all clients of a worker.",
      &WorkerCounters::subscriptions);
  add_sum(out, workers, "slotway_messages_delivered_total", MetricType::Counter,
          "Messages given to subscribed clients.", &WorkerCounters::messages_delivered);
  add_sum(out, workers, "slotway_subscribers_closed_total", MetricType::Counter,
          "Subscribed clients closed because they read too slowly.", &WorkerCounters::subscribers_closed);
  add_sum(out, workers, "slotway_tracking_clients", MetricType::Gauge, "Clients with CLIENT TRACKING now.",
          &WorkerCounters::tracking_clients);
  add_sum(out, workers, "slotway_tracked_keys", MetricType::Gauge,
          "Keys that clients with CLIENT TRACKING may have cached now.", &WorkerCounters::tracked_keys);
  add_sum(out, workers, "slotway_invalidations_total", MetricType::Counter,
          "Invalidations for clients with CLIENT TRACKING.", &WorkerCounters::invalidations);
}

void add_requests(Families& out, const Workers& workers) {
  MetricFamily& requests =
      add_family(out, "slotway_requests_total", MetricType::Counter, "Requests parsed, by command family.");
  for (std::size_t i = 0; i < index_of(protocol::Family::count_); ++i) {
    const std::string name(protocol::family_name(static_cast<protocol::Family>(i)));
    add_sample(requests, sum(workers, [i](const WorkerCounters& w) { return w.requests[i].get(); }),
               {{"family", name}});
  }

  MetricFamily& duration = add_family(out, "slotway_request_duration_seconds", MetricType::Histogram,
                                      "Time from a request parsed to its reply queued, by command family.");
  for (std::size_t i = 0; i < index_of(protocol::Family::count_); ++i) {
    const std::string name(protocol::family_name(static_cast<protocol::Family>(i)));
    add_histogram(duration, workers, {{"family", name}},
                  [i](const WorkerCounters& w) -> const LatencyCounter& { return w.total_latency[i]; });
  }

  MetricFamily& errors = add_family(out, "slotway_request_errors_total", MetricType::Counter,
                                    "Requests answered with an error, by command family and why.");
  for (std::size_t f = 0; f < index_of(protocol::Family::count_); ++f) {
    for (std::size_t i = 0; i < index_of(ErrorClass::count_); ++i) {
      add_sample(errors, sum(workers, [f, i](const WorkerCounters& w) { return w.errors[f][i].get(); }),
                 {{"family", std::string(protocol::family_name(static_cast<protocol::Family>(f)))},
                  {"class", std::string(error_class_name(static_cast<ErrorClass>(i)))}});
    }
  }

  add_sum(out, workers, "slotway_requests_in_flight", MetricType::Gauge, "Requests waiting for a node now.",
          &WorkerCounters::in_flight);
  add_sum(out, workers, "slotway_fragments_total", MetricType::Counter,
          "Requests sent to nodes on behalf of split multi-key commands.", &WorkerCounters::fragments);
  add_sum(out, workers, "slotway_retries_total", MetricType::Counter,
          "Reads sent again after a lost connection.", &WorkerCounters::retries);
  add_sum(out, workers, "slotway_retried_writes_total", MetricType::Counter,
          "Writes sent again though their outcome was unknown (failover.retry_unknown_writes).",
          &WorkerCounters::retried_writes);
  add_sum(out, workers, "slotway_held_requests", MetricType::Gauge,
          "Requests that wait for a node to be reachable, or to serve them.", &WorkerCounters::held_requests);
}

void add_redirects(Families& out, const Workers& workers) {
  MetricFamily& redirects = add_family(out, "slotway_redirects_total", MetricType::Counter,
                                       "Redirects followed and retryable node errors retried, by kind.");
  for (std::size_t i = 0; i < index_of(protocol::RedirectKind::count_); ++i) {
    add_sample(redirects, sum(workers, [i](const WorkerCounters& w) { return w.redirects[i].get(); }),
               {{"kind", std::string(protocol::redirect_name(static_cast<protocol::RedirectKind>(i)))}});
  }
}

void add_upstream_totals(Families& out, const Workers& workers) {
  MetricFamily& duration = add_family(out, "slotway_upstream_request_duration_seconds", MetricType::Histogram,
                                      "Time from a request queued for a node to the node's reply.");
  add_histogram(duration, workers, {},
                [](const WorkerCounters& w) -> const LatencyCounter& { return w.upstream_latency; });
  add_sum(out, workers, "slotway_upstream_connects_total", MetricType::Counter,
          "Connection attempts to nodes, failed ones included.", &WorkerCounters::upstream_connects);
  add_sum(out, workers, "slotway_upstream_connect_failures_total", MetricType::Counter,
          "Connection attempts to nodes that failed, in the handshake too.",
          &WorkerCounters::upstream_connect_failures);
  add_sum(out, workers, "slotway_replica_reads_total", MetricType::Counter, "Reads sent to replicas.",
          &WorkerCounters::replica_reads);
  add_sum(out, workers, "slotway_replica_retries_total", MetricType::Counter,
          "Reads sent to the primary because a replica failed them.", &WorkerCounters::replica_retries);
  add_sum(out, workers, "slotway_hedged_reads_total", MetricType::Counter,
          "Reads asked of a second node because a replica was late.", &WorkerCounters::hedged_reads);
  add_sum(out, workers, "slotway_hedged_reads_won_total", MetricType::Counter,
          "Hedged reads that the second node answered first.", &WorkerCounters::hedges_won);
  add_sum(out, workers, "slotway_upstream_received_bytes_total", MetricType::Counter,
          "Bytes read from nodes.", &WorkerCounters::upstream_bytes_in);
  add_sum(out, workers, "slotway_upstream_sent_bytes_total", MetricType::Counter, "Bytes written to nodes.",
          &WorkerCounters::upstream_bytes_out);
}

void add_mirrors(Families& out, const Workers& workers) {
  add_sum(out, workers, "slotway_mirrored_requests_total", MetricType::Counter,
          "Requests that the upstream's mirror was asked too.", &WorkerCounters::mirrored);
  add_sum(out, workers, "slotway_mirror_dropped_total", MetricType::Counter,
          "Requests that were to be mirrored and were not, or whose replies were lost.",
          &WorkerCounters::mirror_dropped);
  add_sum(out, workers, "slotway_mirror_compared_total", MetricType::Counter,
          "Pairs of replies that were compared.", &WorkerCounters::mirror_compared);
  add_sum(out, workers, "slotway_mirror_differing_total", MetricType::Counter,
          "Pairs of replies that differ.", &WorkerCounters::mirror_differing);
}

struct NodeLoad {
  std::array<std::uint64_t, index_of(UpstreamState::count_)> connections{};
  std::uint64_t in_flight = 0;
  std::uint64_t queued_bytes = 0;
  bool slow = false;
};

void add_nodes(Families& out, const std::vector<WorkerStatus>& statuses, const ControlFacts& facts) {
  std::map<std::pair<unsigned, std::string>, NodeLoad> nodes;
  for (const WorkerStatus& status : statuses) {
    for (const UpstreamStatus& upstream : status.upstreams) {
      NodeLoad& load = nodes[{upstream.upstream, to_valid_utf8(upstream.node)}];
      ++load.connections[index_of(upstream.state)];
      load.in_flight += upstream.in_flight;
      load.queued_bytes += upstream.queued_bytes;
      load.slow |= upstream.slow;
    }
  }

  MetricFamily connections{
      "slotway_upstream_connections", "Connections to nodes, by node and state.", MetricType::Gauge, {}};
  MetricFamily in_flight{"slotway_upstream_in_flight_requests",
                         "Requests sent to a node and not answered yet, by node.",
                         MetricType::Gauge,
                         {}};
  MetricFamily queued{"slotway_upstream_queued_bytes",
                      "Request bytes kept until their replies have come, by node.",
                      MetricType::Gauge,
                      {}};
  MetricFamily slow{
      "slotway_upstream_slow",
      "1 if a worker finds that the node answers much more slowly than the others, else 0, by node.",
      MetricType::Gauge,
      {}};
  for (const auto& [place, load] : nodes) {
    const Labels labels{{"upstream", facts.upstreams.at(place.first).name}, {"node", place.second}};
    for (std::size_t i = 0; i < load.connections.size(); ++i) {
      Labels with_state = labels;
      with_state.push_back({"state", std::string(upstream_state_name(static_cast<UpstreamState>(i)))});
      add_sample(connections, as_double(load.connections[i]), std::move(with_state));
    }
    add_sample(in_flight, as_double(load.in_flight), labels);
    add_sample(queued, as_double(load.queued_bytes), labels);
    add_sample(slow, load.slow ? 1 : 0, labels);
  }
  out.push_back(std::move(connections));
  out.push_back(std::move(in_flight));
  out.push_back(std::move(queued));
  out.push_back(std::move(slow));
}

void add_workers(Families& out, const MetricsInput& input) {
  add_value(out, "slotway_workers", MetricType::Gauge, "Worker threads.", as_double(input.workers.size()));
  add_value(out, "slotway_workers_responding", MetricType::Gauge,
            "1 if every worker's loop answered this scrape in time, else 0 and no figures by node.",
            input.statuses ? 1 : 0);
  add_per_worker(out, input.workers, "slotway_worker_loop_turns_total", MetricType::Counter,
                 "Turns of the worker's event loop.", &WorkerCounters::loop_turns);
  add_sum(out, input.workers, "slotway_buffer_bytes", MetricType::Gauge,
          "Memory held by the workers' pooled buffers, in use or free.", &WorkerCounters::buffer_bytes);
}

std::uint64_t count_nodes(const routing::Topology* topology, routing::NodeRole role) {
  if (topology == nullptr) return 0;
  const auto is_of_role = [role](const routing::Node& node) { return node.role == role; };
  return static_cast<std::uint64_t>(
      std::count_if(topology->nodes().begin(), topology->nodes().end(), is_of_role));
}

void add_topology(Families& out, const ControlFacts& facts) {
  MetricFamily age{
      "slotway_topology_age_seconds",
      "Time since the topology was last refreshed with success, by upstream; no sample before the "
      "first.",
      MetricType::Gauge,
      {}};
  MetricFamily covered{"slotway_topology_slots_covered",
                       "Hash slots that have a node, of 16384, by upstream.",
                       MetricType::Gauge,
                       {}};
  MetricFamily epoch{"slotway_topology_epoch",
                     "The cluster's epoch in the topology, by upstream; 0 if unknown.",
                     MetricType::Gauge,
                     {}};
  MetricFamily nodes{
      "slotway_topology_nodes", "Nodes in the topology, by upstream and role.", MetricType::Gauge, {}};
  MetricFamily refreshes{"slotway_topology_refreshes_total",
                         "Topology refreshes, by upstream, why they were made and how they ended.",
                         MetricType::Counter,
                         {}};
  for (const UpstreamFacts& upstream : facts.upstreams) {
    const ClientMetric::Label name{"upstream", upstream.name};
    const routing::Topology* topology = upstream.topology.get();
    if (upstream.topology_age)
      add_sample(age, std::chrono::duration<double>(*upstream.topology_age).count(), {name});
    add_sample(covered, topology == nullptr ? 0 : as_double(topology->covered_slots()), {name});
    add_sample(epoch, topology == nullptr ? 0 : as_double(topology->epoch()), {name});
    add_sample(nodes, as_double(count_nodes(topology, routing::NodeRole::primary)),
               {name, {"role", "primary"}});
    add_sample(nodes, as_double(count_nodes(topology, routing::NodeRole::replica)),
               {name, {"role", "replica"}});
    for (const RefreshCount& refresh : upstream.refreshes) {
      add_sample(refreshes, as_double(refresh.count),
                 {name, {"reason", refresh.reason}, {"result", refresh.result}});
    }
  }
  for (MetricFamily* family : {&age, &covered, &epoch, &nodes, &refreshes}) out.push_back(std::move(*family));
}

void add_server(Families& out, const MetricsInput& input) {
  MetricFamily& build = add_family(out, "slotway_build_info", MetricType::Gauge,
                                   "Always 1; the labels say which build this is.");
  add_sample(build, 1, {{"version", input.version}});
  add_value(out, "slotway_ready", MetricType::Gauge, "1 if /readyz says so, else 0.", input.ready ? 1 : 0);
  add_value(out, "slotway_draining", MetricType::Gauge,
            "1 while the process drains, after SIGTERM or POST /drain, else 0.",
            input.facts.draining ? 1 : 0);
  MetricFamily& reloads = add_family(out, "slotway_config_reloads_total", MetricType::Counter,
                                     "Reloads of the configuration, by how they ended.");
  for (const ReloadCount& reload : input.facts.reloads)
    add_sample(reloads, as_double(reload.count), {{"result", reload.result}});
  add_value(out, "slotway_config_loaded_timestamp_seconds", MetricType::Gauge,
            "When the configuration was last loaded with success, since the Unix epoch.",
            std::chrono::duration<double>(input.facts.config_loaded.time_since_epoch()).count());
  add_value(out, "slotway_admin_connections_rejected_total", MetricType::Counter,
            "Connections to the admin port closed at once, because there were too many.",
            as_double(input.admin_connections_rejected));
}

void add_process(Families& out, const ProcessFacts& process) {
  add_value(out, "process_cpu_seconds_total", MetricType::Counter, "User and system CPU time used.",
            process.cpu_seconds);
  add_value(out, "process_resident_memory_bytes", MetricType::Gauge, "Resident memory size.",
            as_double(process.resident_bytes));
  add_value(out, "process_virtual_memory_bytes", MetricType::Gauge, "Virtual memory size.",
            as_double(process.virtual_bytes));
  add_value(out, "process_open_fds", MetricType::Gauge, "Open file descriptors.",
            as_double(process.open_fds));
  add_value(out, "process_max_fds", MetricType::Gauge, "Most file descriptors that may be open.",
            process.max_fds);
  add_value(out, "process_start_time_seconds", MetricType::Gauge, "Start time since the Unix epoch.",
            process.start_time_seconds);
}

}  // namespace

std::string_view upstream_state_name(UpstreamState state) {
  switch (state) {
    case UpstreamState::idle: return "idle";
    case UpstreamState::waiting: return "waiting";
    case UpstreamState::resolving: return "resolving";
    case UpstreamState::connecting: return "connecting";
    case UpstreamState::handshaking: return "handshaking";
    case UpstreamState::ready: return "ready";
    case UpstreamState::backoff: return "backoff";
    case UpstreamState::count_: break;
  }
  return "unknown";
}

std::string_view error_class_name(ErrorClass error) {
  switch (error) {
    case ErrorClass::upstream: return "upstream";
    case ErrorClass::protocol: return "protocol";
    case ErrorClass::refused: return "refused";
    case ErrorClass::timeout: return "timeout";
    case ErrorClass::unreachable: return "unreachable";
    case ErrorClass::unknown_outcome: return "unknown_outcome";
    case ErrorClass::redirect: return "redirect";
    case ErrorClass::count_: break;
  }
  return "unknown";
}

std::string render_metrics(const MetricsInput& input) {
  Families families;
  add_server(families, input);
  add_workers(families, input);
  add_clients(families, input.workers, input.facts);
  add_requests(families, input.workers);
  add_subscriptions(families, input.workers);
  add_redirects(families, input.workers);
  add_upstream_totals(families, input.workers);
  add_mirrors(families, input.workers);
  if (input.statuses) add_nodes(families, *input.statuses, input.facts);
  add_topology(families, input.facts);
  if (input.process) add_process(families, *input.process);

  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return std::move(out).str();
}

}  // namespace slotway::proxy
