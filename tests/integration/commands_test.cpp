// Commands through Slotway compared with the same commands on one plain redis-server: there is no better
// oracle for "looks like one Redis server".
#include <catch2/catch.hpp>

#include <algorithm>
#include <cctype>

#include "tests/integration/proxied_cluster.hpp"
#include "tests/kit/child_process.hpp"
#include "tests/kit/redis_process.hpp"

namespace slotway::integration {
namespace {

using kit::Args;
using kit::RedisProcess;
using kit::TestClient;

void compare(const std::vector<Args>& commands) {
  ProxiedCluster proxied;
  const RedisProcess plain;
  TestClient through = proxied.client();
  TestClient direct = plain.client();
  for (const Args& command : commands) {
    std::string line;
    for (const std::string& argument : command) line += argument + " ";
    INFO(line);
    CHECK(through.text(command) == direct.text(command));
  }
}

std::vector<Args> lines(const std::vector<std::string>& all) {
  std::vector<Args> out;
  for (const std::string& line : all) out.push_back(words(line));
  return out;
}

}  // namespace

TEST_CASE("XREAD and XREADGROUP of streams in several slots answer as one server does") {
  std::vector<std::string> all;
  for (const char* key : {"a", "b", "c", "d"}) {
    for (const char* id : {" 1-1 f 1", " 1-2 f 2", " 1-3 f 3"})
      all.push_back("XADD " + std::string(key) + id);
    all.push_back("XGROUP CREATE " + std::string(key) + " g 0");
  }
  for (const char* line : {
           "XREAD STREAMS d c b a 0 0 0 0",
           "XREAD STREAMS a b c d 1-1 1-2 1-3 9",
           "XREAD COUNT 1 STREAMS d none a 0 0 1-2",
           "XREAD count 2 streams a b 0 0",
           "XREAD STREAMS a b $ $",
           "XREAD STREAMS none nothing 0 0",
           "XREAD STREAMS a {a}x b a 0 0 0 1-2",
           "XREADGROUP GROUP g ann COUNT 1 STREAMS b a > >",
           "XREADGROUP GROUP g ann STREAMS b a 0 0",
           "XREADGROUP GROUP g bob NOACK STREAMS a b c > > >",
           "XREADGROUP GROUP g bob STREAMS a b c > > >",
           "XREADGROUP GROUP g bob STREAMS a b c 0 0 0",
           "XPENDING a g",
           "XPENDING c g",
           "XREADGROUP GROUP g ann STREAMS c none > >",
           "XREADGROUP GROUP none ann STREAMS d a > >",
           "XREAD STREAMS a b x y",
           "XREAD COUNT x STREAMS a b 0 0",
           "XREAD NOACK STREAMS a b 0 0",
           "XREAD GROUP g c STREAMS a b 0 0",
           "XREAD STREAMS a b > >",
           "XREAD STREAMS a b c 0 0",
           "XREADGROUP COUNT 1 STREAMS a b > >",
           "XREADGROUP GROUP g c STREAMS a b $ $",
           "SET s 1",
           "XREAD STREAMS a s b 0 0 0",
       }) {
    all.emplace_back(line);
  }
  compare(lines(all));
}

TEST_CASE("commands on strings and keys answer as one server does") {
  compare(lines({
      "PING",
      "PING hello",
      "ECHO hello",
      "SELECT 0",
      "SET a 1",
      "GET a",
      "get a",
      "GET missing",
      "APPEND a 23",
      "STRLEN a",
      "INCR a",
      "INCRBY a 10",
      "DECR a",
      "INCRBYFLOAT a 0.5",
      "GETRANGE a 0 1",
      "SETRANGE a 1 x",
      "GETSET a new",
      "SETNX a other",
      "SET a b NX",
      "SET a b XX GET",
      "GETEX a EX 1000",
      "PERSIST a",
      "GETDEL a",
      "SETEX a 1000 v",
      "EXPIREAT a 33177117420",
      "EXPIRETIME a",
      "TYPE a",
      "TYPE missing",
      "OBJECT ENCODING a",
      "OBJECT REFCOUNT a",
      "OBJECT HELP",
      "OBJECT NOSUCH a",
      "RENAME {t}no {t}other",
      "SET {t}x 1",
      "RENAME {t}x {t}y",
      "COPY {t}y {t}z",
      "RENAMENX {t}y {t}z",
      "DUMP {t}z",
      "SETBIT bits 7 1",
      "BITCOUNT bits",
      "BITPOS bits 1",
      "BITFIELD bits SET u8 0 255 GET u4 0",
      "BITOP NOT {bits}2 {bits}1",
      "PFADD {p}1 a b c",
      "PFCOUNT {p}1 {p}2",
      "PFMERGE {p}3 {p}1 {p}2",
      "MSETNX {m}1 a {m}2 b",
      "LCS {m}1 {m}2",
      "EXISTS {m}1 {m}2 {m}3",
      "SUBSTR {m}1 0 0",
      "PUBLISH channel message",
  }));
}

TEST_CASE("commands on lists, sets, hashes, sorted sets, streams and places answer as one server does") {
  compare(lines({
      "RPUSH {l} a b c",
      "LRANGE {l} 0 -1",
      "LINDEX {l} 1",
      "LINSERT {l} BEFORE b x",
      "LPOS {l} c",
      "LSET {l} 0 z",
      "LMOVE {l} {l}2 LEFT RIGHT",
      "LMPOP 2 {l}none {l} LEFT COUNT 2",
      "LREM {l} 0 b",
      "LTRIM {l} 0 0",
      "LPOP {l} 5",
      "RPUSH n 3 1 2",
      "SORT n",
      "SORT n DESC LIMIT 0 2",
      "RPUSH {n}s 3 1 2",
      "SORT {n}s STORE {n}d",
      "LRANGE {n}d 0 -1",
      "SADD {s}1 a",
      "SADD {s}2 a",
      "SINTER {s}1 {s}2",
      "SINTERCARD 2 {s}1 {s}2 LIMIT 5",
      "SUNIONSTORE {s}3 {s}1 {s}2",
      "SDIFF {s}1 {s}2",
      "SMOVE {s}1 {s}4 a",
      "SISMEMBER {s}4 a",
      "SMISMEMBER {s}4 a b",
      "SMEMBERS {s}4",
      "SPOP {s}4",
      "HSET h f v g w",
      "HGET h f",
      "HGETALL h",
      "HMGET h f none g",
      "HDEL h g",
      "HINCRBY h n 5",
      "HLEN h",
      "HSCAN h 0",
      "HSTRLEN h f",
      "ZADD {z}1 1 a 2 b 3 c",
      "ZADD {z}2 10 b",
      "ZRANGE {z}1 0 -1 WITHSCORES",
      "ZRANGEBYSCORE {z}1 (1 +inf",
      "ZUNIONSTORE {z}3 2 {z}1 {z}2 WEIGHTS 1 2",
      "ZRANGE {z}3 0 -1 WITHSCORES",
      "ZINTER 2 {z}1 {z}2 WITHSCORES",
      "ZDIFF 2 {z}1 {z}2",
      "ZRANGESTORE {z}4 {z}1 0 1",
      "ZMPOP 1 {z}1 MIN",
      "ZPOPMAX {z}1",
      "ZSCORE {z}3 b",
      "ZRANK {z}3 b",
      "ZINTERCARD 2 {z}2 {z}3",
      "XADD x 1-1 f v",
      "XADD x 1-1 f v",
      "XLEN x",
      "XRANGE x - +",
      "XREAD COUNT 2 STREAMS x 0",
      "XGROUP CREATE x g 0",
      "XREADGROUP GROUP g c COUNT 1 STREAMS x >",
      "XPENDING x g",
      "XACK x g 1-1",
      "XTRIM x MAXLEN 0",
      "XGROUP DESTROY x g",
      "GEOADD {g}1 13.361389 38.115556 Palermo 15.087269 37.502669 Catania",
      "GEODIST {g}1 Palermo Catania",
      "GEOSEARCH {g}1 FROMLONLAT 15 37 BYRADIUS 200 km ASC",
      "GEORADIUS {g}1 15 37 200 km STORE {g}2",
      "ZRANGE {g}2 0 -1",
      "GEOSEARCHSTORE {g}3 {g}1 FROMMEMBER Palermo BYRADIUS 1 km",
  }));
}

TEST_CASE("multi-key commands across slots answer as one server does, duplicates included") {
  Args big_mset = {"MSET"};
  Args big_mget = {"MGET"};
  for (int i = 0; i < 1000; ++i) {
    big_mset.insert(big_mset.end(), {"many:" + std::to_string(i), std::to_string(i * i)});
    big_mget.push_back("many:" + std::to_string((i * 7) % 1100));
  }
  std::vector<Args> commands = lines({
      "MSET a 1 b 2 c 3 d 4",
      "MGET a b c d",
      "MGET d c b a",
      "MGET a",
      "MGET a missing b",
      "MGET a a b a",
      "MSET a 1 a 2",
      "GET a",
      "MSET a x b y a z",
      "MGET a b",
      "EXISTS a b c missing",
      "EXISTS a a a",
      "TOUCH a b c a",
      "DEL a a",
      "EXISTS a",
      "DEL b missing c",
      "UNLINK d d missing",
      "MGET a b c d",
      "DEL none of these",
      "LPUSH list x",
      "MGET list a",
      "MSET list 1 e 2",
      "MGET list e",
      "MSET a",
      "MSET a 1 b",
      "MGET",
      "DEL",
      "mget e",
      "MSET e 1",
      "EXISTS e",
  });
  commands.insert(commands.end(), {big_mset, big_mget, {"MGET", "many:1", std::string("\0\r\n", 3), ""}});
  compare(commands);
}

TEST_CASE("scripts answer as one server does") {
  compare({
      {"EVAL", "return redis.call('SET', KEYS[1], ARGV[1])", "1", "a", "v"},
      {"EVAL", "return {KEYS[1], KEYS[2], ARGV[1]}", "2", "{t}a", "{t}b", "x"},
      {"EVAL", "return redis.call('GET', KEYS[1])", "1", "a"},
      {"EVAL_RO", "return redis.call('GET', KEYS[1])", "1", "a"},
      {"EVAL", "return 7", "0"},
      {"EVAL", "return redis.error_reply('MY error')", "1", "a"},
      {"EVALSHA", "ffffffffffffffffffffffffffffffffffffffff", "1", "a"},
      {"EVAL", "return 1", "x"},
      {"EVAL", "return 1", "-1"},
      {"EVAL", "return 1", "5", "a"},
  });
}

TEST_CASE("errors are those of one server, word for word") {
  compare(lines({
      "NOSUCH",
      "nosuch a b",
      "GET",
      "GET a b",
      "SET a",
      "SET a b c",
      "SET a 1 EX x",
      "LPUSH l",
      "LPUSH l 1",
      "GET l",
      "INCR l",
      "SET s text",
      "INCR s",
      "HSET h f",
      "ZADD z x a",
      "OBJECT",
      "XADD x 0-0 f v",
      "SETRANGE a -1 x",
      "PING a b",
      "ECHO",
      "EXPIRE a x",
      "GETRANGE s x y",
      "RESTORE s 0 junk",
      "BITOP AND",
      "SELECT x",
      "ZUNIONSTORE d x a",
      "SINTERCARD 0 a",
      "LMPOP 0 a LEFT",
  }));
}

TEST_CASE("keys of two slots are refused as a cluster refuses them") {
  ProxiedCluster proxied;
  TestClient client = proxied.client();
  for (const char* const line :
       {"RENAME a b", "MSETNX a 1 b 2", "SUNIONSTORE a b c", "SINTER a b", "PFCOUNT a b",
        "LMOVE a b LEFT RIGHT", "ZUNIONSTORE a 2 b c", "BITOP AND a b c", "COPY a b", "EVAL return 2 a b",
        "SORT a STORE b", "XREAD BLOCK 1 STREAMS a b 0 0"}) {
    INFO(line);
    CHECK(client.text(words(line)) == "-CROSSSLOT Keys in request don't hash to the same slot");
  }
  CHECK(client.text({"PING"}) == "+PONG");
}

TEST_CASE("commands that are not served are refused by name, and the connection stays") {
  ProxiedCluster proxied;
  TestClient client = proxied.client();
  for (const char* const line :
       {"SHUTDOWN", "DEBUG SLEEP 0", "REPLICAOF NO ONE", "MIGRATE h 1 k 0 1", "SELECT 1"}) {
    INFO(line);
    const kit::Reply reply = client.command(words(line));
    CHECK(reply.is_error());
    std::string lower = reply.text;
    std::string name = words(line).front();
    for (std::string* text : {&lower, &name}) {
      std::transform(text->begin(), text->end(), text->begin(),
                     [](unsigned char c) { return std::tolower(c); });
    }
    CHECK(lower.find(name) != std::string::npos);
  }
  CHECK(client.text({"PING"}) == "+PONG");
}

TEST_CASE("redis-benchmark and redis-cli work without a complaint") {
  ProxiedCluster proxied;
  const std::string port = std::to_string(proxied.port());
  const kit::CommandResult bench =
      kit::run_command({"redis-benchmark", "-p", port, "-n", "5000", "-r", "1000", "-P", "8", "-q", "-t",
                        "ping,set,get,incr,lpush,rpop,sadd,hset,mset"},
                       std::chrono::seconds(60));
  INFO(bench.output);
  CHECK(bench.exit_code == 0);
  CHECK(bench.output.find("rror") == std::string::npos);
  CHECK(bench.output.find("WARN") == std::string::npos);
  CHECK(bench.output.find("MSET") != std::string::npos);
  const kit::CommandResult cli =
      kit::run_command({"redis-cli", "-p", port, "mget", "a", "b"}, std::chrono::seconds(10));
  CHECK(cli.exit_code == 0);
  CHECK(cli.output == "\n\n");
}

}  // namespace slotway::integration
