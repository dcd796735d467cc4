#include "routing/info_rules.hpp"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "protocol/decimal.hpp"

namespace slotway::routing {

namespace {

using enum InfoRule;

// ---- the table; what is not in it is a number to be added up, or the same everywhere ----

constexpr InfoField kFields[] = {
    // Server
    {"redis_version", lowest_version},
    {"valkey_version", lowest_version},
    {"redis_git_*", same},
    {"redis_build_id", same},
    {"redis_mode", own},
    {"server_mode", own},
    {"arch_bits", same},
    {"gcc_version", same},
    {"process_id", own},
    {"run_id", own},
    {"tcp_port", own},
    {"listener*", left_out},
    {"server_time_usec", largest},
    {"uptime_in_seconds", smallest},
    {"uptime_in_days", smallest},
    {"hz", same},
    {"configured_hz", same},
    {"lru_clock", largest},
    {"executable", left_out},
    {"config_file", left_out},
    {"io_threads_active", largest},
    // Clients
    {"connected_clients", own},
    {"blocked_clients", own},
    {"maxclients", own},
    {"tracking_*", own},
    {"client_recent_max_*", largest},
    // Memory
    {"used_memory_peak_perc", percent, "used_memory", "used_memory_peak"},
    {"used_memory_dataset_perc", percent, "used_memory_dataset", "used_memory", "used_memory_startup"},
    {"total_system_memory*", left_out},  // nodes may share a machine
    {"number_of_cached_scripts", largest},
    {"number_of_functions", largest},
    {"number_of_libraries", largest},
    {"maxmemory", bound},
    {"maxmemory_policy", same},
    {"allocator_frag_ratio", ratio, "allocator_active", "allocator_allocated"},
    {"allocator_rss_ratio", ratio, "allocator_resident", "allocator_active"},
    {"rss_overhead_ratio", ratio, "used_memory_rss", "allocator_resident"},
    {"mem_fragmentation_ratio", ratio, "used_memory_rss", "used_memory"},
    {"mem_allocator", same},
    {"active_defrag_running", largest},
    // Persistence
    {"loading", largest},
    {"async_loading", largest},
    {"loading_start_time", smallest},
    {"loading_loaded_perc", percent, "loading_loaded_bytes", "loading_total_bytes"},
    {"loading_eta_seconds", largest},
    {"current_fork_perc", largest},
    {"rdb_bgsave_in_progress", largest},
    {"rdb_last_save_time", smallest},
    {"aof_enabled", smallest},
    {"aof_rewrite_in_progress", largest},
    {"aof_rewrite_scheduled", largest},
    {"module_fork_in_progress", largest},
    // Stats
    {"total_connections_received", own},
    {"total_active_defrag_time", sum},
    {"total_eviction_exceeded_time", sum},
    {"latest_fork_usec", largest},
    {"instantaneous_*", sum},
    // Replication
    {"role", own},
    {"master_repl_offset", sum},
    {"slave*", left_out},
    {"slave_expires_tracked_keys", sum},
    {"min_slaves_good_slaves", smallest},
    {"master_replid*", left_out},
    {"second_repl_offset", left_out},
    {"repl_backlog_active", largest},
    {"repl_backlog_first_byte_offset", left_out},
    // Cluster
    {"cluster_enabled", own},
};

// Names of shares, ages and moments, which a sum would make nonsense of.
constexpr std::string_view kLargestEndings[] = {"_perc",   "_percent",    "_ratio",   "_age",
                                                "_time",   "_time_sec",   "_seconds", "_version",
                                                "_offset", "_in_progress"};

constexpr InfoPart kParts[] = {
    {"usec_per_call", InfoPart::Rule::ratio, "usec", "calls"},
    {"avg_ttl", InfoPart::Rule::weighted, "avg_ttl", "expires"},
    {"lag", InfoPart::Rule::largest},
};

bool fits(std::string_view pattern, std::string_view name) {
  return pattern.ends_with('*') ? name.starts_with(pattern.substr(0, pattern.size() - 1)) : name == pattern;
}

// The longest pattern wins: slave_expires_tracked_keys is no slave*.
const InfoField* find(std::span<const InfoField> fields, std::string_view name) {
  const InfoField* best = nullptr;
  for (const InfoField& field : fields) {
    if (fits(field.name, name) && (!best || field.name.size() > best->name.size())) best = &field;
  }
  return best;
}

bool is_percentile(std::string_view key) {
  return key.size() > 1 && key[0] == 'p' && key[1] >= '0' && key[1] <= '9';
}

bool has_parts(std::string_view value) {
  const std::size_t equals = value.find('=');
  return equals != std::string_view::npos && equals > 0;
}

// ---- numbers ----

std::optional<std::vector<InfoNumber>> numbers(std::span<const std::string_view> values) {
  std::vector<InfoNumber> out;
  for (const std::string_view value : values) {
    const auto number = parse_info_number(value);
    if (!number) return std::nullopt;
    out.push_back(*number);
  }
  return out;
}

std::string print(const InfoNumber& number) {
  return number.decimals == 0 ? std::to_string(number.whole) : print_decimal(number.value, number.decimals);
}

std::string add(std::span<const InfoNumber> numbers) {
  InfoNumber total;
  for (const InfoNumber& number : numbers) {
    total.decimals = std::max(total.decimals, number.decimals);
    total.value += number.value;
    if (__builtin_add_overflow(total.whole, number.whole, &total.whole)) total.whole = INT64_MAX;
  }
  return print(total);
}

bool is_less(const InfoNumber& a, const InfoNumber& b) {
  return a.decimals == 0 && b.decimals == 0 ? a.whole < b.whole : a.value < b.value;
}

std::optional<std::string> merge_numbers(InfoRule rule, std::span<const std::string_view> values) {
  const auto all = numbers(values);
  if (!all) return merge_values(same, values);
  switch (rule) {
    case largest: return print(*std::ranges::max_element(*all, is_less));
    case smallest: return print(*std::ranges::min_element(*all, is_less));
    case bound:
      if (std::ranges::any_of(*all, [](const InfoNumber& n) { return n.value == 0; })) return "0";
      return add(*all);
    default: return add(*all);
  }
}

// ---- versions: 7.0.15 is lower than 7.2 ----

std::vector<int> version_parts(std::string_view version) {
  std::vector<int> parts;
  const char* at = version.data();
  const char* const end = at + version.size();
  while (at < end) {
    int part = 0;
    const auto [next, error] = std::from_chars(at, end, part);
    if (error != std::errc{}) break;
    parts.push_back(part);
    at = next < end && *next == '.' ? next + 1 : end;
  }
  return parts;
}

// ---- parts ----

struct Part {
  std::string_view key;
  std::string_view value;
};

std::vector<Part> split_parts(std::string_view value) {
  std::vector<Part> parts;
  while (!value.empty()) {
    const std::size_t comma = std::min(value.find(','), value.size());
    const std::string_view part = value.substr(0, comma);
    const std::size_t equals = std::min(part.find('='), part.size());
    parts.push_back({part.substr(0, equals), part.substr(std::min(equals + 1, part.size()))});
    value.remove_prefix(std::min(comma + 1, value.size()));
  }
  return parts;
}

double part_number(const std::vector<Part>& parts, std::string_view key) {
  for (const Part& part : parts) {
    if (part.key == key) return parse_info_number(part.value).value_or(InfoNumber{}).value;
  }
  return 0;
}

std::string merge_part(const InfoPart& rule, const std::vector<std::vector<Part>>& nodes) {
  double of = 0;
  double by = 0;
  std::vector<std::string_view> values;
  for (const std::vector<Part>& node : nodes) {
    const double weight = rule.by.empty() ? 0 : part_number(node, rule.by);
    of += rule.of.empty() ? 0
                          : part_number(node, rule.of) * (rule.rule == InfoPart::Rule::weighted ? weight : 1);
    by += weight;
    for (const Part& part : node) {
      if (part.key == rule.key) values.push_back(part.value);
    }
  }
  switch (rule.rule) {
    case InfoPart::Rule::ratio: return print_decimal(by == 0 ? 0 : of / by, 2);
    case InfoPart::Rule::weighted: return print_decimal(by == 0 ? 0 : of / by, 0);
    case InfoPart::Rule::largest: return merge_values(largest, values).value_or("");
    case InfoPart::Rule::sum: return merge_values(sum, values).value_or("");
    case InfoPart::Rule::same: break;
  }
  return merge_values(same, values).value_or("");
}

std::string merge_parts(std::span<const std::string_view> values) {
  std::vector<std::vector<Part>> nodes;
  std::vector<Part> keys;
  for (const std::string_view value : values) {
    nodes.push_back(split_parts(value));
    for (const Part& part : nodes.back()) {
      if (std::ranges::find(keys, part.key, &Part::key) == keys.end()) keys.push_back(part);
    }
  }
  std::string out;
  for (const Part& part : keys) {
    if (!out.empty()) out += ',';
    out.append(part.key).append("=").append(merge_part(info_part(part.key, part.value), nodes));
  }
  return out;
}

}  // namespace

InfoField info_field(std::string_view name, std::string_view value) {
  if (const InfoField* field = find(kFields, name)) return *field;
  if (has_parts(value)) return {name, parts};
  if (name.ends_with("_status")) return {name, all_ok};
  constexpr std::string_view kHuman = "_human";
  if (name.ends_with(kHuman)) return {name, human, name.substr(0, name.size() - kHuman.size())};
  const bool is_number = parse_info_number(value).has_value();
  if (is_number && std::ranges::any_of(kLargestEndings, [&](auto ending) { return name.ends_with(ending); }))
    return {name, largest};
  return {name, is_number ? sum : same};
}

InfoPart info_part(std::string_view key, std::string_view value) {
  for (const InfoPart& part : kParts) {
    if (part.key == key) return part;
  }
  if (is_percentile(key)) return {key, InfoPart::Rule::largest};
  return {key, parse_info_number(value) ? InfoPart::Rule::sum : InfoPart::Rule::same};
}

std::optional<InfoNumber> parse_info_number(std::string_view text) {
  InfoNumber number;
  const std::size_t point = text.find('.');
  if (point == std::string_view::npos) {
    const auto whole = protocol::parse_decimal(text);
    if (!whole) return std::nullopt;
    number.whole = *whole;
    number.value = static_cast<double>(*whole);
    return number;
  }
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number.value, std::chars_format::fixed);
  number.decimals = static_cast<int>(text.size() - point - 1);
  if (error != std::errc{} || end != text.data() + text.size() || number.decimals == 0) return std::nullopt;
  return number;
}

std::string print_decimal(double value, int decimals) {
  char text[400];
  const auto [end, error] =
      std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, decimals);
  return error == std::errc{} ? std::string(text, end) : std::string("0");
}

std::optional<std::string> merge_values(InfoRule rule, std::span<const std::string_view> values) {
  if (values.empty()) return std::nullopt;
  const std::string first(values.front());
  const auto differs = [&](std::string_view value) { return value != first; };
  switch (rule) {
    case sum:
    case largest:
    case smallest:
    case bound: return merge_numbers(rule, values);
    case same: return std::ranges::any_of(values, differs) ? std::nullopt : std::optional(first);
    case lowest_version: return std::string(*std::ranges::min_element(values, {}, &version_parts));
    case all_ok: {
      const auto bad = std::ranges::find_if(values, [](std::string_view value) { return value != "ok"; });
      return bad == values.end() ? first : std::string(*bad);
    }
    case parts: return merge_parts(values);
    case own:
    case left_out:
    case human:
    case ratio:
    case percent: break;
  }
  return std::nullopt;
}

std::string human_bytes(std::int64_t bytes) {
  if (bytes < 1024) return std::to_string(bytes) + "B";
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  constexpr std::string_view kUnits = "KMGTP";
  for (value /= 1024; value >= 1024 && unit + 1 < kUnits.size(); value /= 1024) ++unit;
  return print_decimal(value, 2) + kUnits[unit];
}

}  // namespace slotway::routing
