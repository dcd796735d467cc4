#include "config/config_options.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "config/listen_address.hpp"
#include "config/option_codecs.hpp"
#include "config/option_words.hpp"

namespace slotway::config {
namespace {

// Options with a shape of their own
// --------------------------------------------------------------------------------

MaybeComplaint add_seed(std::string_view text, Config& config) {
  const auto parsed = parse_host_port(text);
  if (const auto* complaint = std::get_if<Complaint>(&parsed)) return *complaint;
  const HostPort& seed = std::get<HostPort>(parsed);
  if (seed.port == 0)
    return Complaint{quoted(text) + " has port 0", "write the port that the node listens on"};
  config.upstream.seeds.push_back(seed);
  return std::nullopt;
}

std::string print_seeds(const Config& config) {
  std::string out;
  for (const HostPort& seed : config.upstream.seeds) out += (out.empty() ? "" : ",") + print_host_port(seed);
  return out.empty() ? "(not set)" : out;
}

MaybeComplaint add_zone(std::string_view text, Config& config) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0 || equals + 1 == text.size())
    return Complaint{quoted(text) + " is not NETWORK=ZONE",
                     "write a network or a node's name, and its zone, such as "
                     "10.0.1.0/24=eu-1a"};
  config.upstream.zones.push_back(
      {std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))});
  return std::nullopt;
}

std::string print_zones(const Config& config) {
  std::string out;
  for (const ZoneRule& rule : config.upstream.zones)
    out += (out.empty() ? "" : ",") + rule.network + "=" + rule.zone;
  return out.empty() ? "(not set)" : out;
}

MaybeComplaint add_user(std::string_view text, Config& config) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0 || equals + 1 == text.size())
    return Complaint{quoted(text) + " is not NAME=FILE",
                     "write a user's name, and a file whose first line is the password"};
  config.client.users.push_back(
      {std::string(text.substr(0, equals)), std::string(text.substr(equals + 1)), {}});
  return std::nullopt;
}

std::string print_users(const Config& config) {
  std::string out;
  for (const ClientUser& user : config.client.users)
    out += (out.empty() ? "" : ",") + user.name + "=" + user.password_file;
  return out.empty() ? "(not set)" : out;
}

MaybeComplaint add_listen_address(std::string_view text, Config& config) {
  const auto parsed = parse_listen_address(text);
  if (const auto* complaint = std::get_if<Complaint>(&parsed)) return *complaint;
  config.client.listen.push_back(std::get<ListenAddress>(parsed));
  return std::nullopt;
}

std::string print_listen_addresses(const Config& config) {
  std::string out;
  for (const ListenAddress& address : config.client.listen)
    out += (out.empty() ? "" : ",") + print_listen_address(address);
  return out.empty() ? "(not set)" : out;
}

MaybeComplaint set_unix_socket_mode(std::string_view text, Config& config) {
  const auto mode = parse_mode(text);
  if (const auto* complaint = std::get_if<Complaint>(&mode)) return *complaint;
  config.client.unix_socket_mode = std::get<std::uint32_t>(mode);
  return std::nullopt;
}

std::string print_unix_socket_mode(const Config& config) {
  return print_mode(config.client.unix_socket_mode);
}

MaybeComplaint set_max_memory(std::string_view text, Config& config) {
  if (text == "auto") {
    config.limits.max_memory_bytes.reset();
    return std::nullopt;
  }
  const auto parsed = parse_size(text);
  const auto* size = std::get_if<std::uint64_t>(&parsed);
  if (!size)
    return Complaint{quoted(text) + " is not a size", "write auto, or a size such as 512mb; 0 = no limit"};
  config.limits.max_memory_bytes = *size;
  return std::nullopt;
}

std::string print_max_memory(const Config& config) {
  const auto& bytes = config.limits.max_memory_bytes;
  return bytes ? print_size(*bytes) : "auto";
}

MaybeComplaint set_workers(std::string_view text, Config& config) {
  if (text == "auto") {
    config.workers = 0;
    return std::nullopt;
  }
  std::uint64_t value = 0;
  const auto parsed = parse_count(text);
  if (const auto* count = std::get_if<std::uint64_t>(&parsed)) value = *count;
  if (value == 0 || value > std::numeric_limits<std::uint32_t>::max()) {
    return Complaint{quoted(text) + " is not a number of workers", "write auto, or a number from 1"};
  }
  config.workers = static_cast<std::uint32_t>(value);
  return std::nullopt;
}

std::string print_workers(const Config& config) {
  return config.workers == 0 ? "auto" : std::to_string(config.workers);
}

MaybeComplaint set_admin(std::string_view text, Config& config) {
  if (text == "off") {
    config.admin.reset();
    return std::nullopt;
  }
  const auto parsed = parse_host_port(text);
  if (std::holds_alternative<Complaint>(parsed)) {
    return Complaint{quoted_address(text) + " is neither ADDR:PORT nor off", "write 127.0.0.1:9380, or off"};
  }
  config.admin = std::get<HostPort>(parsed);
  return std::nullopt;
}

MaybeComplaint set_announce(std::string_view text, Config& config) {
  const auto parsed = parse_host_port(text);
  if (const auto* complaint = std::get_if<Complaint>(&parsed)) return *complaint;
  const HostPort& address = std::get<HostPort>(parsed);
  if (address.port == 0) return Complaint{quoted(text) + " has port 0", "write the port that clients use"};
  config.client.announce = address;
  return std::nullopt;
}

std::string print_announce(const Config& config) {
  return config.client.announce ? print_host_port(*config.client.announce) : "(not set)";
}

MaybeComplaint add_retried_family(std::string_view text, Config& config) {
  const auto found = std::find(kWriteFamilies.begin(), kWriteFamilies.end(), text);
  if (found == kWriteFamilies.end()) {
    std::string known;
    for (const std::string_view family : kWriteFamilies)
      known += (known.empty() ? "" : ", ") + std::string(family);
    return Complaint{quoted(text) + " is not a family of commands", "write some of: " + known};
  }
  config.failover.retry_unknown_writes |= 1u << (found - kWriteFamilies.begin());
  return std::nullopt;
}

std::string print_retried_families(const Config& config) {
  std::string out;
  for (std::size_t i = 0; i < kWriteFamilies.size(); ++i) {
    if ((config.failover.retry_unknown_writes >> i & 1) != 0)
      out += (out.empty() ? "" : ",") + std::string(kWriteFamilies[i]);
  }
  return out.empty() ? "(not set)" : out;
}

std::string print_admin(const Config& config) {
  return config.admin ? print_host_port(*config.admin) : "off";
}

// The table
// --------------------------------------------------------------------------------------------------------

constexpr std::array<std::string_view, 12> kOfUpstreams = {"upstream.",
                                                           "topology.",
                                                           "failover.",
                                                           "multikey.",
                                                           "timeouts.connect",
                                                           "timeouts.request",
                                                           "timeouts.upstream_idle_ping",
                                                           "timeouts.tcp_user_timeout",
                                                           "limits.max_pinned_per_worker",
                                                           "limits.max_connecting_per_node",
                                                           "limits.max_scripts",
                                                           "limits.max_tracked_keys_per_worker"};
constexpr std::array<std::string_view, 14> kOfListeners = {
    "users",         "tls_cert_file", "tls_key_file",     "tls_ca_file", "listen",       "unix_socket_mode",
    "reuse_port",    "backlog",       "requirepass_file", "requirepass", "cluster_view", "client_max_age",
    "sentinel_view", "announce"};

constexpr OptionScope scope_of(std::string_view path) {
  for (const std::string_view start : kOfUpstreams) {
    if (path.starts_with(start)) return OptionScope::upstream;
  }
  for (const std::string_view name : kOfListeners) {
    if (path == name) return OptionScope::listener;
  }
  return OptionScope::process;
}

constexpr Option row(std::string_view path, std::string_view metavar, Codec codec, std::string_view help) {
  Option option;
  option.path = path;
  option.scope = scope_of(path);
  option.metavar = metavar;
  option.help = help;
  option.set = codec.set;
  option.print = codec.print;
  option.same = codec.same;
  option.copy = codec.copy;
  return option;
}

constexpr Option at_start(Option option) {
  option.needs_restart = true;
  return option;
}

constexpr Option list_row(Option option, void (*clear)(Config&)) {
  option.is_list = true;
  option.clear = clear;
  return option;
}

template <auto... Members>
constexpr Option exclusive(Option option, std::string_view excludes, bool is_secret) {
  option.excludes = excludes;
  option.is_secret = is_secret;
  option.clear = [](Config& config) { member<Members...>(config).clear(); };
  return option;
}

constexpr auto kClient = &Config::client;
constexpr auto kUpstream = &Config::upstream;
constexpr auto kLimits = &Config::limits;
constexpr auto kTimeouts = &Config::timeouts;
constexpr auto kTopology = &Config::topology;
constexpr auto kFailover = &Config::failover;

constexpr Codec kListen = codec<kClient, &ClientConfig::listen>(&add_listen_address, &print_listen_addresses);
constexpr Codec kSeeds = codec<kUpstream, &UpstreamConfig::seeds>(&add_seed, &print_seeds);

// A file that is another one if what it holds is.
template <auto File, auto Text>
constexpr Codec kPemFile{
    &set_unless_empty<kClient, &ClientConfig::tls, File>, kText<kClient, &ClientConfig::tls, File>.print,
    [](const Config& left, const Config& right) {
      return member<kClient, &ClientConfig::tls, File>(left) ==
                 member<kClient, &ClientConfig::tls, File>(right) &&
             member<kClient, &ClientConfig::tls, Text>(left) ==
                 member<kClient, &ClientConfig::tls, Text>(right);
    },
    [](const Config& from, Config& to) {
      member<kClient, &ClientConfig::tls, File>(to) = member<kClient, &ClientConfig::tls, File>(from);
      member<kClient, &ClientConfig::tls, Text>(to) = member<kClient, &ClientConfig::tls, Text>(from);
    }};

constexpr Codec kZones = codec<kUpstream, &UpstreamConfig::zones>(&add_zone, &print_zones);

constexpr std::array kOptions{
    at_start(row("upstream.mode", "MODE", kWord<kModes, kUpstream, &UpstreamConfig::mode>,
                 "what is behind Slotway: cluster, standalone or sentinel")),
    list_row(row("upstream.seeds", "HOST:PORT[,...]", kSeeds,
                 "nodes to learn the cluster from, or the one server, or sentinels"),
             [](Config& config) { config.upstream.seeds.clear(); }),
    row("upstream.username", "NAME", kText<kUpstream, &UpstreamConfig::username>,
        "user to log in to the nodes as; not set = the default user"),
    exclusive<kUpstream, &UpstreamConfig::password>(
        row("upstream.password", "PASSWORD", kSecret<kUpstream, &UpstreamConfig::password>,
            "password of the nodes"),
        "upstream.password_file", true),
    exclusive<kUpstream, &UpstreamConfig::password_file>(
        row("upstream.password_file", "FILE", kSecretFile<kUpstream, &UpstreamConfig::password_file>,
            "file whose first line is the password of the nodes"),
        "upstream.password", false),
    at_start(row("upstream.master_name", "NAME", kText<kUpstream, &UpstreamConfig::master_name>,
                 "mode sentinel: as the sentinels know the primary")),
    row("upstream.sentinel_username", "NAME", kText<kUpstream, &UpstreamConfig::sentinel_username>,
        "user to log in to the sentinels as; not set = the default user"),
    exclusive<kUpstream, &UpstreamConfig::sentinel_password>(
        row("upstream.sentinel_password", "PASSWORD", kSecret<kUpstream, &UpstreamConfig::sentinel_password>,
            "password of the sentinels"),
        "upstream.sentinel_password_file", true),
    exclusive<kUpstream, &UpstreamConfig::sentinel_password_file>(
        row("upstream.sentinel_password_file", "FILE",
            kSecretFile<kUpstream, &UpstreamConfig::sentinel_password_file>,
            "file whose first line is the password of the sentinels"),
        "upstream.sentinel_password", false),
    row("upstream.read_from", "WHOM", kWord<kReadFrom, kUpstream, &UpstreamConfig::read_from>,
        "who serves reads: primary, prefer_replica, replica, any or nearest"),
    row("upstream.max_replica_lag", "TIME", kDuration<kUpstream, &UpstreamConfig::max_replica_lag>,
        "a replica that has heard nothing of its primary for longer serves no reads; 0 = it does"),
    row("upstream.max_replica_lag_bytes", "SIZE", kSize<kUpstream, &UpstreamConfig::max_replica_lag_bytes>,
        "a replica that lacks more than so many bytes serves no reads; 0 = it does"),
    row("upstream.read_your_writes", "on|off", kWord<kOffOn, kUpstream, &UpstreamConfig::read_your_writes>,
        "a client reads what it has written from the primary until a replica has it"),
    row("upstream.hedged_reads", "on|off", kWord<kOffOn, kUpstream, &UpstreamConfig::hedged_reads>,
        "a read that a replica is late with is asked of another node too"),
    row("upstream.hedge_budget", "N", kCount<kUpstream, &UpstreamConfig::hedge_budget>,
        "how many of 100 reads may be asked twice"),
    row("upstream.zone", "NAME", kText<kUpstream, &UpstreamConfig::zone>,
        "where this Slotway is, for read_from nearest"),
    list_row(row("upstream.zones", "NETWORK=ZONE[,...]", kZones, "where nodes are, for read_from nearest"),
             [](Config& config) { config.upstream.zones.clear(); }),
    at_start(row("upstream.mirror.upstream", "NAME",
                 kText<kUpstream, &UpstreamConfig::mirror, &MirrorConfig::upstream>,
                 "the upstream that is asked the same, besides; not set = none")),
    row("upstream.mirror.percent", "N", kCount<kUpstream, &UpstreamConfig::mirror, &MirrorConfig::percent>,
        "of a hundred requests so many are"),
    row("upstream.mirror.writes_only", "off|on",
        kWord<kOffOn, kUpstream, &UpstreamConfig::mirror, &MirrorConfig::writes_only>,
        "whether only requests that may write are"),
    row("upstream.mirror.compare", "off|on",
        kWord<kOffOn, kUpstream, &UpstreamConfig::mirror, &MirrorConfig::compare>,
        "whether replies that differ are counted, and some shown in the log"),
    list_row(at_start(row("listen", "ADDR:PORT|unix:PATH[,...]", kListen, "where clients connect")),
             [](Config& config) { config.client.listen.clear(); }),
    at_start(
        row("unix_socket_mode", "MODE",
            codec<kClient, &ClientConfig::unix_socket_mode>(&set_unix_socket_mode, &print_unix_socket_mode),
            "permissions of unix sockets, such as 0660; 0 = as the umask leaves them")),
    at_start(row("reuse_port", "off|on", kWord<kOffOn, kClient, &ClientConfig::reuse_port>,
                 "whether another process may listen on the same addresses (SO_REUSEPORT)")),
    at_start(row("backlog", "N", kCount<kClient, &ClientConfig::backlog>,
                 "connections that may wait to be accepted")),
    exclusive<kClient, &ClientConfig::requirepass>(
        row("requirepass", "PASSWORD", kSecret<kClient, &ClientConfig::requirepass>,
            "password that clients must send"),
        "requirepass_file", true),
    exclusive<kClient, &ClientConfig::requirepass_file>(
        row("requirepass_file", "FILE", kSecretFile<kClient, &ClientConfig::requirepass_file>,
            "file whose first line is the password that clients must send"),
        "requirepass", false),
    list_row(row("users", "NAME=FILE[,...]", codec<kClient, &ClientConfig::users>(&add_user, &print_users),
                 "users that clients may log in as, and files with their passwords"),
             [](Config& config) { config.client.users.clear(); }),
    row("tls_cert_file", "FILE", kPemFile<&TlsConfig::cert_file, &TlsConfig::cert>,
        "certificate for TLS at the TCP addresses; not set = no TLS"),
    row("tls_key_file", "FILE", kPemFile<&TlsConfig::key_file, &TlsConfig::key>, "the certificate's key"),
    row("tls_ca_file", "FILE", kPemFile<&TlsConfig::ca_file, &TlsConfig::ca>,
        "certificates whose clients may connect; not set = all may"),
    row("cluster_view", "proxy|nodes", kWord<kClusterViews, kClient, &ClientConfig::cluster_view>,
        "whom CLUSTER SLOTS and the like name: Slotway itself, or the nodes"),
    row("sentinel_view", "on|off", kWord<kOffOn, kClient, &ClientConfig::sentinel_view>,
        "whether SENTINEL is answered, with Slotway as the primary"),
    row("client_max_age", "TIME", kDuration<kClient, &ClientConfig::client_max_age>,
        "age at which a client is closed between two requests; 0 = never"),
    row("announce", "HOST:PORT", codec<kClient, &ClientConfig::announce>(&set_announce, &print_announce),
        "Slotway's address in cluster_view proxy; not set = the one the client is connected to"),
    row("debug_command", "refuse|allow", kWord<kDebugCommand, kClient, &ClientConfig::debug_command>,
        "whether clients may use DEBUG, if their nodes let them"),
    at_start(row("workers", "N|auto", codec<&Config::workers>(&set_workers, &print_workers),
                 "threads; auto = cores the process may use")),
    at_start(row("wait_for_secrets", "off|on", kWord<kOffOn, &Config::wait_for_secrets>,
                 "whether files with passwords and keys that are missing at the start are waited for")),
    at_start(row("admin", "ADDR:PORT|off", codec<&Config::admin>(&set_admin, &print_admin),
                 "where metrics and health are served over HTTP")),
    row("limits.max_clients", "N", kCount<kLimits, &LimitsConfig::max_clients>, "clients at the same time"),
    row("limits.max_bulk", "SIZE", kSize<kLimits, &LimitsConfig::max_bulk_bytes>,
        "one argument of a request"),
    row("limits.max_request", "SIZE", kSize<kLimits, &LimitsConfig::max_request_bytes>,
        "one request, all arguments together"),
    row("limits.max_arguments", "N", kCount<kLimits, &LimitsConfig::max_arguments>,
        "arguments of one request"),
    row("limits.max_inflight_per_client", "N", kCount<kLimits, &LimitsConfig::max_inflight_per_client>,
        "unanswered requests of a client; then it is not read"),
    row("limits.max_inflight_bytes_per_client", "SIZE",
        kSize<kLimits, &LimitsConfig::max_inflight_bytes_per_client>, "bytes of those requests"),
    row("limits.max_output_per_client", "SIZE", kSize<kLimits, &LimitsConfig::max_output_bytes_per_client>,
        "unsent replies of a client; then it is not read"),
    row("limits.max_memory_per_client", "SIZE", kSize<kLimits, &LimitsConfig::max_memory_bytes_per_client>,
        "replies held for a client; then it is closed"),
    row("limits.max_memory", "SIZE|auto",
        codec<kLimits, &LimitsConfig::max_memory_bytes>(&set_max_memory, &print_max_memory),
        "held for all clients; with more, the largest is closed; auto = by what may be used"),
    row("limits.max_pinned_per_worker", "N", kCount<kLimits, &LimitsConfig::max_pinned_per_worker>,
        "connections set aside for clients that block or watch"),
    row("limits.max_connecting_per_node", "N", kCount<kLimits, &LimitsConfig::max_connecting_per_node>,
        "connections that a worker opens to a node at the same time"),
    row("limits.max_subscriber_output", "SIZE", kSize<kLimits, &LimitsConfig::max_subscriber_output_bytes>,
        "unsent messages of a subscriber; then it is closed"),
    row("limits.max_scripts", "SIZE", kSize<kLimits, &LimitsConfig::max_scripts_bytes>,
        "scripts kept for nodes that lack them"),
    row("limits.max_tracked_keys_per_worker", "N",
        kCount<kLimits, &LimitsConfig::max_tracked_keys_per_worker>,
        "keys that clients with CLIENT TRACKING may have cached"),
    row("timeouts.connect", "TIME", kDuration<kTimeouts, &TimeoutsConfig::connect>,
        "to connect and log in to a node"),
    row("timeouts.request", "TIME", kDuration<kTimeouts, &TimeoutsConfig::request>,
        "to answer a request, redirects and retries included"),
    row("timeouts.upstream_idle_ping", "TIME", kDuration<kTimeouts, &TimeoutsConfig::upstream_idle_ping>,
        "silence of a node's connection before a PING; 0 = off"),
    row("timeouts.client_idle", "TIME", kDuration<kTimeouts, &TimeoutsConfig::client_idle>,
        "silence of a client before it is closed; 0 = never"),
    row("timeouts.drain", "TIME", kDuration<kTimeouts, &TimeoutsConfig::drain>,
        "to let clients go and answer what is in flight after SIGTERM"),
    row("timeouts.tcp_keepalive", "TIME", kDuration<kTimeouts, &TimeoutsConfig::tcp_keepalive>,
        "silence before a TCP keepalive probe; 0 = off"),
    row("timeouts.tcp_user_timeout", "TIME", kDuration<kTimeouts, &TimeoutsConfig::tcp_user_timeout>,
        "unacknowledged data before a connection is given up; 0 = the kernel's default"),
    row("drain.delay", "TIME", kDuration<&Config::drain, &DrainConfig::delay>,
        "between /readyz saying so after SIGTERM and accepting no more clients"),
    row("topology.refresh_interval", "TIME", kDuration<kTopology, &TopologyConfig::refresh_interval>,
        "between two periodic looks at the cluster"),
    row("topology.min_refresh_interval", "TIME", kDuration<kTopology, &TopologyConfig::min_refresh_interval>,
        "at least this long between two looks, whatever happens"),
    row("failover.hold", "TIME", kDuration<kFailover, &FailoverConfig::hold>,
        "beyond timeouts.request, to wait for a shard's new primary; 0 = no longer"),
    row("failover.max_held_per_worker", "N", kCount<kFailover, &FailoverConfig::max_held_per_worker>,
        "requests that wait for a node; more fail at once"),
    row("failover.max_held_bytes_per_worker", "SIZE",
        kSize<kFailover, &FailoverConfig::max_held_bytes_per_worker>, "bytes of those requests"),
    list_row(row("failover.retry_unknown_writes", "FAMILY[,...]",
                 codec<kFailover, &FailoverConfig::retry_unknown_writes>(&add_retried_family,
                                                                         &print_retried_families),
                 "families of commands whose writes may be executed twice"),
             [](Config& config) { config.failover.retry_unknown_writes = 0; }),
    row("multikey.mset", "split|reject", kWord<kCrossSlotWrites, &Config::multikey, &MultikeyConfig::mset>,
        "MSET across slots: split, which is not atomic, or reject with CROSSSLOT"),
    row("log.level", "LEVEL", kWord<kLevels, &Config::log, &LogConfig::level>, "debug, info, warn or error"),
    row("log.format", "text|json", kWord<kFormats, &Config::log, &LogConfig::format>,
        "lines of text, or a JSON object per line"),
};

// The seeds carry the name of their section: --upstream, SLOTWAY_UPSTREAM.
std::string_view short_path(const Option& option) {
  return option.path == "upstream.seeds" ? std::string_view("upstream") : option.path;
}

}  // namespace

std::span<const Option> options() { return kOptions; }

const Option* find_option(std::string_view path) {
  const auto found = std::find_if(kOptions.begin(), kOptions.end(),
                                  [&](const Option& option) { return option.path == path; });
  return found == kOptions.end() ? nullptr : &*found;
}

std::string environment_name(const Option& option) {
  std::string name = "SLOTWAY_";
  for (const char c : short_path(option)) {
    const bool is_letter = c >= 'a' && c <= 'z';
    name += is_letter ? static_cast<char>(c - 'a' + 'A') : '_';
  }
  return name;
}

std::string flag_name(const Option& option) {
  std::string name = "--";
  for (const char c : short_path(option)) name += c == '.' || c == '_' ? '-' : c;
  return name;
}

bool is_section(std::string_view path) {
  return std::any_of(kOptions.begin(), kOptions.end(), [&](const Option& option) {
    return option.path.size() > path.size() && option.path.starts_with(path) &&
           option.path[path.size()] == '.';
  });
}

}  // namespace slotway::config
