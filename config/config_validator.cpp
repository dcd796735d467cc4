#include "config/config_validator.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "config/config_options.hpp"
#include "config/entry_validator.hpp"
#include "config/listen_address.hpp"
#include "config/network.hpp"
#include "config/units.hpp"

namespace slotway::config {
namespace {

constexpr std::uint64_t kKb = 1ull << 10;
constexpr std::uint64_t kMb = 1ull << 20;
constexpr std::uint64_t kGb = 1ull << 30;
constexpr std::uint64_t kSecond = 1000;
constexpr std::uint64_t kHour = 3600 * kSecond;

std::string print_milliseconds(std::uint64_t count) {
  return print_duration(milliseconds(static_cast<std::int64_t>(count)));
}

std::string print_count(std::uint64_t count) { return std::to_string(count); }

struct Range {
  std::string_view path;
  std::uint64_t (*get)(const Config&);
  std::uint64_t smallest;
  std::uint64_t largest;
  std::string (*print)(std::uint64_t);
  bool zero_allowed = false;  // besides the range: it means "off" or "never"
};

template <auto Section, auto Member>
std::uint64_t number(const Config& config) {
  return static_cast<std::uint64_t>(config.*Section.*Member);
}

template <auto Section, auto Member>
std::uint64_t time(const Config& config) {
  return static_cast<std::uint64_t>((config.*Section.*Member).count());
}

constexpr auto kUpstream = &Config::upstream;
constexpr auto kLimits = &Config::limits;
constexpr auto kTimeouts = &Config::timeouts;
constexpr auto kTopology = &Config::topology;
constexpr auto kFailover = &Config::failover;

// Requests are counted in 32 bits, so they stay below 4 GiB. TCP_KEEPIDLE takes 1 to 32767 seconds (tcp(7)).
constexpr std::array kRanges{
    Range{"backlog", number<&Config::client, &ClientConfig::backlog>, 1, 65535, print_count},
    Range{"client_max_age", time<&Config::client, &ClientConfig::client_max_age>, kSecond, 8760 * kHour,
          print_milliseconds, true},
    Range{"workers", [](const Config& config) -> std::uint64_t { return config.workers; }, 1, 256,
          print_count, true},
    Range{"limits.max_clients", number<kLimits, &LimitsConfig::max_clients>, 1, 1000000, print_count},
    Range{"limits.max_bulk", number<kLimits, &LimitsConfig::max_bulk_bytes>, kKb, 4 * kGb - 1, print_size},
    Range{"limits.max_request", number<kLimits, &LimitsConfig::max_request_bytes>, kKb, 4 * kGb - 1,
          print_size},
    Range{"limits.max_arguments", number<kLimits, &LimitsConfig::max_arguments>, 1, 0x7fffffff, print_count},
    Range{"limits.max_inflight_per_client", number<kLimits, &LimitsConfig::max_inflight_per_client>, 1,
          1048576, print_count},
    Range{"limits.max_inflight_bytes_per_client",
          number<kLimits, &LimitsConfig::max_inflight_bytes_per_client>, kKb, 1024 * kGb, print_size},
    Range{"limits.max_output_per_client", number<kLimits, &LimitsConfig::max_output_bytes_per_client>, kKb,
          1024 * kGb, print_size},
    Range{"limits.max_memory_per_client", number<kLimits, &LimitsConfig::max_memory_bytes_per_client>, kKb,
          1024 * kGb, print_size},
    Range{"limits.max_memory",
          [](const Config& config) { return config.limits.max_memory_bytes.value_or(0); }, kMb, 1024 * kGb,
          print_size, true},
    Range{"limits.max_connecting_per_node", number<kLimits, &LimitsConfig::max_connecting_per_node>, 1, 10000,
          print_count},
    Range{"limits.max_pinned_per_worker", number<kLimits, &LimitsConfig::max_pinned_per_worker>, 0, 1000000,
          print_count},
    Range{"limits.max_subscriber_output", number<kLimits, &LimitsConfig::max_subscriber_output_bytes>, kKb,
          1024 * kGb, print_size},
    Range{"limits.max_scripts", number<kLimits, &LimitsConfig::max_scripts_bytes>, kKb, 1024 * kGb,
          print_size, true},
    Range{"limits.max_tracked_keys_per_worker", number<kLimits, &LimitsConfig::max_tracked_keys_per_worker>,
          1, 1'000'000'000, print_count},
    Range{"upstream.max_replica_lag", time<kUpstream, &UpstreamConfig::max_replica_lag>, kSecond, kHour,
          print_milliseconds, true},
    Range{"upstream.max_replica_lag_bytes", number<kUpstream, &UpstreamConfig::max_replica_lag_bytes>, kKb,
          1024 * kGb, print_size, true},
    Range{"upstream.hedge_budget",
          [](const Config& config) -> std::uint64_t { return config.upstream.hedge_budget; }, 1, 100,
          print_count},
    Range{"upstream.mirror.percent",
          [](const Config& config) -> std::uint64_t { return config.upstream.mirror.percent; }, 0, 100,
          print_count},
    Range{"timeouts.connect", time<kTimeouts, &TimeoutsConfig::connect>, 1, kHour, print_milliseconds},
    Range{"timeouts.request", time<kTimeouts, &TimeoutsConfig::request>, 1, kHour, print_milliseconds},
    Range{"timeouts.upstream_idle_ping", time<kTimeouts, &TimeoutsConfig::upstream_idle_ping>, 1, 24 * kHour,
          print_milliseconds, true},
    Range{"timeouts.client_idle", time<kTimeouts, &TimeoutsConfig::client_idle>, 1, 8760 * kHour,
          print_milliseconds, true},
    Range{"timeouts.drain", time<kTimeouts, &TimeoutsConfig::drain>, 1, 24 * kHour, print_milliseconds, true},
    Range{"drain.delay", time<&Config::drain, &DrainConfig::delay>, 1, kHour, print_milliseconds, true},
    Range{"timeouts.tcp_keepalive", time<kTimeouts, &TimeoutsConfig::tcp_keepalive>, kSecond, 32767 * kSecond,
          print_milliseconds, true},
    Range{"timeouts.tcp_user_timeout", time<kTimeouts, &TimeoutsConfig::tcp_user_timeout>, 1, 24 * kHour,
          print_milliseconds, true},
    Range{"topology.refresh_interval", time<kTopology, &TopologyConfig::refresh_interval>, 1, 24 * kHour,
          print_milliseconds},
    Range{"topology.min_refresh_interval", time<kTopology, &TopologyConfig::min_refresh_interval>, 1,
          24 * kHour, print_milliseconds},
    Range{"failover.hold", time<kFailover, &FailoverConfig::hold>, 1, kHour, print_milliseconds, true},
    Range{"failover.max_held_per_worker", number<kFailover, &FailoverConfig::max_held_per_worker>, 0,
          100'000'000, print_count},
    Range{"failover.max_held_bytes_per_worker", number<kFailover, &FailoverConfig::max_held_bytes_per_worker>,
          kKb, 1024 * kGb, print_size},
};

class Check {
 public:
  Check(const Config& config, const Origins& origins) : config_(config), origins_(origins) {}
  // Of an entry, by its view.
  Check(const Config& view, const LoadedEntry& entry)
      : config_(view), origins_(entry.origins), entry_(&entry) {}

  std::vector<Problem> run_entry() {
    const bool is_upstream = entry_->kind == EntryKind::upstream;
    for (const Range& range : kRanges) {
      if (find_entry_option(entry_->kind, entry_key(*find_option(range.path)))) check_range(range);
    }
    if (is_upstream) {
      check_upstream();
      check_logins();
      check_topology();
    }
    if (entry_->kind == EntryKind::listener) {
      check_listen();
      check_users();
    }
    return std::move(problems_);
  }

  std::vector<Problem> run() {
    for (const Range& range : kRanges) check_range(range);
    if (config_.upstreams.empty() || !config_.upstream.seeds.empty()) check_upstream();
    check_logins();
    if (config_.listeners.empty() || !config_.client.listen.empty()) check_listen();
    check_users();
    if (config_.admin) check_address("admin", *config_.admin);
    check_order("limits.max_request", config_.limits.max_request_bytes < config_.limits.max_bulk_bytes,
                "limits.max_bulk", "raise max_request, or lower max_bulk: a request holds its arguments");
    check_order("limits.max_memory_per_client",
                config_.limits.max_memory_bytes_per_client < config_.limits.max_output_bytes_per_client,
                "limits.max_output_per_client",
                "raise max_memory_per_client, or lower max_output_per_client");
    check_topology();
    return std::move(problems_);
  }

 private:
  void check_logins() {
    check_login("upstream.", config_.upstream.username, config_.upstream.password);
    check_login("upstream.sentinel_", config_.upstream.sentinel_username, config_.upstream.sentinel_password);
  }

  void check_topology() {
    check_order("topology.refresh_interval",
                config_.topology.refresh_interval < config_.topology.min_refresh_interval,
                "topology.min_refresh_interval", "raise refresh_interval, or lower min_refresh_interval");
  }

  std::string shown(std::string_view path) const {
    return entry_ ? entry_->path + "." + std::string(entry_key(*find_option(path))) : std::string(path);
  }

  // Blames the first path that somebody has set, for a default is seldom the cause.
  void complain(std::initializer_list<std::string_view> paths, std::string what, std::string advice) {
    std::string_view blamed = *paths.begin();
    for (const std::string_view path : paths) {
      if (origins_.is_broken(path)) return;
    }
    for (const std::string_view path : paths) {
      if (origins_.of(path).source == Source::defaults) continue;
      blamed = path;
      break;
    }
    const Origin& origin = origins_.of(blamed);
    // What an entry does not say it has of the top level, which is complained about there.
    const bool is_said = origin.source != Source::defaults;
    if (entry_ && !is_said && blamed != "upstream.seeds" && blamed != "listen") return;
    problems_.push_back(
        {entry_ && !is_said ? entry_->origin : origin, shown(blamed), {std::move(what), std::move(advice)}});
  }

  std::string print(std::string_view path) const { return find_option(path)->print(config_); }

  void check_range(const Range& range) {
    const std::uint64_t value = range.get(config_);
    if (value >= range.smallest && value <= range.largest) return;
    if (value == 0 && range.zero_allowed) return;
    std::string advice =
        "write " + std::string(range.zero_allowed && range.path != "workers" ? "0, or " : "");
    advice += range.print(range.smallest) + " to " + range.print(range.largest);
    complain({range.path}, print(range.path) + " is too " + (value < range.smallest ? "small" : "large"),
             advice);
  }

  void check_upstream() {
    const UpstreamConfig& upstream = config_.upstream;
    if (upstream.seeds.empty()) {
      complain({"upstream.seeds"}, "nothing that is behind Slotway is given",
               entry_ ? "name at least one node, or the sentinels"
                      : "name at least one node (or the sentinels) with --upstream HOST:PORT, "
                        "SLOTWAY_UPSTREAM, or upstream.seeds in the file");
    }
    if (upstream.mode == UpstreamMode::standalone && upstream.seeds.size() > 1) {
      complain({"upstream.seeds", "upstream.mode"}, "there are several servers in mode standalone",
               "name the one that holds the data, or set upstream.mode to cluster or sentinel");
    }
    if (upstream.mode == UpstreamMode::sentinel && upstream.master_name.empty())
      complain({"upstream.master_name"}, "is empty",
               "write the name that the sentinels have for the primary");
    const bool has_replicas = upstream.mode != UpstreamMode::standalone;
    if (upstream.reads_from_replicas() && !has_replicas) {
      complain({"upstream.read_from", "upstream.mode"}, "there are no replicas in mode standalone",
               "remove read_from, or set upstream.mode to cluster or sentinel");
    }
    for (const ZoneRule& rule : upstream.zones) {
      if (is_network(rule.network)) continue;
      complain({"upstream.zones"}, quoted(rule.network) + " is not a network",
               "write it as 10.0.1.0/24 or fd00:1::/64, one address, or a node's name");
    }
  }

  // The user name and password whose paths begin so.
  void check_login(const std::string& prefix, const std::string& username, const std::string& password) {
    const std::string path = prefix + "password";
    const bool is_unknown = origins_.is_broken(path) || origins_.is_broken(path + "_file");
    if (username.empty() || !password.empty() || is_unknown) return;
    complain({prefix + "username"}, "there is a user name but no password",
             "set " + shown(path) + "_file or " + shown(path) + ", or remove the user name");
  }

  void check_users() {
    const std::vector<ClientUser>& users = config_.client.users;
    for (auto user = users.begin(); user != users.end(); ++user) {
      const auto is_same = [&](const ClientUser& other) { return other.name == user->name; };
      if (user->name == "default")
        complain({"users"}, "the default user's password is requirepass", "use requirepass_file for it");
      if (user->name.find_first_of(" \t") != std::string::npos)
        complain({"users"}, quoted(user->name) + " has a blank in it", "write a name without");
      if (std::any_of(users.begin(), user, is_same))
        complain({"users"}, quoted(user->name) + " is there twice", "keep one of the two");
    }
  }

  void check_listen() {
    if (config_.client.listen.empty())
      complain({"listen"}, "there is no address", "write at least one, such as 127.0.0.1:6380");
    for (const ListenAddress& address : config_.client.listen) {
      if (!address.is_unix()) check_address("listen", address.tcp);
    }
  }

  void check_address(std::string_view path, const HostPort& address) {
    if (is_numeric_address(address.host)) return;
    complain({path}, quoted(address.host) + " is not a numeric address",
             "write one of this machine, such as 127.0.0.1 or [::1], or 0.0.0.0 for all");
  }

  void check_order(std::string_view larger, bool is_wrong, std::string_view smaller, std::string advice) {
    if (!is_wrong) return;
    complain({larger, smaller},
             shown(larger) + " (" + print(larger) + ") is less than " + shown(smaller) + " (" +
                 print(smaller) + ")",
             std::move(advice));
  }

  const Config& config_;
  const Origins& origins_;
  const LoadedEntry* const entry_ = nullptr;  // nullptr: the top level
  std::vector<Problem> problems_;
};

}  // namespace

std::vector<Problem> validate(const Config& config, const Origins& origins,
                              const std::vector<LoadedEntry>& entries) {
  std::vector<Problem> problems = Check(config, origins).run();
  const auto add = [&problems](std::vector<Problem> found) {
    std::move(found.begin(), found.end(), std::back_inserter(problems));
  };
  for (const LoadedEntry& entry : entries)
    add(Check(view_of(entry.kind, config, entry.index), entry).run_entry());
  add(check_together(config, origins, entries));
  return problems;
}

}  // namespace slotway::config
