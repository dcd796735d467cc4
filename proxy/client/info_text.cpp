#include "proxy/client/info_text.hpp"

#include <unistd.h>

#include <algorithm>

namespace slotway::proxy {

namespace {

struct Totals {
  std::uint64_t clients = 0, blocked = 0, accepted = 0, requests = 0, in = 0, out = 0, errors = 0,
                in_flight = 0;
  std::uint64_t redirects = 0, fragments = 0, retries = 0, buffers = 0;
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
    t.buffers += w->buffer_bytes.get();
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

void write_server(Text& text, const ProxyFacts& facts, const routing::Topology* topology) {
  const auto up =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - facts.started);
  text.section("Server");
  // Clients choose what they may use by this: the nodes' version, since they run the commands.
  text.field("redis_version",
             topology && !topology->server_version().empty() ? topology->server_version() : "0.0.0");
  text.field("redis_mode", "standalone");
  text.field("process_id", static_cast<std::uint64_t>(::getpid()));
  text.field("run_id", facts.run_id);
  text.field("tcp_port", facts.listen_port);
  text.field("uptime_in_seconds", static_cast<std::uint64_t>(up.count()));
  text.field("uptime_in_days", static_cast<std::uint64_t>(up.count() / 86400));
}

void write_clients(Text& text, const ProxyFacts& facts, const Totals& totals) {
  text.section("Clients");
  text.field("connected_clients", totals.clients);
  text.field("maxclients", facts.config.limits.max_clients);
  text.field("blocked_clients", totals.blocked);
}

void write_stats(Text& text, const Totals& totals) {
  text.section("Stats");
  text.field("total_connections_received", totals.accepted);
  text.field("total_commands_processed", totals.requests);
  text.field("total_net_input_bytes", totals.in);
  text.field("total_net_output_bytes", totals.out);
  text.field("total_error_replies", totals.errors);
}

void write_slotway(Text& text, const ProxyFacts& facts, const routing::Topology* topology,
                   const Totals& totals) {
  text.section("Slotway");
  text.field("slotway_version", SLOTWAY_VERSION);
  text.field("workers", facts.workers.size());
  text.field("slots_covered", topology ? topology->covered_slots() : 0);
  text.field("nodes", topology ? topology->nodes().size() : 0);
  text.field("requests_in_flight", totals.in_flight);
  text.field("redirects_followed", totals.redirects);
  text.field("fragments_sent", totals.fragments);
  text.field("reads_retried", totals.retries);
  text.field("buffer_bytes", totals.buffers);
}

}  // namespace

std::string info_text(const ProxyFacts& facts, const routing::Topology* topology,
                      const std::vector<std::string>& sections) {
  const auto wanted = [&](std::string_view name) {
    return sections.empty() || std::any_of(sections.begin(), sections.end(), [&](const std::string& s) {
             return s == name || s == "all" || s == "default" || s == "everything";
           });
  };
  const Totals totals = sum(facts);
  Text text;
  if (wanted("server")) write_server(text, facts, topology);
  if (wanted("clients")) write_clients(text, facts, totals);
  if (wanted("stats")) write_stats(text, totals);
  if (wanted("replication")) {
    text.section("Replication");
    text.field("role", "master");
  }
  if (wanted("cluster")) {
    text.section("Cluster");
    // What CLUSTER answers; cluster-aware clients insist on it.
    text.field("cluster_enabled", std::uint64_t{1});
  }
  if (wanted("slotway")) write_slotway(text, facts, topology, totals);
  return text.take();
}

}  // namespace slotway::proxy
