// What the proxy knows about each command, one row a command or subcommand: Redis 7.0's own facts (arity,
// flags, key specs: "Command key specifications" in Redis's documentation) and our decision how it is served.
// Owner: static constant data. Thread: any. Invariant: rows are written by scripts/generate_command_table.py
// into command_rows.inc and compared with a live server by a test; nobody edits them by hand.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace slotway::protocol {

// Redis's command flags that the proxy decides by, one bit each.
enum CommandFlag : std::uint32_t {
  kWrite = 1u << 0,
  kReadonly = 1u << 1,
  kBlocking = 1u << 2,
  kMovableKeys = 1u << 3,
  kNoAuth = 1u << 4,  // allowed before AUTH
  kPubSub = 1u << 5,
  kAdmin = 1u << 6,
  kNoMulti = 1u << 7,
  kNoScript = 1u << 8,
  kDenyOom = 1u << 9,
  kLoading = 1u << 10,
  kStale = 1u << 11,
  kFast = 1u << 12,
  kSkipMonitor = 1u << 13,
  kSkipSlowlog = 1u << 14,
  kAsking = 1u << 15,
  kMayReplicate = 1u << 16,
  kNoAsyncLoading = 1u << 17,
  kNoMandatoryKeys = 1u << 18,
  kAllowBusy = 1u << 19,
};

// How the proxy serves a command.
enum class Service : std::uint8_t {
  by_key,     // forwarded to the node of its keys' slot; keys of two slots are CROSSSLOT unless `merge` is
              // set; without keys (EVAL with numkeys 0) any primary
  any_node,   // forwarded to any primary (COMMAND, PUBLISH)
  by_slot,    // forwarded to the node of the slot that argument 2 names (CLUSTER COUNTKEYSINSLOT)
  broadcast,  // forwarded to every primary that has slots; `merge` makes one reply (KEYS, DBSIZE)
  flush,      // as broadcast; in a transaction first by its own node, then by the others (FLUSHALL, FLUSHDB)
  scan,       // one primary after another, by a cursor of the proxy's own (SCAN)
  settings,   // any primary's answer, in which the proxy's own values replace the node's (CONFIG GET)
  change_settings,  // as broadcast, but settings that are the proxy's own are not the nodes' (CONFIG SET)
  debug,  // refused unless it is allowed; then its first argument says which node it goes to (DEBUG)
  local,  // answered by the proxy: see `local`; with a `merge` by all primaries while a script runs long
  transaction,   // a step of a transaction: MULTI, EXEC, DISCARD, WATCH, UNWATCH; see `local`
  blocking,      // by key, on a connection set aside for it: it may wait (see `block_at`)
  subscription,  // (P|S)SUBSCRIBE and their opposites: see `local`
  wait,          // WAIT: to every primary, on connections set aside for it; `merge` makes one reply
  unsupported,   // -ERR naming the command: a later version's business, or never sensible through a proxy
  container,     // its subcommands' rows decide (CONFIG, OBJECT, XGROUP)
};

// How the replies of the fragments of a cross-slot command, or of all primaries, become one. `none`: the
// command is never split.
enum class Merge : std::uint8_t {
  none,
  by_position,   // MGET: one array, elements at their keys' original positions
  sum,           // DEL, UNLINK, EXISTS, TOUCH, DBSIZE: integers added
  all_ok,        // MSET, FLUSHALL: +OK if every fragment said so
  concat,        // KEYS: arrays joined
  first,         // SCRIPT LOAD, PING: any reply stands for all if none is an error
  any_ok,        // SCRIPT KILL: any reply that is no error, else an error
  ok_or_absent,  // FUNCTION DELETE: +OK if any said so and the others had nothing to delete
  running,       // FUNCTION STATS: that of a node with a function running, if there is one
  streams,       // XREAD: the streams that have something, in the order in which they were named
  weighted,      // RANDOMKEY: one shard's, picked by the shards' sizes
  // Integers, or arrays of integers place by place:
  least,  // WAIT, LASTSAVE
  most,
  logical_and,  // SCRIPT EXISTS: 1 where all have it
  logical_or,
  // From here on reports, which say of which node they speak, or add up what nodes say of themselves.
  info,               // INFO
  slowlog,            // SLOWLOG GET
  latency_latest,     // LATENCY LATEST
  latency_history,    // LATENCY HISTORY
  latency_histogram,  // LATENCY HISTOGRAM
  memory_stats,       // MEMORY STATS
  node_texts,         // MEMORY DOCTOR: each node's text beneath its address
};
constexpr bool is_report(Merge merge) { return merge >= Merge::info; }

// Commands that the proxy answers itself.
enum class LocalCommand : std::uint8_t {
  none,
  ping,
  echo,
  quit,
  reset,
  select,
  time,
  role,
  auth,
  hello,
  info,
  client_id,
  client_getname,
  client_setname,
  client_info,
  client_list,
  client_kill,
  client_pause,
  client_unpause,
  client_unblock,
  client_reply,
  client_no_evict,
  client_no_touch,
  client_setinfo,
  client_getredir,
  client_trackinginfo,
  client_tracking,
  client_caching,
  pubsub_channels,
  pubsub_numsub,
  pubsub_numpat,
  pubsub_shardchannels,
  pubsub_shardnumsub,
  cluster_slots,
  cluster_shards,
  cluster_nodes,
  cluster_info,
  cluster_myid,
  cluster_keyslot,
  acl_whoami,
  acl_users,
  acl_list,
  acl_getuser,
  readonly,
  readwrite,
  asking,
  monitor,
  multi,
  exec,
  discard,
  watch,
  unwatch,
  subscribe,
  unsubscribe,
  psubscribe,
  punsubscribe,
  ssubscribe,
  sunsubscribe,
};

// Latency and count metrics are kept per family, not per command: few series, no per-command memory.
enum class Family : std::uint8_t {
  string,
  hash,
  list,
  set,
  sorted_set,
  stream,
  geo,
  hyperloglog,
  bitmap,
  generic,
  scripting,
  pubsub,
  connection,
  server,
  count_,
};
std::string_view family_name(Family family);

// A word that a keyword search passes over together with its `arguments`: the BY of SORT k BY store.
struct OptionSkip {
  std::string_view word;  // upper case
  std::int16_t arguments = 0;
};

// One key specification: where its keys begin, and which arguments they are.
struct KeySpec {
  // keyword: the argument behind the keyword's first occurrence; last_keyword: behind its last one.
  enum class Begin : std::uint8_t { index, keyword, last_keyword, unknown };
  enum class Find : std::uint8_t { range, keynum, unknown };
  Begin begin = Begin::unknown;
  // index: the position, the name is 0; keyword: where the search starts, < 0: backwards from the end.
  std::int16_t begin_at = 0;
  std::string_view keyword = {};           // upper case
  std::span<const OptionSkip> skips = {};  // in a keyword search that starts at begin_at > 0
  Find find = Find::unknown;
  std::int16_t last = 0;       // range: last key relative to the first; -1 = the last argument
  std::int16_t step = 1;       // range and keynum: distance between two keys
  std::int16_t limit = 0;      // range with last = -1: 2 = only the first half of what is left
  std::int16_t keynum_at = 0;  // keynum: where the number of keys stands, relative to begin
  std::int16_t first = 0;      // keynum: the first key, relative to begin
};

// What a command has to do with the scripts that a server knows by their sha.
enum class ScriptUse : std::uint8_t {
  none,
  by_sha,  // names scripts (EVALSHA, SCRIPT EXISTS)
  load,    // SCRIPT LOAD: argument 2 is its body
  flush,   // SCRIPT FLUSH
};

struct CommandRow {
  std::string_view name;   // lower case; a subcommand's is "container|sub", as Redis names it in its errors
  std::int16_t arity = 0;  // Redis's: positive = exactly, negative = at least; the command's name counts
  std::uint32_t flags = 0;
  Service service = Service::unsupported;
  Merge merge = Merge::none;
  LocalCommand local = LocalCommand::none;
  Family family = Family::generic;
  ScriptUse scripts = ScriptUse::none;
  // Where the time to wait stands: -1 = the last argument, n > 0 = argument n, both in seconds; 0 = behind
  // the word BLOCK, in milliseconds, without which the command does not wait.
  static constexpr std::int8_t kBlockAtUnknown = -2;  // the node alone knows how long it waits
  std::int8_t block_at = 0;
  std::uint8_t split_step = 1;  // arguments from a key of a split command on: MSET 2, the others 1
  std::span<const KeySpec> keys = {};
  std::span<const CommandRow> subcommands = {};

  bool has(CommandFlag flag) const { return (flags & flag) != 0; }
  bool arity_ok(std::size_t argc) const {
    return arity >= 0 ? argc == static_cast<std::size_t>(arity) : argc >= static_cast<std::size_t>(-arity);
  }
};

// Every top-level row, sorted by name.
std::span<const CommandRow> command_rows();

// The row of a top-level command in any case; nullptr = unknown. O(1), no allocation.
const CommandRow* find_command(std::string_view name);

// The row of `container`'s subcommand in any case; nullptr = unknown.
const CommandRow* find_subcommand(const CommandRow& container, std::string_view sub);

}  // namespace slotway::protocol
