// A module for redis-server, with commands that no command table knows: by one key, by a number of keys,
// split over shards, sent to all of them, and one for administrators. Loaded by a test with --loadmodule.
// Source: "Redis modules API reference"; of the API only what is used here is declared.
#include <cstddef>
#include <cstdint>

namespace {

struct Context;
struct String;
struct CallReply;
struct Command;

enum BeginSearch { kBeginNone, kBeginUnknown, kBeginIndex, kBeginKeyword };
enum FindKeys { kFindOmitted, kFindUnknown, kFindRange, kFindKeynum };

struct KeySpec {
  const char* notes;
  std::uint64_t flags;
  BeginSearch begin_search;
  union {
    struct {
      int position;
    } index;
    struct {
      const char* word;
      int startfrom;
    } keyword;
  } begin;
  FindKeys find_keys;
  struct {
    int first, second, third;  // lastkey, keystep, limit or keynumidx, firstkey, keystep
  } find;
};

struct InfoVersion {
  int version;
  std::size_t history_bytes, keyspec_bytes, argument_bytes;
};

struct CommandInfo {
  const InfoVersion* version;
  const char *summary, *complexity, *since;
  void* history;
  const char* tips;
  int arity;
  const KeySpec* keys;
  void* arguments;
};

constexpr int kOk = 0;
constexpr int kApiVersion = 1;
constexpr std::uint64_t kReadWrite = 1u << 1;
constexpr std::uint64_t kAccess = 1u << 4;
constexpr InfoVersion kInfoVersion = {1, 2 * sizeof(char*), sizeof(KeySpec), 8 * sizeof(char*)};

int (*get_api)(const char*, void*);
void (*set_attributes)(Context*, const char*, int, int);
int (*create_command)(Context*, const char*, int (*)(Context*, String**, int), const char*, int, int, int);
Command* (*get_command)(Context*, const char*);
int (*set_command_info)(Command*, const CommandInfo*);
int (*reply_with_integer)(Context*, long long);
CallReply* (*call)(Context*, const char*, const char*, ...);
int (*reply_with_call_reply)(Context*, CallReply*);

int set(Context* context, String** argv, int argc) {
  if (argc != 3) return reply_with_integer(context, -1);
  return reply_with_call_reply(context, call(context, "SET", "!ss", argv[1], argv[2]));
}
int get(Context* context, String** argv, int argc) {
  if (argc != 2) return reply_with_integer(context, -1);
  return reply_with_call_reply(context, call(context, "GET", "s", argv[1]));
}
int count(Context* context, String** argv, int argc) {
  return reply_with_call_reply(context,
                               call(context, "EXISTS", "v", argv + 2, static_cast<std::size_t>(argc - 2)));
}
int remove(Context* context, String** argv, int argc) {
  return reply_with_call_reply(context,
                               call(context, "DEL", "!v", argv + 1, static_cast<std::size_t>(argc - 1)));
}
int one(Context* context, String**, int) { return reply_with_integer(context, 1); }

int add(Context* context, const char* name, int (*run)(Context*, String**, int), const char* flags,
        const CommandInfo& info) {
  if (create_command(context, name, run, flags, 0, 0, 0) != kOk) return 1;
  return set_command_info(get_command(context, name), &info);
}

template <class Function>
bool find(const char* name, Function& function) {
  return get_api(name, reinterpret_cast<void*>(&function)) == kOk;
}

}  // namespace

extern "C" int RedisModule_OnLoad(Context* context, String**, int) {
  get_api = *reinterpret_cast<int (**)(const char*, void*)>(context);
  const bool found =
      find("RedisModule_SetModuleAttribs", set_attributes) &&
      find("RedisModule_CreateCommand", create_command) && find("RedisModule_GetCommand", get_command) &&
      find("RedisModule_SetCommandInfo", set_command_info) &&
      find("RedisModule_ReplyWithLongLong", reply_with_integer) && find("RedisModule_Call", call) &&
      find("RedisModule_ReplyWithCallReply", reply_with_call_reply);
  if (!found) return 1;
  set_attributes(context, "acme", 1, kApiVersion);

  static const KeySpec kFirst[] = {{nullptr, kReadWrite | kAccess, kBeginIndex, {{1}}, kFindRange, {0, 1, 0}},
                                   {}};
  static const KeySpec kAll[] = {{nullptr, kReadWrite | kAccess, kBeginIndex, {{1}}, kFindRange, {-1, 1, 0}},
                                 {}};
  static const KeySpec kCounted[] = {
      {nullptr, kReadWrite | kAccess, kBeginIndex, {{1}}, kFindKeynum, {0, 1, 1}}, {}};
  const auto info = [](int arity, const KeySpec* keys, const char* tips) {
    return CommandInfo{&kInfoVersion, nullptr, nullptr, nullptr, nullptr, tips, arity, keys, nullptr};
  };
  int failed = add(context, "acme.set", set, "write", info(3, kFirst, nullptr));
  failed += add(context, "acme.get", get, "readonly", info(2, kFirst, nullptr));
  failed += add(context, "acme.count", count, "readonly", info(-3, kCounted, nullptr));
  failed += add(context, "acme.del", remove, "write",
                info(-2, kAll, "request_policy:multi_shard response_policy:agg_sum"));
  failed += add(context, "acme.shards", one, "readonly",
                info(1, nullptr, "request_policy:all_shards response_policy:agg_sum"));
  failed += add(context, "acme.tune", one, "admin", info(1, nullptr, nullptr));
  return failed;
}
