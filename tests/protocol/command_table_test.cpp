#include "protocol/command_table.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cctype>
#include <cstdlib>
#include <set>
#include <string>

namespace slotway::protocol {
namespace {

std::string upper(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return result;
}

// Every second letter in upper case, starting at `first`.
std::string mixed(std::string_view text, std::size_t first) {
  std::string result(text);
  for (std::size_t i = first; i < result.size(); i += 2) {
    result[i] = static_cast<char>(std::toupper(static_cast<unsigned char>(result[i])));
  }
  return result;
}

// "get" or "config|get".
const CommandRow& row_of(std::string_view name) {
  const std::size_t bar = name.find('|');
  const CommandRow* row = find_command(name.substr(0, bar));
  if (row != nullptr && bar != name.npos) row = find_subcommand(*row, name.substr(bar + 1));
  INFO("command " << name);
  REQUIRE(row != nullptr);
  CHECK(row->name == name);
  return *row;
}

TEST_CASE("every command is found in any case") {
  CHECK(command_rows().size() == 240);  // redis-cli command count, Redis 7.0
  for (const CommandRow& row : command_rows()) {
    INFO(row.name);
    CHECK(find_command(row.name) == &row);
    CHECK(find_command(upper(row.name)) == &row);
    CHECK(find_command(mixed(row.name, 0)) == &row);
    CHECK(find_command(mixed(row.name, 1)) == &row);
  }
}

TEST_CASE("a name that differs in one byte is another command or none") {
  std::set<std::string_view> names;
  for (const CommandRow& row : command_rows()) names.insert(row.name);
  for (const CommandRow& row : command_rows()) {
    INFO(row.name);
    for (std::size_t i = 0; i < row.name.size(); ++i) {
      for (int flip = 1; flip < 256; flip <<= 1) {
        std::string other(row.name);
        other[i] = static_cast<char>(other[i] ^ flip);
        // Bit 5 turns a letter's case, and nothing else's.
        const bool same = flip == 0x20 && std::isalpha(static_cast<unsigned char>(row.name[i])) != 0;
        if (!same && names.contains(other)) continue;
        CHECK(find_command(other) == (same ? &row : nullptr));
      }
    }
    for (const std::string& other :
         {std::string(row.name) + "x", std::string(row.name) + std::string(1, '\0'),
          std::string(row.name.substr(0, row.name.size() - 1))}) {
      if (!names.contains(other)) CHECK(find_command(other) == nullptr);
    }
  }
}

TEST_CASE("names that are no commands are not found") {
  for (const std::string& name :
       {std::string(), std::string("nosuch"), std::string(" get"), std::string("get "),
        std::string("config|get"), std::string(24, 'a'), std::string(25, 'a'), std::string(1 << 20, 'G'),
        std::string("georadiusbymemberxxxx_ro")}) {
    INFO(name.substr(0, 30));
    CHECK(find_command(name) == nullptr);
  }
}

TEST_CASE("every subcommand is found in any case, under its own container only") {
  std::size_t count = 0;
  for (const CommandRow& container : command_rows()) {
    for (const CommandRow& row : container.subcommands) {
      INFO(row.name);
      ++count;
      REQUIRE(row.name.starts_with(std::string(container.name) + "|"));
      const std::string_view sub = row.name.substr(container.name.size() + 1);
      CHECK(find_subcommand(container, sub) == &row);
      CHECK(find_subcommand(container, upper(sub)) == &row);
      CHECK(find_subcommand(container, mixed(sub, 1)) == &row);
      CHECK(find_subcommand(container, row.name) == nullptr);
      CHECK(find_subcommand(container, std::string(sub) + "x") == nullptr);
    }
    CHECK(find_subcommand(container, "") == nullptr);
  }
  CHECK(count == 128);
  CHECK(find_subcommand(row_of("config"), "create") == nullptr);
  CHECK(find_subcommand(row_of("get"), "get") == nullptr);
}

TEST_CASE("arity counts the name, and a negative one is the least") {
  struct Case {
    std::string_view name;
    int arity;
    std::vector<std::size_t> good, bad;
  };
  const Case cases[] = {
      {"get", 2, {2}, {1, 3}},
      {"set", -3, {3, 4, 9}, {1, 2}},
      {"mget", -2, {2, 3, 1000}, {1}},
      {"ping", -1, {1, 2, 3}, {}},
      {"zadd", -4, {4, 5}, {3}},
      {"config|get", -3, {3, 4}, {2}},
      {"object|encoding", 3, {3}, {2, 4}},
      {"command", -1, {1, 2}, {}},
      {"multi", 1, {1}, {2}},
  };
  for (const Case& c : cases) {
    const CommandRow& row = row_of(c.name);
    CHECK(row.arity == c.arity);
    for (std::size_t argc : c.good) CHECK(row.arity_ok(argc));
    for (std::size_t argc : c.bad) CHECK_FALSE(row.arity_ok(argc));
  }
}

TEST_CASE("flags are the server's") {
  CHECK(row_of("get").flags == (kReadonly | kFast));
  CHECK(row_of("set").flags == (kWrite | kDenyOom));
  CHECK(row_of("blpop").flags == (kWrite | kNoScript | kBlocking));
  CHECK(row_of("auth").has(kNoAuth));
  CHECK(row_of("eval").has(kMovableKeys));
  CHECK(row_of("eval").has(kNoMandatoryKeys));
  CHECK_FALSE(row_of("eval").has(kReadonly));
  CHECK(row_of("eval_ro").has(kReadonly));
  CHECK(row_of("subscribe").has(kPubSub));
  CHECK(row_of("config|set").has(kAdmin));
  CHECK_FALSE(row_of("get").has(kWrite));
}

TEST_CASE("each row says how it is served, and nothing that contradicts it") {
  const auto check = [](const CommandRow& row) {
    INFO(row.name);
    const bool is_local = row.service == Service::local || row.service == Service::transaction ||
                          row.service == Service::subscription || row.merge == Merge::info;
    CHECK((row.local != LocalCommand::none) == is_local);
    CHECK((row.block_at != 0) == (row.service == Service::blocking));
    if (row.service == Service::by_key || row.service == Service::blocking) CHECK_FALSE(row.keys.empty());
    if (row.service == Service::any_node || row.service == Service::local) CHECK(row.keys.empty());
    if (row.service == Service::by_slot) CHECK(std::abs(row.arity) >= 3);
    if (row.service == Service::container) CHECK_FALSE(row.subcommands.empty());
    const bool goes_to_all = row.service == Service::broadcast || row.service == Service::flush ||
                             row.service == Service::wait || row.service == Service::change_settings ||
                             row.service == Service::debug;
    if (goes_to_all || row.service == Service::scan) CHECK(row.keys.empty());
    if (goes_to_all) CHECK(row.merge != Merge::none);
    if (row.merge != Merge::none && !goes_to_all && row.local != LocalCommand::ping)
      CHECK(row.service == Service::by_key);
    CHECK(row.family < Family::count_);
    CHECK(row.arity != 0);
    for (const KeySpec& spec : row.keys) {
      CHECK(spec.step >= 1);
      CHECK(spec.begin != KeySpec::Begin::unknown);
      CHECK(spec.find != KeySpec::Find::unknown);
      CHECK((spec.begin == KeySpec::Begin::index) == spec.keyword.empty());
    }
  };
  for (const CommandRow& row : command_rows()) {
    check(row);
    for (const CommandRow& sub : row.subcommands) check(sub);
  }
}

TEST_CASE("decisions of ours") {
  struct Case {
    Service service;
    std::vector<std::string_view> names;
  };
  const Case cases[] = {
      {Service::by_key,
       {"get",     "mset",      "msetnx",      "eval",         "evalsha_ro",    "fcall",        "fcall_ro",
        "sort",    "sort_ro",   "xread",       "xreadgroup",   "spublish",      "sintercard",   "lmpop",
        "zmpop",   "georadius", "object|freq", "memory|usage", "xgroup|create", "xinfo|stream", "dump",
        "restore", "copy",      "rename",      "pfcount",      "zrangestore",   "bitop",        "hscan"}},
      {Service::any_node,
       {"command", "command|count", "command|docs", "command|getkeys", "publish", "lolwut", "object|help",
        "xgroup|help", "swapdb", "acl|cat", "acl|genpass", "function|list"}},
      {Service::broadcast, {"keys",          "dbsize",           "randomkey",        "script|load",
                            "script|exists", "script|flush",     "script|kill",      "function|load",
                            "function|kill", "function|restore", "config|resetstat", "slowlog|get",
                            "slowlog|len",   "slowlog|reset",    "latency|reset",    "memory|purge",
                            "info",          "lastsave",         "memory|stats",     "latency|latest",
                            "save"}},
      {Service::flush, {"flushall", "flushdb"}},
      {Service::change_settings, {"config|set"}},
      {Service::debug, {"debug"}},
      {Service::scan, {"scan"}},
      {Service::settings, {"config|get"}},
      {Service::by_slot, {"cluster|countkeysinslot", "cluster|getkeysinslot"}},
      {Service::local,
       {"ping",
        "echo",
        "quit",
        "reset",
        "select",
        "time",
        "role",
        "auth",
        "hello",
        "client|id",
        "client|getname",
        "client|setname",
        "client|list",
        "client|kill",
        "client|info",
        "client|pause",
        "client|unpause",
        "client|reply",
        "client|no-evict",
        "client|no-touch",
        "client|setinfo",
        "client|caching",
        "acl|whoami",
        "acl|users",
        "acl|list",
        "acl|getuser",
        "cluster|slots",
        "cluster|shards",
        "cluster|nodes",
        "cluster|info",
        "cluster|myid",
        "readonly",
        "readwrite",
        "client|tracking",
        "client|unblock",
        "cluster|keyslot",
        "asking",
        "pubsub|channels",
        "pubsub|numsub",
        "pubsub|numpat",
        "pubsub|shardchannels",
        "pubsub|shardnumsub",
        "monitor"}},
      {Service::subscription,
       {"subscribe", "psubscribe", "ssubscribe", "sunsubscribe", "unsubscribe", "punsubscribe"}},
      {Service::container,
       {"object", "xgroup", "xinfo", "memory", "config", "client", "script", "function", "cluster", "acl",
        "latency", "slowlog", "pubsub", "module"}},
      {Service::transaction, {"multi", "exec", "discard", "watch", "unwatch"}},
      {Service::wait, {"wait"}},
      {Service::blocking,
       {"blpop", "brpop", "blmove", "blmpop", "bzpopmin", "bzpopmax", "bzmpop", "brpoplpush"}},
      {Service::unsupported,
       {"migrate", "script|debug", "cluster|reset", "acl|setuser", "acl|load", "cluster|failover", "shutdown",
        "cluster|addslots", "replicaof", "slaveof", "sync", "psync", "failover", "restore-asking"}},
  };
  for (const Case& c : cases) {
    for (std::string_view name : c.names) {
      INFO(name);
      CHECK(row_of(name).service == c.service);
    }
  }
}

TEST_CASE("only eight commands are ever split") {
  std::set<std::string_view> split;
  for (const CommandRow& row : command_rows()) {
    if (row.merge != Merge::none && row.service == Service::by_key) split.insert(row.name);
    CHECK(row.split_step == (row.name == "mset" ? 2 : 1));
  }
  CHECK(split == std::set<std::string_view>{"mget", "mset", "del", "unlink", "exists", "touch", "xread",
                                            "xreadgroup"});
  CHECK(row_of("mget").merge == Merge::by_position);
  for (std::string_view name : {"xread", "xreadgroup"}) CHECK(row_of(name).merge == Merge::streams);
  CHECK(row_of("mset").merge == Merge::all_ok);
  for (std::string_view name : {"del", "unlink", "exists", "touch"}) CHECK(row_of(name).merge == Merge::sum);
}

TEST_CASE("the replies of all shards become one in the way that fits the command") {
  struct Case {
    Merge merge;
    std::vector<std::string_view> names;
  };
  const Case cases[] = {
      {Merge::concat, {"keys"}},
      {Merge::sum, {"dbsize", "slowlog|len", "latency|reset"}},
      {Merge::all_ok,
       {"script|flush", "function|flush", "function|restore", "config|resetstat", "config|rewrite",
        "slowlog|reset", "memory|purge", "save"}},
      {Merge::first, {"script|load", "function|load", "bgsave", "bgrewriteaof"}},
      {Merge::least, {"lastsave"}},
      {Merge::info, {"info"}},
      {Merge::slowlog, {"slowlog|get"}},
      {Merge::latency_latest, {"latency|latest"}},
      {Merge::latency_history, {"latency|history"}},
      {Merge::latency_histogram, {"latency|histogram"}},
      {Merge::memory_stats, {"memory|stats"}},
      {Merge::node_texts, {"memory|doctor", "memory|malloc-stats", "latency|doctor", "latency|graph"}},
      {Merge::logical_and, {"script|exists"}},
      {Merge::any_ok, {"script|kill", "function|kill"}},
      {Merge::ok_or_absent, {"function|delete"}},
      {Merge::running, {"function|stats"}},
      {Merge::weighted, {"randomkey"}},
  };
  for (const Case& c : cases) {
    for (std::string_view name : c.names) {
      INFO(name);
      CHECK(row_of(name).service == Service::broadcast);
      CHECK(row_of(name).merge == c.merge);
    }
  }
  for (std::string_view name : {"flushall", "flushdb"}) CHECK(row_of(name).merge == Merge::all_ok);
}

TEST_CASE("families are the documentation's groups") {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"get", "string"},         {"hset", "hash"},         {"lpush", "list"},
      {"sadd", "set"},           {"zadd", "sorted_set"},   {"xadd", "stream"},
      {"geoadd", "geo"},         {"pfadd", "hyperloglog"}, {"setbit", "bitmap"},
      {"del", "generic"},        {"sort", "generic"},      {"eval", "scripting"},
      {"publish", "pubsub"},     {"ping", "connection"},   {"info", "server"},
      {"config|get", "server"},  {"multi", "generic"},     {"cluster|nodes", "server"},
      {"object|freq", "generic"}};
  for (const auto& [name, family] : cases) CHECK(family_name(row_of(name).family) == family);
}

}  // namespace
}  // namespace slotway::protocol
