#include "config/upstreams.hpp"

#include <algorithm>
#include <string>

namespace slotway::config {

namespace {

bool has_default(const Config& config) { return !config.upstream.seeds.empty() || config.upstreams.empty(); }

}  // namespace

std::vector<NamedUpstream> every_upstream(const Config& config) {
  std::vector<NamedUpstream> out;
  if (has_default(config)) out.push_back({std::string(kDefaultUpstream), config});
  out.insert(out.end(), config.upstreams.begin(), config.upstreams.end());
  for (const ListenerConfig& listener : config.listeners) {
    if (!listener.read_from) continue;
    for (std::size_t number = 0; number < out.size(); ++number) {
      UpstreamConfig& upstream = out[number].settings.upstream;
      const bool is_its = is_routed(config, listener) || home_of(config, listener) == number;
      if (is_its && upstream.mode != UpstreamMode::standalone)
        upstream.listeners_read_from |=
            static_cast<std::uint8_t>(1u << static_cast<unsigned>(*listener.read_from));
    }
  }
  return out;
}

std::vector<ListenerConfig> every_listener(const Config& config) {
  std::vector<ListenerConfig> out;
  if (!config.client.listen.empty()) out.push_back({config.client, {}, {}});
  out.insert(out.end(), config.listeners.begin(), config.listeners.end());
  return out;
}

std::optional<std::size_t> upstream_number(const Config& config, std::string_view name) {
  const bool is_first_default = has_default(config);
  if (name == kDefaultUpstream) return is_first_default ? std::optional<std::size_t>(0) : std::nullopt;
  const auto found = std::find_if(config.upstreams.begin(), config.upstreams.end(),
                                  [&](const NamedUpstream& upstream) { return upstream.name == name; });
  if (found == config.upstreams.end()) return std::nullopt;
  return static_cast<std::size_t>(found - config.upstreams.begin()) + (is_first_default ? 1 : 0);
}

std::size_t home_of(const Config& config, const ListenerConfig& listener) {
  std::string_view name = listener.upstream.empty() ? kDefaultUpstream : std::string_view(listener.upstream);
  for (const RouteConfig& route : config.routes) {
    if (listener.upstream.empty() && route.prefix.empty()) name = route.upstream;
  }
  return upstream_number(config, name).value_or(0);
}

Config view_at(const Config& config, const ListenerConfig& listener) {
  Config view = config;
  static_cast<UpstreamSettings&>(view) = every_upstream(config)[home_of(config, listener)].settings;
  view.client = listener.client;
  return view;
}

bool is_routed(const Config& config, const ListenerConfig& listener) {
  return listener.upstream.empty() && !config.routes.empty();
}

}  // namespace slotway::config
