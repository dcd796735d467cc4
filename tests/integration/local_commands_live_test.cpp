// The same requests on a connection to a redis-server and on one to our session: the same bytes come back.
#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "tests/kit/redis_process.hpp"
#include "tests/kit/test_client.hpp"
#include "tests/protocol/request_words.hpp"
#include "tests/proxy/local_stage.hpp"

using namespace slotway;
using protocol::split_words;
using proxy::LocalStage;

namespace {

// Requests of one connection, sent in one packet; separated by " / ".
using Script = std::string_view;

std::string bytes_of(Script script) {
  std::string bytes;
  while (!script.empty()) {
    const std::size_t end = std::min(script.find(" / "), script.size());
    bytes += protocol::RequestWords(split_words(script.substr(0, end))).view().bytes();
    script.remove_prefix(std::min(end + 3, script.size()));
  }
  return bytes;
}

// What Redis answers until it closes the connection.
std::string answer_of(const kit::RedisProcess& redis, std::string_view bytes) {
  kit::TestClient client = redis.client();
  client.send_raw(bytes);
  client.shutdown_send();
  return client.read_until_closed();
}

// Client ids are each server's own.
std::string without_ids(std::string text) {
  static constexpr std::string_view kId = "$2\r\nid\r\n:";
  for (std::size_t at = 0; (at = text.find(kId, at)) != std::string::npos; at += kId.size()) {
    const std::size_t number = at + kId.size();
    text.replace(number, text.find('\r', number) - number, "N");
  }
  return text;
}

std::string version_of(const kit::RedisProcess& redis, const std::string& password) {
  kit::TestClient client = redis.client();
  if (!password.empty()) client.command({"AUTH", password});
  return client.command({"HELLO"}).elements.at(3).text;
}

void compare(const kit::RedisProcess& redis, const config::Config& config,
             const std::vector<Script>& scripts) {
  const std::string version = version_of(redis, config.client.requirepass);
  for (const Script script : scripts) {
    LocalStage stage(config);
    stage.set_server_version(version);
    const std::string bytes = bytes_of(script);
    INFO(script);
    CHECK(without_ids(stage.exchange(bytes)) == without_ids(answer_of(redis, bytes)));
  }
}

const std::vector<Script> kScripts = {
    // What every client says.
    "PING",
    "PING / PING a / PING \"\" / PING a b",
    "ECHO a / ECHO / ECHO a b",
    "QUIT / PING",
    "QUIT a / PING",
    "RESET / RESET x / PING",
    "SELECT 0 / SELECT x / SELECT \"\" / SELECT 00 / SELECT",
    "TIME x",
    "EXEC x / EXEC",
    "MULTI / EXEC x / EXEC / MULTI / PING / EXEC x y / DISCARD",
    "AUTH default secret / EXEC x / MULTI / EXEC x / EXEC",
    "EXEC",
    "ROLE",
    "ROLE x",
    // AUTH.
    "AUTH / AUTH a b c / AUTH a b c d",
    "AUTH x / PING",
    "AUTH \"\" / PING",
    "AUTH default x / PING",
    "AUTH other x / PING",
    "AUTH other secret / PING",
    "AUTH secret / PING / AUTH wrong / PING / RESET / PING",
    "PING / AUTH default secret / PING",
    "auth DEFAULT secret / AUTH secre / AUTH secrets / AUTH SECRET / PING",
    // HELLO.
    "HELLO / PING",
    "HELLO 2 / PING",
    "HELLO 1 / HELLO 4 / HELLO -2 / HELLO 9223372036854775807",
    "HELLO x / HELLO 02 / HELLO \"\" / HELLO 2.0 / HELLO 9223372036854775808",
    "HELLO AUTH default secret",
    "HELLO 2 AUTH default secret / PING / HELLO",
    "HELLO 2 AUTH default wrong / PING",
    "HELLO 2 AUTH other secret / PING",
    "HELLO 2 AUTH default / HELLO 2 AUTH / HELLO 2 SETNAME / HELLO 2 NOSUCH x",
    "HELLO 2 SETNAME n / AUTH secret / CLIENT GETNAME",
    "HELLO 2 SETNAME caf\xC3\xA9 / AUTH secret / CLIENT GETNAME",
    "HELLO 2 AUTH default secret SETNAME n / CLIENT GETNAME",
    "HELLO 2 setname n auth default secret / CLIENT GETNAME / HELLO 2",
    "HELLO 2 AUTH default secret NOSUCH / PING",
    "HELLO 2 SETNAME n AUTH default wrong / AUTH secret / CLIENT GETNAME",
    // CLIENT.
    "AUTH secret / CLIENT GETNAME / CLIENT SETNAME n / CLIENT GETNAME / RESET / AUTH secret / CLIENT GETNAME",
    "AUTH secret / CLIENT SETNAME caf\xC3\xA9 / CLIENT SETNAME \x7F / CLIENT SETNAME !~ / CLIENT GETNAME",
    "AUTH secret / CLIENT SETNAME n / CLIENT SETNAME \"\" / CLIENT GETNAME",
    "AUTH secret / CLIENT / CLIENT NOSUCH / CLIENT ID x / CLIENT SETNAME / CLIENT GETNAME x",
    "AUTH secret / CLIENT REPLY x / CLIENT REPLY ON / CLIENT NO-EVICT x / CLIENT NO-EVICT on / CLIENT "
    "NO-EVICT OFF",
    "AUTH secret / CLIENT REPLY OFF / PING / NOSUCH / CLIENT REPLY x / CLIENT REPLY SKIP / PING / CLIENT "
    "REPLY ON",
    "AUTH secret / CLIENT REPLY SKIP / PING / ECHO a / CLIENT REPLY SKIP / CLIENT REPLY SKIP / PING / PING b",
    "AUTH secret / CLIENT REPLY SKIP / CLIENT REPLY ON / CLIENT REPLY SKIP / CLIENT REPLY x / PING",
    "AUTH secret / CLIENT REPLY SKIP / NOSUCH / PING / CLIENT REPLY SKIP / CLIENT REPLY OFF / PING / RESET / "
    "PING",
    "AUTH secret / CLIENT REPLY SKIP / RESET / CLIENT REPLY OFF / QUIT",
    "AUTH secret / CLIENT GETREDIR / CLIENT TRACKINGINFO / CLIENT CACHING yes / CLIENT CACHING x",
    "AUTH secret / CLIENT TRACKING OFF / CLIENT TRACKING x / CLIENT TRACKING off NOSUCH / CLIENT TRACKING "
    "off BCAST",
    "AUTH secret / CLIENT TRACKING on PREFIX a / CLIENT TRACKING on BCAST OPTIN / CLIENT TRACKING on BCAST "
    "OPTOUT / CLIENT TRACKING on OPTIN OPTOUT / CLIENT TRACKING on BCAST PREFIX ab PREFIX abc / CLIENT "
    "TRACKING on BCAST PREFIX \"\" PREFIX x / CLIENT TRACKING off REDIRECT x / CLIENT TRACKING on REDIRECT",
    "AUTH secret / CLIENT TRACKING off PREFIX / CLIENT TRACKING off PREFIX a OPTIN NOLOOP OPTOUT / CLIENT "
    "NOSUCH a b",
    "AUTH secret / CLIENT LIST x / CLIENT LIST TYPE / CLIENT LIST TYPE x / CLIENT LIST TYPE master / CLIENT "
    "LIST x y",
    "AUTH secret / CLIENT LIST ID / CLIENT LIST ID x / CLIENT LIST ID -1 / CLIENT LIST ID 1 y / CLIENT LIST "
    "TYPE a b",
    "AUTH secret / CLIENT LIST TYPE REPLICA / CLIENT LIST TYPE slave / CLIENT LIST TYPE pubsub",
    "AUTH secret / CLIENT KILL / CLIENT KILL 1.2.3.4:5 / CLIENT KILL ID x / CLIENT KILL ID 0 / CLIENT KILL "
    "ID -1",
    "AUTH secret / CLIENT KILL TYPE x / CLIENT KILL TYPE master / CLIENT KILL USER x / CLIENT KILL x y",
    "AUTH secret / CLIENT KILL ADDR / CLIENT KILL ADDR a LADDR / CLIENT KILL ADDR a LADDR b / CLIENT KILL ID "
    "0 x",
    "AUTH secret / CLIENT KILL SKIPME x ID 1 / CLIENT KILL ADDR a SKIPME no / CLIENT KILL MAXAGE 5",
    "AUTH secret / CLIENT KILL ADDR a ID x y z / CLIENT KILL ID 99999999 / CLIENT KILL TYPE pubsub SKIPME no",
    "AUTH secret / CLIENT PAUSE / CLIENT PAUSE x / CLIENT PAUSE -1 / CLIENT PAUSE 0 x / CLIENT PAUSE 0 WRITE "
    "x",
    "AUTH secret / CLIENT PAUSE 0 / PING / CLIENT PAUSE 0 write / CLIENT PAUSE x y / CLIENT UNPAUSE / CLIENT "
    "UNPAUSE x",
    "AUTH secret / CLIENT PAUSE 100000 WRITE / PING / CLIENT UNPAUSE / PING",
    // ACL, where nothing is told of a password.
    "AUTH secret / ACL WHOAMI / ACL USERS / ACL GETUSER nosuch / ACL WHOAMI x / ACL NOSUCH / ACL",
    // CONFIG.
    "AUTH secret / CONFIG / CONFIG GET / CONFIG NOSUCH",
    // What is refused, and in which order.
    "NOSUCH / NOSUCH a b / NOSUCH a \"\" / \"\" / CONFIG NOSUCH a",
    "GET / GET a b / SET a / MSET a / OBJECT / OBJECT ENCODING / OBJECT NOSUCH x",
    "AUTH secret / GET / NOSUCH / MGET / SUBSCRIBE / MULTI x",
    "POST / PING",
    "Host: a / PING",
};

}  // namespace

TEST_CASE("Without a password Slotway answers as redis-server does") {
  const kit::RedisProcess redis({"--maxclients", "100", "--databases", "1"});
  config::Config config;
  config.limits.max_clients = 100;
  compare(redis, config, kScripts);
}

TEST_CASE("With a password Slotway answers as redis-server does") {
  const kit::RedisProcess redis({"--maxclients", "100", "--databases", "1", "--requirepass", "secret"});
  config::Config config;
  config.limits.max_clients = 100;
  config.client.requirepass = "secret";
  compare(redis, config, kScripts);
  compare(redis, config,
          {
              "GET a / PING / SUBSCRIBE a / MULTI / SELECT 1 / CONFIG GET save / INFO / COMMAND / MGET a b",
              "CLIENT ID / CLIENT GETNAME / ECHO a / TIME / READONLY / WATCH a / EVAL body 0",
          });
}

TEST_CASE("The one user is described as redis-server does it") {
  const kit::RedisProcess redis;
  compare(redis, {}, {"ACL LIST / ACL GETUSER default / ACL GETUSER Default / ACL USERS"});
}

TEST_CASE("SELECT and CLUSTER are answered as by a node of a cluster") {
  const kit::RedisProcess redis({"--cluster-enabled", "yes"});
  compare(redis, {}, {"SELECT 0 / SELECT 1 / SELECT -1 / SELECT 16 / SELECT x / SELECT 2147483647"});
  compare(redis, {}, {"SELECT 2147483648 / SELECT -2147483649 / SELECT 9223372036854775808"});
  compare(redis, {}, {"READONLY / READWRITE / ASKING / PING / CLUSTER KEYSLOT a / CLUSTER KEYSLOT {b}c"});
  compare(redis, {}, {"CLUSTER / CLUSTER NOSUCH / CLUSTER KEYSLOT / CLUSTER SLOTS x / CLUSTER SHARDS x"});
}
