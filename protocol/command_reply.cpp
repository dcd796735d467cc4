#include "protocol/command_reply.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "protocol/ascii_case.hpp"

namespace slotway::protocol {
namespace {

// The places of a description's elements; the last three are Redis 7's.
enum Place : std::size_t { kName, kArity, kFlags, kFirst, kLast, kStep, kCategories, kTips, kSpecs, kSubs };
constexpr std::size_t kLeastElements = kStep + 1;
constexpr std::size_t kMaxNameBytes = 100;
constexpr std::size_t kMaxSpecs = 16;

template <class Value, std::size_t N>
using Table = std::array<std::pair<std::string_view, Value>, N>;

constexpr Table<CommandFlag, 20> kFlagNames = {{{"write", kWrite},
                                                {"readonly", kReadonly},
                                                {"blocking", kBlocking},
                                                {"movablekeys", kMovableKeys},
                                                {"no_auth", kNoAuth},
                                                {"pubsub", kPubSub},
                                                {"admin", kAdmin},
                                                {"no_multi", kNoMulti},
                                                {"noscript", kNoScript},
                                                {"denyoom", kDenyOom},
                                                {"loading", kLoading},
                                                {"stale", kStale},
                                                {"fast", kFast},
                                                {"skip_monitor", kSkipMonitor},
                                                {"skip_slowlog", kSkipSlowlog},
                                                {"asking", kAsking},
                                                {"may_replicate", kMayReplicate},
                                                {"no_async_loading", kNoAsyncLoading},
                                                {"no_mandatory_keys", kNoMandatoryKeys},
                                                {"allow_busy", kAllowBusy}}};

constexpr Table<Family, 13> kFamilies = {{{"@string", Family::string},
                                          {"@hash", Family::hash},
                                          {"@list", Family::list},
                                          {"@sortedset", Family::sorted_set},
                                          {"@set", Family::set},
                                          {"@stream", Family::stream},
                                          {"@geo", Family::geo},
                                          {"@hyperloglog", Family::hyperloglog},
                                          {"@bitmap", Family::bitmap},
                                          {"@scripting", Family::scripting},
                                          {"@pubsub", Family::pubsub},
                                          {"@connection", Family::connection},
                                          {"@admin", Family::server}}};

// What response_policy makes of the replies; `special` and what is new are not among them.
constexpr Table<Merge, 7> kResponsePolicies = {{{"one_succeeded", Merge::any_ok},
                                                {"all_succeeded", Merge::first},
                                                {"agg_logical_and", Merge::logical_and},
                                                {"agg_logical_or", Merge::logical_or},
                                                {"agg_min", Merge::least},
                                                {"agg_max", Merge::most},
                                                {"agg_sum", Merge::sum}}};

template <class Value, std::size_t N>
std::optional<Value> value_of(const Table<Value, N>& table, std::string_view name) {
  const auto entry = std::ranges::find(table, name, &std::pair<std::string_view, Value>::first);
  return entry == table.end() ? std::nullopt : std::optional<Value>(entry->second);
}

// The element at `place`, or an empty one.
const ReplyTree& element(const ReplyTree& description, std::size_t place) {
  static const ReplyTree kNothing;
  return place < description.elements.size() ? description.elements[place] : kNothing;
}

bool contains(const ReplyTree& list, std::string_view word) {
  return std::ranges::any_of(list.elements, [word](const ReplyTree& e) { return e.text == word; });
}

// What stands behind "request_policy:" in the tips; "" = nothing.
std::string_view tip(const ReplyTree& tips, std::string_view prefix) {
  for (const ReplyTree& e : tips.elements) {
    if (e.text.starts_with(prefix)) return std::string_view(e.text).substr(prefix.size());
  }
  return {};
}

std::optional<std::int16_t> small(const ReplyTree* value) {
  if (value == nullptr || value->type != ReplyType::integer) return std::nullopt;
  if (!std::in_range<std::int16_t>(value->integer)) return std::nullopt;
  return static_cast<std::int16_t>(value->integer);
}

// It is put into errors and logs as it is.
bool is_name(const ReplyTree& name) {
  return name.is_text() && !name.text.empty() && name.text.size() <= kMaxNameBytes &&
         std::ranges::all_of(name.text, [](char c) { return c > ' ' && c < 0x7f; });
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), ascii_lower);
  return text;
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

// --- key specs ---

bool read_begin(const ReplyTree& begin, KeySpec& spec, std::vector<std::string>& keywords) {
  const ReplyTree* type = find_field(begin, "type");
  const ReplyTree* facts = find_field(begin, "spec");
  if (type == nullptr || facts == nullptr) return false;
  if (type->text == "index") {
    spec.begin = KeySpec::Begin::index;
    spec.begin_at = small(find_field(*facts, "index")).value_or(0);
    return spec.begin_at > 0;
  }
  const ReplyTree* keyword = find_field(*facts, "keyword");
  if (type->text != "keyword" || keyword == nullptr || keyword->text.empty()) return false;
  spec.begin = KeySpec::Begin::keyword;
  spec.begin_at = small(find_field(*facts, "startfrom")).value_or(0);
  spec.keyword = keywords.emplace_back(upper(keyword->text));
  return spec.begin_at != 0;
}

bool read_find(const ReplyTree& find, KeySpec& spec) {
  const ReplyTree* type = find_field(find, "type");
  const ReplyTree* facts = find_field(find, "spec");
  if (type == nullptr || facts == nullptr) return false;
  const auto number = [facts](std::string_view name) { return small(find_field(*facts, name)); };
  const std::optional<std::int16_t> step = number("keystep");
  if (!step || *step < 1) return false;
  spec.step = *step;
  if (type->text == "range") {
    const auto last = number("lastkey");
    const auto limit = number("limit");
    if (!last || !limit || *limit < 0) return false;
    spec.find = KeySpec::Find::range;
    spec.last = *last;
    spec.limit = *limit;
    return true;
  }
  const auto keynum_at = number("keynumidx");
  const auto first = number("firstkey");
  if (type->text != "keynum" || !keynum_at || !first || *keynum_at < 0 || *first < 0) return false;
  spec.find = KeySpec::Find::keynum;
  spec.keynum_at = *keynum_at;
  spec.first = *first;
  return true;
}

// Specs that are unknown are left out: the keys that the others find will do to choose the node.
void read_specs(const ReplyTree& specs, LearnedRow& learned) {
  learned.keywords.reserve(specs.elements.size());
  for (const ReplyTree& described : specs.elements) {
    if (learned.keys.size() == kMaxSpecs) break;
    const ReplyTree* begin = find_field(described, "begin_search");
    const ReplyTree* find = find_field(described, "find_keys");
    KeySpec spec;
    if (begin != nullptr && find != nullptr && read_begin(*begin, spec, learned.keywords) &&
        read_find(*find, spec)) {
      learned.keys.push_back(spec);
    }
  }
}

// As nodes before Redis 7 describe keys.
void read_positions(const ReplyTree& description, LearnedRow& learned) {
  const auto first = small(&element(description, kFirst));
  const auto last = small(&element(description, kLast));
  const auto step = small(&element(description, kStep));
  if (!first || !last || !step || *first < 1 || *step < 1) return;
  KeySpec spec;
  spec.begin = KeySpec::Begin::index;
  spec.begin_at = *first;
  spec.find = KeySpec::Find::range;
  spec.last = *last < 0 ? *last : static_cast<std::int16_t>(*last - *first);
  spec.step = *step;
  if (spec.last >= 0 || *last < 0) learned.keys.push_back(spec);
}

// --- how it is served ---

// All arguments are keys, each with as many values as the others: what a fragment has is a request of its
// own.
bool can_be_split(const std::vector<KeySpec>& keys) {
  return keys.size() == 1 && keys[0].begin == KeySpec::Begin::index && keys[0].begin_at == 1 &&
         keys[0].find == KeySpec::Find::range && keys[0].last == -1 && keys[0].limit == 0 &&
         keys[0].step <= std::numeric_limits<std::uint8_t>::max();
}

// It speaks of the connection that it comes on, or of the one node that it comes to.
bool concerns_one_connection(const ReplyTree& description, const CommandRow& row) {
  return row.has(kNoScript) || contains(element(description, kCategories), "@connection") ||
         row.name.starts_with("client|") || row.name.starts_with("cluster|");
}

void decide_by_key(std::string_view request_policy, std::string_view response_policy, LearnedRow& learned) {
  CommandRow& row = learned.row;
  row.service = row.has(kBlocking) ? Service::blocking : Service::by_key;
  if (row.has(kBlocking)) {
    row.block_at = CommandRow::kBlockAtUnknown;
  } else if (request_policy == "multi_shard" && can_be_split(learned.keys)) {
    row.split_step = static_cast<std::uint8_t>(learned.keys[0].step);
    row.merge = response_policy.empty() ? Merge::by_position
                                        : value_of(kResponsePolicies, response_policy).value_or(Merge::none);
    if (row.merge == Merge::any_ok) row.merge = Merge::none;
  }
}

void decide_service(const ReplyTree& description, LearnedRow& learned) {
  CommandRow& row = learned.row;
  const std::string_view request_policy = tip(element(description, kTips), "request_policy:");
  const std::string_view response_policy = tip(element(description, kTips), "response_policy:");
  const bool has_keys = !learned.keys.empty();
  const bool keys_unknown =
      !has_keys && (row.has(kMovableKeys) || !element(description, kSpecs).elements.empty());
  const bool to_all = request_policy == "all_shards" || request_policy == "all_nodes";

  const bool is_help = row.name.ends_with("|help");
  const bool is_refused = row.has(kAdmin) || row.has(kPubSub) || keys_unknown || request_policy == "special";

  row.service = Service::unsupported;
  if (!element(description, kSubs).elements.empty()) {
    row.service = Service::container;
  } else if (is_refused && !is_help) {
    return;
  } else if (to_all) {
    const auto merge =
        response_policy.empty() ? std::optional(Merge::concat) : value_of(kResponsePolicies, response_policy);
    if (!merge || row.has(kBlocking)) return;
    row.service = Service::broadcast;
    row.merge = *merge;
  } else if (has_keys) {
    decide_by_key(request_policy, response_policy, learned);
  } else if (is_help || (!row.has(kBlocking) && !concerns_one_connection(description, row))) {
    row.service = Service::any_node;
  }
}

std::shared_ptr<const LearnedRow> read_command(const ReplyTree& description) {
  const std::optional<std::int16_t> arity = small(&element(description, kArity));
  if (description.elements.size() < kLeastElements || !is_name(element(description, kName)) || !arity ||
      *arity == 0) {
    return nullptr;
  }
  auto learned = std::make_shared<LearnedRow>();
  CommandRow& row = learned->row;
  learned->name = lower(element(description, kName).text);
  row.name = learned->name;
  row.arity = *arity;
  for (const ReplyTree& flag : element(description, kFlags).elements) {
    row.flags |= value_of(kFlagNames, flag.text).value_or(CommandFlag{});
  }
  for (const ReplyTree& category : element(description, kCategories).elements) {
    const auto family = value_of(kFamilies, category.text);
    if (family && row.family == Family::generic) row.family = *family;
  }
  if (description.elements.size() > kSpecs) {
    read_specs(element(description, kSpecs), *learned);
  } else {
    read_positions(description, *learned);
  }
  row.keys = learned->keys;
  decide_service(description, *learned);
  return learned;
}

bool same_spec(const KeySpec& a, const KeySpec& b) {
  return a.begin == b.begin && a.begin_at == b.begin_at && a.keyword == b.keyword && a.find == b.find &&
         a.last == b.last && a.step == b.step && a.limit == b.limit && a.keynum_at == b.keynum_at &&
         a.first == b.first;
}

}  // namespace

LearnedRows parse_command_reply(const ReplyTree& reply) {
  LearnedRows rows;
  for (const ReplyTree& description : reply.elements) {
    auto row = read_command(description);
    if (!row) continue;
    const std::string prefix = row->name + "|";
    rows.push_back(std::move(row));
    for (const ReplyTree& sub : element(description, kSubs).elements) {
      if (auto below = read_command(sub); below && below->name.starts_with(prefix))
        rows.push_back(std::move(below));
    }
  }
  return rows;
}

bool same_row(const CommandRow& a, const CommandRow& b) {
  return a.name == b.name && a.arity == b.arity && a.flags == b.flags && a.service == b.service &&
         a.merge == b.merge && a.family == b.family && a.block_at == b.block_at &&
         a.split_step == b.split_step && std::ranges::equal(a.keys, b.keys, same_spec);
}

}  // namespace slotway::protocol
