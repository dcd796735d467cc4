// How each field of INFO is made one for all primaries: a table, and what holds for fields that it does not
// name. Pure. Thread: any. Invariant: a figure that is shown is true of the whole cluster; where no one
// figure is, the field is left out, and INFO nodes has it per node. Source: Redis 7.0's genRedisInfoString
// (server.c).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace slotway::routing {

enum class InfoRule : std::uint8_t {
  sum,       // what all have together
  largest,   // what holds if it holds anywhere: loading, *_in_progress; the worst: a percentile, an age
  smallest,  // what holds only if it holds everywhere: uptime, aof_enabled
  bound,     // the sum, but 0, which means no bound, if any has 0: maxmemory
  same,      // the one value that all have; left out where they differ
  lowest_version,
  all_ok,    // a status: "ok", or what the first says that is not
  parts,     // k=v,k=v: each part by a rule of its own (see part_rule)
  own,       // what the proxy says of itself, and nothing else: maxclients
  left_out,  // of one node only: master_replid
  // Of other fields of the same section, as merged:
  human,    // `of` in K, M, G
  ratio,    // `of` / `by`
  percent,  // `of` / (`by` - `less`)
};

struct InfoField {
  std::string_view name;  // a '*' at its end stands for anything
  InfoRule rule;
  std::string_view of = {};
  std::string_view by = {};
  std::string_view less = {};
};

// The rule of a field; `value` is one that a node has. A field that the table does not name is, in this
// order: parts, if it has them; all_ok, if its name ends in _status; human; the largest, if it is a time, an
// age, a share or a ratio by its name; the sum, if it is a number; else what is the same everywhere.
InfoField info_field(std::string_view name, std::string_view value);

// Of the part `key` of a value that has parts: keys=1,expires=0,avg_ttl=0. A ratio is of/by, of the sums;
// `weighted` an average whose weights are `by`.
struct InfoPart {
  enum class Rule : std::uint8_t { sum, largest, same, ratio, weighted };
  std::string_view key;
  Rule rule;
  std::string_view of = {};
  std::string_view by = {};
};
InfoPart info_part(std::string_view key, std::string_view value);

// A number of INFO: 12, -1, 0.03.
struct InfoNumber {
  std::int64_t whole = 0;  // if it has no decimals
  double value = 0;
  int decimals = 0;
};
std::optional<InfoNumber> parse_info_number(std::string_view text);
std::string print_decimal(double value, int decimals);

// One value of those that the nodes have; nullopt = left out. For rules from sum to parts.
std::optional<std::string> merge_values(InfoRule rule, std::span<const std::string_view> values);

// Bytes as INFO's *_human fields have them (bytesToHuman, server.c).
std::string human_bytes(std::int64_t bytes);

}  // namespace slotway::routing
