#include "config/entry.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "config/option_codecs.hpp"
#include "config/option_words.hpp"

namespace slotway::config {
namespace {

// A view of a listener or a route has it as the only one of its list.
template <auto List, auto Member>
auto& own(auto& view) {
  return (view.*List).front().*Member;
}

template <auto List, auto Member>
constexpr Option own_row(std::string_view path, std::string_view metavar, std::string_view help,
                         MaybeComplaint (*set)(std::string_view, Config&),
                         std::string (*print)(const Config&)) {
  Option option;
  option.path = path;
  option.metavar = metavar;
  option.help = help;
  option.set = set;
  option.print = print;
  option.same = [](const Config& left, const Config& right) {
    return own<List, Member>(left) == own<List, Member>(right);
  };
  option.copy = [](const Config& from, Config& to) { own<List, Member>(to) = own<List, Member>(from); };
  return option;
}

template <auto List, auto Member>
constexpr Option text_row(std::string_view path, std::string_view metavar, std::string_view help) {
  return own_row<List, Member>(
      path, metavar, help,
      [](std::string_view text, Config& view) -> MaybeComplaint {
        own<List, Member>(view) = text;
        return std::nullopt;
      },
      [](const Config& view) { return own<List, Member>(view); });
}

MaybeComplaint set_read_from(std::string_view text, Config& view) {
  ReadFrom read_from{};
  Config scratch;
  if (auto complaint = set_word<kReadFrom, &Config::upstream, &UpstreamConfig::read_from>(text, scratch))
    return complaint;
  read_from = scratch.upstream.read_from;
  view.listeners.front().read_from = read_from;
  return std::nullopt;
}

std::string print_read_from(const Config& view) {
  const auto& read_from = view.listeners.front().read_from;
  if (!read_from) return "(not set)";
  Config scratch;
  scratch.upstream.read_from = *read_from;
  return print_word<kReadFrom, &Config::upstream, &UpstreamConfig::read_from>(scratch);
}

MaybeComplaint set_strip_prefix(std::string_view text, Config& view) {
  for (const auto& [word, value] : kOffOn) {
    if (text != word) continue;
    view.routes.front().strip_prefix = value;
    return std::nullopt;
  }
  return Complaint{quoted(text) + " is not one of the words known here",
                   "write one of: off, on, false, true"};
}

std::string print_strip_prefix(const Config& view) { return view.routes.front().strip_prefix ? "on" : "off"; }

constexpr Option fixed(Option option) {
  option.needs_restart = true;
  return option;
}

constexpr std::array kListenerOptions{
    fixed(text_row<&Config::listeners, &ListenerConfig::upstream>(
        "listeners.upstream", "NAME", "the upstream of all that its clients ask; not set = by routes")),
    own_row<&Config::listeners, &ListenerConfig::read_from>(
        "listeners.read_from", "WHOM", "who serves reads, in the place of the upstream's read_from",
        &set_read_from, &print_read_from),
};

constexpr std::array kRouteOptions{
    text_row<&Config::routes, &RouteConfig::prefix>("routes.prefix", "PREFIX",
                                                    "how the keys begin; \"\" = all others"),
    text_row<&Config::routes, &RouteConfig::upstream>("routes.upstream", "NAME", "where they are"),
    own_row<&Config::routes, &RouteConfig::strip_prefix>("routes.strip_prefix", "off|on",
                                                         "whether the upstream's keys lack the prefix",
                                                         &set_strip_prefix, &print_strip_prefix),
};

}  // namespace

std::string_view list_name(EntryKind kind) {
  switch (kind) {
    case EntryKind::upstream: return "upstreams";
    case EntryKind::listener: return "listeners";
    case EntryKind::route: break;
  }
  return "routes";
}

std::vector<const Option*> entry_options(EntryKind kind) {
  std::vector<const Option*> out;
  const OptionScope scope = kind == EntryKind::upstream ? OptionScope::upstream : OptionScope::listener;
  for (const Option& option : options()) {
    if (kind != EntryKind::route && option.scope == scope) out.push_back(&option);
  }
  if (kind == EntryKind::listener) {
    for (const Option& option : kListenerOptions) out.push_back(&option);
  }
  if (kind == EntryKind::route) {
    for (const Option& option : kRouteOptions) out.push_back(&option);
  }
  return out;
}

std::string_view entry_key(const Option& option) {
  for (const std::string_view section : {"upstream.", "listeners.", "routes."}) {
    if (option.path.starts_with(section)) return option.path.substr(section.size());
  }
  return option.path;
}

const Option* find_entry_option(EntryKind kind, std::string_view key) {
  const std::vector<const Option*> known = entry_options(kind);
  const auto found = std::find_if(known.begin(), known.end(),
                                  [&](const Option* option) { return entry_key(*option) == key; });
  return found == known.end() ? nullptr : *found;
}

bool is_entry_section(EntryKind kind, std::string_view key) {
  const std::vector<const Option*> known = entry_options(kind);
  return std::any_of(known.begin(), known.end(), [&](const Option* option) {
    const std::string_view path = entry_key(*option);
    return path.size() > key.size() && path.starts_with(key) && path[key.size()] == '.';
  });
}

std::size_t entry_count(EntryKind kind, const Config& config) {
  switch (kind) {
    case EntryKind::upstream: return config.upstreams.size();
    case EntryKind::listener: return config.listeners.size();
    case EntryKind::route: break;
  }
  return config.routes.size();
}

Config view_of_new(EntryKind kind, const Config& base) {
  Config view = base;
  if (kind == EntryKind::upstream) view.upstream = {};
  if (kind == EntryKind::listener) {
    view.client.listen.clear();
    view.listeners.assign(1, {});
  }
  if (kind == EntryKind::route) view.routes.assign(1, {});
  return view;
}

Config view_of(EntryKind kind, const Config& config, std::size_t index) {
  Config view = config;
  switch (kind) {
    case EntryKind::upstream: static_cast<UpstreamSettings&>(view) = config.upstreams[index].settings; break;
    case EntryKind::listener:
      view.client = config.listeners[index].client;
      view.listeners.assign(1, config.listeners[index]);
      break;
    case EntryKind::route: view.routes.assign(1, config.routes[index]); break;
  }
  return view;
}

void put_entry(EntryKind kind, const Config& view, std::size_t index, Config& config) {
  const auto place = [index](auto& list) -> auto& {
    if (index >= list.size()) list.resize(index + 1);
    return list[index];
  };
  switch (kind) {
    case EntryKind::upstream: place(config.upstreams).settings = view; break;
    case EntryKind::listener: {
      ListenerConfig& entry = place(config.listeners);
      entry = view.listeners.front();
      entry.client = view.client;
      break;
    }
    case EntryKind::route: place(config.routes) = view.routes.front(); break;
  }
}

}  // namespace slotway::config
