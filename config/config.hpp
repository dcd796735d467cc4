// The configuration as plain data: what every other room reads, and nothing that knows where it came from.
// Owner: main; each worker and the control plane hold a copy, and take over another one at a reload.
// Thread: that of whoever holds the copy. Invariant: what config_loader returns has passed config_validator.
// Units: durations are chrono types; sizes are bytes.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slotway::config {

using std::chrono::milliseconds;

struct HostPort {
  std::string host;
  std::uint16_t port = 0;
  friend bool operator==(const HostPort&, const HostPort&) = default;
};

// Where clients connect: a TCP address, or a unix socket.
struct ListenAddress {
  HostPort tcp;      // numeric; port 0 = any free port. Unset with a path
  std::string path;  // of a unix socket, absolute; empty = a TCP address
  bool is_unix() const { return !path.empty(); }
  friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

// What is behind Slotway: a cluster, one server, or a primary with replicas that sentinels watch.
enum class UpstreamMode { cluster, standalone, sentinel };

// Who serves reads of a shard. nearest: those of upstream.zone, else those that answer fastest, the primary
// among them.
enum class ReadFrom : std::uint8_t { primary, prefer_replica, replica, any, nearest };
inline constexpr std::size_t kReadFromCount = 5;

// Nodes whose addresses begin with these bits are in the zone.
struct ZoneRule {
  std::string network;  // "10.0.1.0/24"; without a length one address, or a node's name
  std::string zone;
  friend bool operator==(const ZoneRule&, const ZoneRule&) = default;
};

// YAML section `upstream.mirror`: another upstream that is asked the same.
struct MirrorConfig {
  std::string upstream;         // `upstream`: its name; "" = none
  std::uint32_t percent = 100;  // `percent`: of the requests
  bool writes_only = false;     // `writes_only`: of those that may write
  bool compare = false;         // `compare`: count replies that differ
  friend bool operator==(const MirrorConfig&, const MirrorConfig&) = default;
};

// YAML section `upstream`: where it is found, and how Slotway logs in there.
struct UpstreamConfig {
  UpstreamMode mode = UpstreamMode::cluster;  // `mode`
  // `seeds`: nodes of the cluster, the server, or the sentinels; names are resolved again when all that is
  // known fails
  std::vector<HostPort> seeds;
  std::string username;       // `username`, of the nodes: empty = the default user (AUTH with one argument)
  std::string password;       // `password`, or what `password_file` holds: empty = no AUTH is sent
  std::string password_file;  // `password_file`: kept, so that a rotated password can be read again
  std::string master_name = "mymaster";  // `master_name`: as the sentinels know the primary
  std::string sentinel_username;         // `sentinel_username`, and so on: as above, of the sentinels
  std::string sentinel_password;
  std::string sentinel_password_file;
  ReadFrom read_from = ReadFrom::primary;  // `read_from`
  // `max_replica_lag`: a replica that is further behind serves no reads; 0 = however far
  milliseconds max_replica_lag{0};
  std::uint64_t max_replica_lag_bytes = 0;  // `max_replica_lag_bytes`: likewise
  bool read_your_writes = false;            // `read_your_writes`
  bool hedged_reads = false;                // `hedged_reads`
  std::uint32_t hedge_budget = 5;           // `hedge_budget`: percent of the reads
  std::string zone;                         // `zone`: where this Slotway is; "" = not known
  std::vector<ZoneRule> zones;              // `zones`: where nodes are; the first that fits counts
  MirrorConfig mirror;                      // `mirror`
  // Bit i = a listener wants reads served by ReadFrom(i), in the place of `read_from`. Set by
  // every_upstream()
  std::uint8_t listeners_read_from = 0;
  bool reads_by(ReadFrom whom) const {
    return read_from == whom || (listeners_read_from >> static_cast<unsigned>(whom) & 1) != 0;
  }
  // For anybody.
  bool reads_from_replicas() const { return read_from != ReadFrom::primary || listeners_read_from > 1; }
  // Every key is at one primary: there are no slots to tell apart, and databases to select.
  bool is_one_shard() const { return mode != UpstreamMode::cluster; }
  friend bool operator==(const UpstreamConfig&, const UpstreamConfig&) = default;
};

// Whom CLUSTER shows to clients: Slotway itself, or the real nodes.
enum class ClusterViewMode { proxy, nodes };

// Whether clients may use DEBUG.
enum class DebugCommand { refuse, allow };

// YAML keys `tls_cert_file` and so on: TLS at TCP addresses, if there is a certificate.
struct TlsConfig {
  std::string cert_file;  // `tls_cert_file`: PEM, those that vouch for it behind it; "" = no TLS
  std::string key_file;   // `tls_key_file`: PEM
  std::string ca_file;    // `tls_ca_file`: PEM, whose clients may connect; "" = clients need no certificate
  std::string cert;       // what the files hold
  std::string key;
  std::string ca;
  bool is_on() const { return !cert_file.empty(); }
  friend bool operator==(const TlsConfig&, const TlsConfig&) = default;
};

// Who clients may log in as, besides the default user.
struct ClientUser {
  std::string name;
  std::string password_file;
  std::string password;  // what the file holds
  friend bool operator==(const ClientUser&, const ClientUser&) = default;
};

// YAML keys `listen` .. `debug_command`, at the top level: the client side.
struct ClientConfig {
  // `listen`: at least one, of which no two claim the same address
  std::vector<ListenAddress> listen{{.tcp = {"127.0.0.1", 6380}, .path = {}}};
  std::uint32_t unix_socket_mode = 0;  // `unix_socket_mode`: permissions; 0 = as the umask leaves them
  bool reuse_port = false;             // `reuse_port`: other processes may listen on the same TCP addresses
  int backlog = 1024;                  // `backlog`: of each
  std::string requirepass;  // `requirepass`, or what `requirepass_file` holds: empty = clients need no AUTH
  std::string requirepass_file;  // `requirepass_file`
  // `users`: with some, the default user is off unless it has a password
  std::vector<ClientUser> users;
  bool needs_login() const { return !requirepass.empty() || !users.empty(); }
  bool default_user_is_on() const { return !requirepass.empty() || users.empty(); }
  bool has_user(std::string_view name) const {
    return name == "default" || std::any_of(users.begin(), users.end(),
                                            [name](const ClientUser& user) { return user.name == name; });
  }
  TlsConfig tls;
  ClusterViewMode cluster_view = ClusterViewMode::proxy;  // `cluster_view`: what CLUSTER SLOTS … answer
  // `client_max_age`: older clients are closed between two requests, give or take a tenth; 0 = never
  milliseconds client_max_age{0};
  // `announce`: Slotway's address in view `proxy`, and in sentinel_view; nullopt = the one that the client is
  // connected to
  std::optional<HostPort> announce;
  bool sentinel_view = false;  // `sentinel_view`: SENTINEL is answered, as a sentinel would
  DebugCommand debug_command = DebugCommand::refuse;  // `debug_command`
  friend bool operator==(const ClientConfig&, const ClientConfig&) = default;
};

// YAML section `limits`.
struct LimitsConfig {
  std::uint32_t max_clients = 10000;             // `max_clients`: the next one gets Redis's own error
  std::uint64_t max_bulk_bytes = 512ull << 20;   // `max_bulk`: one argument (proto-max-bulk-len)
  std::uint64_t max_request_bytes = 1ull << 30;  // `max_request`: one request, all arguments together
  std::uint32_t max_arguments = 1024 * 1024;     // `max_arguments`: arguments of one request
  // `max_inflight_per_client`: unanswered requests of a client; at so many, reading from it stops
  std::uint32_t max_inflight_per_client = 4096;
  std::uint64_t max_inflight_bytes_per_client = 64ull << 20;  // `max_inflight_bytes_per_client`: their bytes
  // `max_output_per_client`: unsent replies of a client; at so many, reading from it stops
  std::uint64_t max_output_bytes_per_client = 16ull << 20;
  // `max_memory_per_client`: replies of a client, sent for and unsent; with more, it is closed
  std::uint64_t max_memory_bytes_per_client = 1ull << 30;
  // `max_memory`: what all clients' requests and unread replies take; with more, the client with the most is
  // closed. nullopt = auto, see memory_limit; 0 = no limit
  std::optional<std::uint64_t> max_memory_bytes;
  // `max_pinned_per_worker`: connections to nodes that are set aside, each for one client that blocks or
  // watches
  std::uint32_t max_pinned_per_worker = 1000;
  // `max_connecting_per_node`: connections that one worker opens to one node at the same time
  std::uint32_t max_connecting_per_node = 32;
  // `max_subscriber_output`: unsent messages of a subscribed client; with more, it is closed
  std::uint64_t max_subscriber_output_bytes = 32ull << 20;
  // `max_scripts`: bodies of SCRIPT LOAD that are kept for nodes that lack them; 0 = none
  std::uint64_t max_scripts_bytes = 16ull << 20;
  // `max_tracked_keys_per_worker`: keys that clients with CLIENT TRACKING may have cached, counted for each
  // client; for more, older ones count as changed
  std::uint32_t max_tracked_keys_per_worker = 1'000'000;
  friend bool operator==(const LimitsConfig&, const LimitsConfig&) = default;
};

// YAML section `timeouts`.
struct TimeoutsConfig {
  milliseconds connect{1000};  // `connect`: to a node, handshake included
  milliseconds request{5000};  // `request`: one client request, every redirect and retry included
  // `upstream_idle_ping`: PING to a node that is silent this long; 0 = off
  milliseconds upstream_idle_ping{10000};
  milliseconds client_idle{0};        // `client_idle`: close clients silent this long; 0 = never, as in Redis
  milliseconds drain{10000};          // `drain`: bound of the drain, behind `drain.delay`
  milliseconds tcp_keepalive{60000};  // `tcp_keepalive`: 0 = off
  milliseconds tcp_user_timeout{10000};  // `tcp_user_timeout`: to nodes; 0 = the kernel's default
  friend bool operator==(const TimeoutsConfig&, const TimeoutsConfig&) = default;
};

// YAML section `drain`.
struct DrainConfig {
  // `delay`: from the moment at which /readyz says so to the one at which no more clients are accepted
  milliseconds delay{0};
  friend bool operator==(const DrainConfig&, const DrainConfig&) = default;
};

// YAML section `topology`.
struct TopologyConfig {
  milliseconds refresh_interval{10000};    // `refresh_interval`: periodic refresh, jittered by a tenth
  milliseconds min_refresh_interval{100};  // `min_refresh_interval`: least time between two refreshes
  friend bool operator==(const TopologyConfig&, const TopologyConfig&) = default;
};

// The families of commands that write, in the order of protocol::Family (a test compares them).
inline constexpr std::array<std::string_view, 11> kWriteFamilies = {
    "string", "hash",        "list",   "set",     "sorted_set", "stream",
    "geo",    "hyperloglog", "bitmap", "generic", "scripting"};

// YAML section `failover`: what becomes of requests for a shard that has no reachable primary.
struct FailoverConfig {
  milliseconds hold{20000};  // `hold`: beyond timeouts.request, to wait for a primary; 0 = no longer
  std::uint32_t max_held_per_worker = 100'000;         // `max_held_per_worker`: requests that wait
  std::uint64_t max_held_bytes_per_worker = 64 << 20;  // `max_held_bytes_per_worker`: their bytes
  // `retry_unknown_writes`: bit i = writes of kWriteFamilies[i] are sent again although the lost connection
  // may have executed them
  std::uint32_t retry_unknown_writes = 0;
  friend bool operator==(const FailoverConfig&, const FailoverConfig&) = default;
};

// YAML section `multikey`.
enum class CrossSlotWrites { split, reject };
struct MultikeyConfig {
  CrossSlotWrites mset = CrossSlotWrites::split;  // `mset`: `split` is not atomic; `reject` = CROSSSLOT
  friend bool operator==(const MultikeyConfig&, const MultikeyConfig&) = default;
};

// YAML section `log`.
enum class LogFormat { text, json };
enum class LogLevel { debug, info, warn, error };
struct LogConfig {
  LogLevel level = LogLevel::info;     // `level`
  LogFormat format = LogFormat::text;  // `format`: text | json (JSON lines)
  friend bool operator==(const LogConfig&, const LogConfig&) = default;
};

// What is behind Slotway at one place, and how it is treated.
struct UpstreamSettings {
  UpstreamConfig upstream;
  LimitsConfig limits;
  TimeoutsConfig timeouts;
  TopologyConfig topology;
  FailoverConfig failover;
  MultikeyConfig multikey;
  friend bool operator==(const UpstreamSettings&, const UpstreamSettings&) = default;
};

// An entry of `upstreams`: of the sections besides `upstream` it has what the top level has, but for what it
// says itself.
struct NamedUpstream {
  std::string name;
  UpstreamSettings settings;
  friend bool operator==(const NamedUpstream&, const NamedUpstream&) = default;
};

// An entry of `listeners`. Likewise, but for the addresses.
struct ListenerConfig {
  ClientConfig client;
  std::string upstream;               // `upstream`: all that its clients ask is asked there; "" = by `routes`
  std::optional<ReadFrom> read_from;  // `read_from`: in the place of the upstream's
  friend bool operator==(const ListenerConfig&, const ListenerConfig&) = default;
};

// An entry of `routes`: commands whose keys begin so go to that upstream.
struct RouteConfig {
  std::string prefix;         // `prefix`: "" = all keys that no other route fits
  std::string upstream;       // `upstream`
  bool strip_prefix = false;  // `strip_prefix`: the upstream's keys lack the prefix
  friend bool operator==(const RouteConfig&, const RouteConfig&) = default;
};

// The sections at the top level are those of the upstream `default`, and the base of `upstreams`.
struct Config : UpstreamSettings {
  ClientConfig client;
  bool wait_for_secrets = false;
  std::uint32_t workers = 0;  // `workers`: 0 = auto = cores the process may use
  std::optional<HostPort> admin = HostPort{"127.0.0.1", 9380};  // `admin`: nullopt = off
  DrainConfig drain;
  LogConfig log;
  std::vector<NamedUpstream> upstreams;   // `upstreams`, by name
  std::vector<ListenerConfig> listeners;  // `listeners`, besides `listen`
  std::vector<RouteConfig> routes;        // `routes`
  friend bool operator==(const Config&, const Config&) = default;
};

}  // namespace slotway::config
