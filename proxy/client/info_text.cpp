#include "proxy/client/info_text.hpp"

#include <unistd.h>

#include <chrono>

#include "config/listen_address.hpp"

namespace slotway::proxy {

namespace {

struct Totals {
  std::uint64_t clients = 0, blocked = 0, accepted = 0, requests = 0, in = 0, out = 0, errors = 0,
                in_flight = 0;
  std::uint64_t redirects = 0, fragments = 0, retries = 0, retried_writes = 0, held = 0, buffers = 0;
  std::uint64_t tracking = 0, tracked_keys = 0, tracked_items = 0, tracked_prefixes = 0;
};

Totals sum(const ProxyFacts& facts) {
  Totals t;
  for (const WorkerCounters* w : facts.workers) {
    t.clients += w->clients.get();
    t.blocked += w->clients_blocked.get() + w->clients_postponed.get();
    t.accepted += w->clients_accepted.get();
    t.in += w->client_bytes_in.get();
    t.out += w->client_bytes_out.get();
    t.in_flight += w->in_flight.get();
    t.fragments += w->fragments.get();
    t.retries += w->retries.get();
    t.retried_writes += w->retried_writes.get();
    t.held += w->held_requests.get();
    t.buffers += w->buffer_bytes.get();
    t.tracking += w->tracking_clients.get();
    t.tracked_keys += w->tracked_keys.get();
    t.tracked_items += w->tracked_items.get();
    t.tracked_prefixes += w->tracked_prefixes.get();
    for (const Counter& c : w->requests) t.requests += c.get();
    for (const auto& family : w->errors) {
      for (const Counter& c : family) t.errors += c.get();
    }
    for (const Counter& c : w->redirects) t.redirects += c.get();
  }
  return t;
}

class Text {
 public:
  void section(std::string_view name) {
    if (!text_.empty()) text_ += "\r\n";
    text_.append("# ").append(name).append("\r\n");
  }
  void field(std::string_view name, std::string_view value) {
    text_.append(name).append(":").append(value).append("\r\n");
  }
  void field(std::string_view name, std::uint64_t value) { field(name, std::to_string(value)); }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

void write_server(Text& text, const ProxyFacts& facts, unsigned listener, const config::Config& config) {
  text.section("Server");
  text.field("redis_mode", server_mode(config));
  text.field("process_id", static_cast<std::uint64_t>(::getpid()));
  text.field("run_id", facts.run_id);
  text.field("tcp_port", std::uint64_t{config::first_tcp_port(facts.listen[listener])});
}

void write_clients(Text& text, const config::Config& config, const Totals& totals) {
  text.section("Clients");
  text.field("connected_clients", totals.clients);
  text.field("maxclients", config.limits.max_clients);
  text.field("blocked_clients", totals.blocked);
  text.field("tracking_clients", totals.tracking);
}

void write_stats(Text& text, const Totals& totals) {
  text.section("Stats");
  text.field("total_connections_received", totals.accepted);
  text.field("tracking_total_keys", totals.tracked_keys);
  text.field("tracking_total_items", totals.tracked_items);
  text.field("tracking_total_prefixes", totals.tracked_prefixes);
}

void write_slotway(Text& text, const ProxyFacts& facts, const routing::Topology* topology,
                   const Totals& totals) {
  using namespace std::chrono;
  const auto up = duration_cast<seconds>(steady_clock::now() - facts.started);
  text.section("Slotway");
  text.field("slotway_version", SLOTWAY_VERSION);
  text.field("slotway_uptime_in_seconds", static_cast<std::uint64_t>(up.count()));
  text.field("workers", facts.workers.size());
  text.field("slots_covered", topology ? topology->covered_slots() : 0);
  text.field("nodes", topology ? topology->nodes().size() : 0);
  text.field("clients", totals.clients);
  text.field("clients_blocked", totals.blocked);
  text.field("requests", totals.requests);
  text.field("requests_in_flight", totals.in_flight);
  text.field("requests_held", totals.held);
  text.field("error_replies", totals.errors);
  text.field("client_bytes_in", totals.in);
  text.field("client_bytes_out", totals.out);
  text.field("redirects_followed", totals.redirects);
  text.field("fragments_sent", totals.fragments);
  text.field("reads_retried", totals.retries);
  text.field("writes_retried", totals.retried_writes);
  text.field("buffer_bytes", totals.buffers);
}

}  // namespace

std::string info_text(const ProxyFacts& facts, unsigned listener, const config::Config& config,
                      const routing::Topology* topology, const routing::InfoSections& sections) {
  const Totals totals = sum(facts);
  Text text;
  if (sections.wants("server")) write_server(text, facts, listener, config);
  if (sections.wants("clients")) write_clients(text, config, totals);
  if (sections.wants("stats")) write_stats(text, totals);
  if (sections.wants("replication")) {
    text.section("Replication");
    // Some clients want to find in it what they have asked a sentinel for, and here that is one address for
    // both.
    if (!config.client.sentinel_view) text.field("role", "master");
  }
  if (sections.wants("cluster")) {
    text.section("Cluster");
    // What CLUSTER answers; cluster-aware clients insist on it.
    text.field("cluster_enabled", std::uint64_t{config.upstream.is_one_shard() ? 0u : 1u});
  }
  if (sections.wants("slotway")) write_slotway(text, facts, topology, totals);
  return text.take();
}

std::string_view server_mode(const config::Config& config) {
  return config.client.cluster_view == config::ClusterViewMode::nodes ? "cluster" : "standalone";
}

}  // namespace slotway::proxy
