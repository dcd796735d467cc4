#include "config/entry_validator.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include "config/listen_address.hpp"
#include "config/units.hpp"
#include "config/upstreams.hpp"

namespace slotway::config {
namespace {

constexpr std::size_t kMostEntries = 1000;

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

class Together {
 public:
  Together(const Config& config, const Origins& origins, const std::vector<LoadedEntry>& entries)
      : config_(config), origins_(origins), entries_(entries) {}

  std::vector<Problem> run() {
    check_names();
    check_mirrors();
    check_listeners();
    check_routes();
    check_addresses();
    check_admin_port();
    return std::move(problems_);
  }

 private:
  // An address of a listener, and who says so.
  struct Claim {
    const ListenAddress* address;
    const LoadedEntry* entry;  // nullptr: the top level
  };

  void complain(const LoadedEntry* entry, std::string_view path, std::string what, std::string advice) {
    const Origins& origins = entry ? entry->origins : origins_;
    if (origins.is_broken(path)) return;
    Origin origin = origins.of(path);
    std::string shown(path);
    if (entry) {
      if (origin.source == Source::defaults) origin = entry->origin;
      const std::size_t dot = path.find('.');
      shown = entry->path + "." + std::string(dot == std::string_view::npos ? path : path.substr(dot + 1));
    }
    problems_.push_back({origin, std::move(shown), {std::move(what), std::move(advice)}});
  }

  std::string known_names() const {
    std::string out;
    for (const NamedUpstream& upstream : every_upstream(config_))
      out += (out.empty() ? "" : ", ") + quoted(upstream.name);
    return out.empty() ? "there is none" : "write one of: " + out;
  }

  void check_names() {
    for (const LoadedEntry& entry : entries_) {
      if (entry.kind != EntryKind::upstream) continue;
      const std::string& name = config_.upstreams[entry.index].name;
      if (name == kDefaultUpstream) {
        problems_.push_back({entry.origin,
                             entry.path,
                             {"the name is that of the section `upstream`", "choose another name"}});
      } else if (!is_name(name)) {
        problems_.push_back(
            {entry.origin,
             entry.path,
             {quoted(name) + " is no name for an upstream", "write up to 64 letters, digits, - and _"}});
      }
      if (entry.index == kMostEntries)
        problems_.push_back(
            {entry.origin, entry.path, {"there are more than 1000 upstreams", "run several Slotways"}});
    }
  }

  void check_mirrors() {
    if (!config_.upstream.seeds.empty()) check_mirror(nullptr, kDefaultUpstream, config_.upstream.mirror);
    for (const LoadedEntry& entry : entries_) {
      if (entry.kind != EntryKind::upstream) continue;
      const NamedUpstream& upstream = config_.upstreams[entry.index];
      check_mirror(&entry, upstream.name, upstream.settings.upstream.mirror);
    }
  }

  void check_mirror(const LoadedEntry* entry, std::string_view name, const MirrorConfig& mirror) {
    if (mirror.upstream.empty()) return;
    if (!upstream_number(config_, mirror.upstream)) {
      complain(entry, "upstream.mirror.upstream", "there is no upstream " + quoted(mirror.upstream),
               known_names());
    } else if (mirror.upstream == name) {
      complain(entry, "upstream.mirror.upstream", "an upstream is no mirror of itself", "name another one");
    }
  }

  void check_listeners() {
    if (!config_.client.listen.empty()) check_listener(nullptr, {config_.client, {}, {}});
    for (const LoadedEntry& entry : entries_) {
      if (entry.kind == EntryKind::listener) check_listener(&entry, config_.listeners[entry.index]);
    }
  }

  void check_listener(const LoadedEntry* entry, const ListenerConfig& listener) {
    const bool is_named = !listener.upstream.empty();
    if (is_named && !upstream_number(config_, listener.upstream))
      return complain(entry, "listeners.upstream", "there is no upstream " + quoted(listener.upstream),
                      known_names());
    const bool has_default = !config_.upstream.seeds.empty();
    if (!is_named && config_.routes.empty() && !has_default) {
      // Without any the missing seeds are complained about already.
      if (config_.upstreams.empty()) return;
      return complain(entry, entry ? "listeners.upstream" : "listen",
                      "it is not said where its clients' data are",
                      "name an upstream, or write `routes`, or the section `upstream`");
    }
    check_views(entry, listener);
  }

  // What only makes sense in front of an upstream of some kind.
  void check_views(const LoadedEntry* entry, const ListenerConfig& listener) {
    const std::vector<NamedUpstream> upstreams = every_upstream(config_);
    const std::size_t home = home_of(config_, listener);
    if (home >= upstreams.size()) return;
    const UpstreamConfig& upstream = upstreams[home].settings.upstream;
    const bool routed = is_routed(config_, listener);
    if (listener.client.cluster_view == ClusterViewMode::nodes && (upstream.is_one_shard() || routed)) {
      const bool is_plain = !entry && !routed;
      complain(entry, "cluster_view",
               routed ? "cluster_view is nodes, and keys go to several upstreams"
                      : "cluster_view is nodes, and there is no cluster",
               is_plain ? "remove cluster_view, or set upstream.mode to cluster" : "remove cluster_view");
    }
    const bool wants_replicas = listener.read_from && *listener.read_from != ReadFrom::primary;
    if (wants_replicas && upstream.mode == UpstreamMode::standalone && !routed)
      complain(entry, "listeners.read_from", "there are no replicas in mode standalone", "remove read_from");
  }

  void check_routes() {
    bool has_catch_all = false;
    const LoadedEntry* first = nullptr;
    for (const LoadedEntry& entry : entries_) {
      if (entry.kind != EntryKind::route) continue;
      if (!first) first = &entry;
      const RouteConfig& route = config_.routes[entry.index];
      has_catch_all = has_catch_all || route.prefix.empty();
      if (route.upstream.empty()) {
        complain(&entry, "routes.upstream", "is not set", known_names());
      } else if (!upstream_number(config_, route.upstream)) {
        complain(&entry, "routes.upstream", "there is no upstream " + quoted(route.upstream), known_names());
      }
      check_overlap(entry);
    }
    if (first && !has_catch_all && config_.upstream.seeds.empty()) {
      problems_.push_back(
          {first->origin,
           "routes",
           {"no route is for all other keys", "add one with prefix: \"\", or write the section `upstream`"}});
    }
  }

  void check_overlap(const LoadedEntry& entry) {
    const std::string& prefix = config_.routes[entry.index].prefix;
    for (std::size_t i = 0; i < entry.index; ++i) {
      const std::string& other = config_.routes[i].prefix;
      const bool overlap =
          !prefix.empty() && !other.empty() && (prefix.starts_with(other) || other.starts_with(prefix));
      if (prefix != other && !overlap) continue;
      complain(&entry, "routes.prefix",
               prefix == other ? quoted(prefix) + " is there twice"
                               : quoted(prefix) + " and " + quoted(other) + " overlap",
               "keep one of the two, or make them differ");
      return;
    }
  }

  std::vector<Claim> claims() const {
    std::vector<Claim> out;
    for (const ListenAddress& address : config_.client.listen) out.push_back({&address, nullptr});
    for (const LoadedEntry& entry : entries_) {
      if (entry.kind != EntryKind::listener) continue;
      for (const ListenAddress& address : config_.listeners[entry.index].client.listen)
        out.push_back({&address, &entry});
    }
    return out;
  }

  void check_addresses() {
    const std::vector<Claim> all = claims();
    for (auto claim = all.begin(); claim != all.end(); ++claim) {
      for (auto earlier = all.begin(); earlier != claim; ++earlier) {
        if (!claims_same(*earlier->address, *claim->address)) continue;
        const std::string text = quoted(print_listen_address(*claim->address));
        complain(
            claim->entry, "listen",
            *earlier->address == *claim->address
                ? text + " is there twice"
                : text + " and " + quoted(print_listen_address(*earlier->address)) + " exclude each other",
            "keep one of the two");
        break;
      }
    }
  }

  void check_admin_port() {
    if (!config_.admin) return;
    const HostPort& admin = *config_.admin;
    for (const Claim& claim : claims()) {
      const HostPort& listen = claim.address->tcp;
      if (claim.address->is_unix() || listen.port == 0 || listen.port != admin.port) continue;
      if (listen.host != admin.host && !is_any_address(listen.host) && !is_any_address(admin.host)) continue;
      if (origins_.is_broken("admin") || origins_.is_broken("listen")) return;
      const Origins& origins = claim.entry ? claim.entry->origins : origins_;
      const bool blame_listen =
          origins_.of("admin").source == Source::defaults && origins.of("listen").source != Source::defaults;
      return complain(blame_listen ? claim.entry : nullptr, blame_listen ? "listen" : "admin",
                      "listen and admin have the same port", "give one of them another port");
    }
  }

  const Config& config_;
  const Origins& origins_;
  const std::vector<LoadedEntry>& entries_;
  std::vector<Problem> problems_;
};

}  // namespace

std::vector<Problem> check_together(const Config& config, const Origins& origins,
                                    const std::vector<LoadedEntry>& entries) {
  return Together(config, origins, entries).run();
}

}  // namespace slotway::config
