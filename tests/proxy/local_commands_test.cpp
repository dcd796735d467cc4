#include "proxy/client/local_commands.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/decimal.hpp"
#include "protocol/reply_errors.hpp"
#include "tests/protocol/request_words.hpp"
#include "tests/proxy/local_stage.hpp"

using namespace slotway;
using namespace slotway::proxy;
using Words = std::vector<std::string>;

namespace {

std::string encoded(const Words& words) { return std::string(protocol::RequestWords(words).view().bytes()); }

std::string error(std::string_view text) { return "-" + std::string(text) + "\r\n"; }

config::Config with_password(std::string password) {
  config::Config config;
  config.client.requirepass = std::move(password);
  return config;
}

struct Exchange {
  Words request;
  std::string reply;
};

// One session, request by request.
void check_all(LocalStage& stage, const std::vector<Exchange>& exchanges) {
  for (const Exchange& e : exchanges) {
    INFO(encoded(e.request));
    CHECK(stage.exchange(encoded(e.request)) == e.reply);
  }
}

std::string hello_reply(std::string_view version) {
  return "*14\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$" + std::to_string(version.size()) +
         "\r\n" + std::string(version) +
         "\r\n$5\r\nproto\r\n:2\r\n$2\r\nid\r\n:7\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$"
         "6\r\nmaster\r\n"
         "$7\r\nmodules\r\n*0\r\n";
}

namespace errors = protocol::errors;

}  // namespace

TEST_CASE("PING, ECHO and SELECT are answered as by one server with one database") {
  LocalStage stage;
  const std::string zero("a\0b", 3);
  check_all(stage, {
                       {{"PING"}, "+PONG\r\n"},
                       {{"ping", "hello"}, "$5\r\nhello\r\n"},
                       {{"PING", ""}, "$0\r\n\r\n"},
                       {{"PING", "a", "b"}, "-ERR wrong number of arguments for 'ping' command\r\n"},
                       {{"ECHO", zero}, "$3\r\n" + zero + "\r\n"},
                       {{"ECHO"}, "-ERR wrong number of arguments for 'echo' command\r\n"},
                       {{"SELECT", "0"}, "+OK\r\n"},
                       {{"SELECT", "1"}, error(errors::kSelectRefused)},
                       {{"SELECT", "-1"}, error(errors::kSelectRefused)},
                       {{"SELECT", "2147483647"}, error(errors::kSelectRefused)},
                       {{"SELECT", "2147483648"}, error(errors::kNotInIntRange)},
                       {{"SELECT", "-2147483649"}, error(errors::kNotInIntRange)},
                       {{"SELECT", "x"}, error(errors::kNotInteger)},
                       {{"SELECT", ""}, error(errors::kNotInteger)},
                       {{"SELECT", "00"}, error(errors::kNotInteger)},
                       {{"READONLY"}, "+OK\r\n"},
                       {{"READWRITE"}, "+OK\r\n"},
                       {{"ASKING"}, "+OK\r\n"},
                   });
}

TEST_CASE("CLIENT knows the session's id and name") {
  LocalStage stage;
  check_all(stage, {
                       {{"CLIENT", "ID"}, ":7\r\n"},
                       {{"CLIENT", "GETNAME"}, "$-1\r\n"},
                       {{"client", "setname", "worker-1"}, "+OK\r\n"},
                       {{"CLIENT", "GETNAME"}, "$8\r\nworker-1\r\n"},
                       {{"CLIENT", "SETNAME", "two words"}, error(errors::kBadClientName)},
                       {{"CLIENT", "SETNAME", "line\n"}, error(errors::kBadClientName)},
                       {{"CLIENT", "SETNAME", "caf\xC3\xA9"}, error(errors::kBadClientName)},
                       {{"CLIENT", "SETNAME", "\x7F"}, error(errors::kBadClientName)},
                       {{"CLIENT", "GETNAME"}, "$8\r\nworker-1\r\n"},
                       {{"CLIENT", "SETNAME", "!~"}, "+OK\r\n"},
                       {{"CLIENT", "GETNAME"}, "$2\r\n!~\r\n"},
                       {{"CLIENT", "SETNAME", ""}, "+OK\r\n"},
                       {{"CLIENT", "GETNAME"}, "$-1\r\n"},
                       {{"HELLO", "2", "SETNAME", "by-hello"}, hello_reply("0.0.0")},
                       {{"CLIENT", "GETNAME"}, "$8\r\nby-hello\r\n"},
                       {{"RESET"}, "+RESET\r\n"},
                       {{"CLIENT", "GETNAME"}, "$-1\r\n"},
                       {{"CLIENT", "ID"}, ":7\r\n"},
                   });
}

TEST_CASE("Without a password AUTH is a mistake unless it names the default user") {
  LocalStage stage;
  check_all(stage, {
                       {{"AUTH", "x"}, error(errors::kAuthWithoutPassword)},
                       {{"AUTH", "default", "x"}, "+OK\r\n"},
                       {{"AUTH", "default", ""}, "+OK\r\n"},
                       {{"AUTH", "Default", "x"}, error(errors::kWrongPass)},
                       {{"AUTH", "other", "x"}, error(errors::kWrongPass)},
                       {{"AUTH", "a", "b", "c"}, error(errors::kSyntax)},
                       {{"PING"}, "+PONG\r\n"},
                       {{"RESET"}, "+RESET\r\n"},
                       {{"PING"}, "+PONG\r\n"},
                   });
}

TEST_CASE("With a password nothing is answered before it was given") {
  LocalStage stage(with_password("secret"));
  check_all(stage, {
                       {{"PING"}, error(errors::kNoAuth)},
                       {{"CONFIG", "GET", "save"}, error(errors::kNoAuth)},
                       {{"GET", "a"}, error(errors::kNoAuth)},
                       {{"HELLO"}, error(errors::kHelloNoAuth)},
                       {{"HELLO", "2", "SETNAME", "n"}, error(errors::kHelloNoAuth)},
                       {{"AUTH", ""}, error(errors::kWrongPass)},
                       {{"AUTH", "secre"}, error(errors::kWrongPass)},
                       {{"AUTH", "secrets"}, error(errors::kWrongPass)},
                       {{"AUTH", "Secret"}, error(errors::kWrongPass)},
                       {{"AUTH", "secretsecret"}, error(errors::kWrongPass)},
                       {{"AUTH", "other", "secret"}, error(errors::kWrongPass)},
                       {{"PING"}, error(errors::kNoAuth)},
                       {{"AUTH", "secret"}, "+OK\r\n"},
                       {{"PING"}, "+PONG\r\n"},
                       // A wrong password later takes nothing away, RESET does.
                       {{"AUTH", "wrong"}, error(errors::kWrongPass)},
                       {{"PING"}, "+PONG\r\n"},
                       {{"RESET"}, "+RESET\r\n"},
                       {{"PING"}, error(errors::kNoAuth)},
                       {{"AUTH", "default", "secret"}, "+OK\r\n"},
                       {{"PING"}, "+PONG\r\n"},
                   });
}

TEST_CASE("With users the default one is off, unless it has a password") {
  config::Config config;
  config.client.users = {{"app", "", "word"}, {"batch", "", "other"}};
  const bool has_default = GENERATE(false, true);
  if (has_default) config.client.requirepass = "default-word";
  LocalStage stage(config);
  const std::string wrong = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
  CHECK(stage.exchange("PING\r\n") == "-NOAUTH Authentication required.\r\n");
  CHECK(stage.exchange("AUTH default x\r\n") == wrong);
  CHECK(stage.exchange("AUTH x\r\n") == wrong);
  CHECK(stage.exchange("AUTH app other\r\n") == wrong);
  CHECK(stage.exchange("AUTH nobody word\r\n") == wrong);
  CHECK(stage.exchange("AUTH default default-word\r\n") == (has_default ? "+OK\r\n" : wrong));
  CHECK(stage.exchange("AUTH app word\r\n") == "+OK\r\n");
  CHECK(stage.exchange("ACL WHOAMI\r\n") == "$3\r\napp\r\n");
  CHECK(stage.exchange("AUTH batch other\r\n") == "+OK\r\n");
  CHECK(stage.exchange("ACL WHOAMI\r\n") == "$5\r\nbatch\r\n");
  CHECK(stage.exchange("AUTH app other\r\n") == wrong);
  CHECK(stage.exchange("ACL WHOAMI\r\n") == "$5\r\nbatch\r\n");
  CHECK(stage.exchange("ACL USERS\r\n") == "*3\r\n$7\r\ndefault\r\n$3\r\napp\r\n$5\r\nbatch\r\n");
  const std::string listed = has_default ? "user default on ~* &* +@all" : "user default off ~* &* +@all";
  CHECK(stage.exchange("ACL LIST\r\n").find(listed) != std::string::npos);
  CHECK(stage.exchange("ACL GETUSER app\r\n").starts_with("*12\r\n$5\r\nflags\r\n*1\r\n$2\r\non\r\n"));
  CHECK(stage.exchange("ACL GETUSER nobody\r\n") == "$-1\r\n");
  CHECK(stage.exchange("CLIENT INFO\r\n").find(" user=batch ") != std::string::npos);
  CHECK(stage.exchange("RESET\r\n") == "+RESET\r\n");
  CHECK(stage.exchange("PING\r\n") == "-NOAUTH Authentication required.\r\n");
  CHECK(stage.exchange("HELLO 2 AUTH app word\r\n").starts_with("*14\r\n"));
  CHECK(stage.exchange("ACL WHOAMI\r\n") == "$3\r\napp\r\n");
}

TEST_CASE("AUTH counts for the very next command of the same packet") {
  LocalStage stage(with_password("secret"));
  CHECK(stage.exchange(encoded({"PING"}) + encoded({"AUTH", "secret"}) + encoded({"PING"}) +
                       encoded({"RESET"}) + encoded({"PING"})) ==
        error(errors::kNoAuth) + "+OK\r\n+PONG\r\n+RESET\r\n" + error(errors::kNoAuth));
}

TEST_CASE("HELLO greets in RESP2 and refuses what it does not know") {
  LocalStage stage;
  check_all(stage, {
                       {{"HELLO"}, hello_reply("0.0.0")},
                       {{"hello", "2"}, hello_reply("0.0.0")},
                       {{"HELLO", "4"}, error(errors::kNoProto)},
                       {{"HELLO", "1"}, error(errors::kNoProto)},
                       {{"HELLO", "-2"}, error(errors::kNoProto)},
                       {{"HELLO", "x"}, error(errors::kProtoNotInteger)},
                       {{"HELLO", "02"}, error(errors::kProtoNotInteger)},
                       {{"HELLO", "2", "AUTH", "default", "any"}, hello_reply("0.0.0")},
                       {{"HELLO", "2", "AUTH", "other", "any"}, error(errors::kWrongPass)},
                       {{"HELLO", "2", "AUTH", "default"}, "-ERR Syntax error in HELLO option 'AUTH'\r\n"},
                       {{"HELLO", "2", "SETNAME"}, "-ERR Syntax error in HELLO option 'SETNAME'\r\n"},
                       {{"HELLO", "2", "NOSUCH", "x"}, "-ERR Syntax error in HELLO option 'NOSUCH'\r\n"},
                       {{"HELLO", "2", "SETNAME", "a b"}, error(errors::kBadClientName)},
                       {{"HELLO", "2", "setname", "n", "auth", "default", "x"}, hello_reply("0.0.0")},
                       {{"CLIENT", "GETNAME"}, "$1\r\nn\r\n"},
                   });
  stage.set_server_version("7.2.4");
  CHECK(stage.exchange(encoded({"HELLO"})) == hello_reply("7.2.4"));
}

TEST_CASE("In RESP3 maps, nulls and texts have types of their own, until RESET") {
  LocalStage stage;
  const std::string two = hello_reply("0.0.0");
  std::string three = two;
  three.replace(0, 3, "%7");
  three.replace(three.find("proto\r\n:2"), 9, "proto\r\n:3");
  CHECK(stage.exchange(encoded({"HELLO", "3"})) == three);
  CHECK(stage.exchange(encoded({"HELLO"})) == three);
  CHECK(stage.exchange(encoded({"CLIENT", "GETNAME"})) == "_\r\n");
  CHECK(stage.exchange(encoded({"INFO", "slotway"})).find("\r\ntxt:# Slotway\r\n") != std::string::npos);
  CHECK(stage.exchange(encoded({"HELLO", "5"})) == error(errors::kNoProto));
  CHECK(stage.exchange(encoded({"CLIENT", "GETNAME"})) == "_\r\n");
  CHECK(stage.exchange(encoded({"RESET"})) == "+RESET\r\n");
  CHECK(stage.exchange(encoded({"CLIENT", "GETNAME"})) == "$-1\r\n");
  CHECK(stage.exchange(encoded({"HELLO"})) == two);
}

TEST_CASE("HELLO logs in, and keeps what was said before its first mistake") {
  LocalStage stage(with_password("secret"));
  check_all(stage, {
                       {{"HELLO", "2", "AUTH", "default", "wrong"}, error(errors::kWrongPass)},
                       {{"PING"}, error(errors::kNoAuth)},
                       {{"HELLO", "2", "AUTH", "default", "secret", "SETNAME", "n"}, hello_reply("0.0.0")},
                       {{"PING"}, "+PONG\r\n"},
                       {{"CLIENT", "GETNAME"}, "$1\r\nn\r\n"},
                       {{"RESET"}, "+RESET\r\n"},
                       {{"HELLO", "2", "AUTH", "default", "secret", "NOSUCH"},
                        "-ERR Syntax error in HELLO option 'NOSUCH'\r\n"},
                       {{"PING"}, "+PONG\r\n"},
                   });
}

TEST_CASE("TIME gives seconds and microseconds") {
  LocalStage stage;
  const std::string reply = stage.exchange(encoded({"TIME"}));
  REQUIRE(reply.starts_with("*2\r\n$10\r\n"));
  const auto seconds = protocol::parse_decimal(reply.substr(9, 10));
  REQUIRE(seconds);
  CHECK(*seconds > 1'700'000'000);
  const std::size_t at = reply.find("\r\n", 21) + 2;
  const auto microseconds = protocol::parse_decimal(reply.substr(at, reply.size() - 2 - at));
  REQUIRE(microseconds);
  CHECK(*microseconds < 1'000'000);
}

TEST_CASE("INFO of Slotway alone asks no node") {
  LocalStage stage;
  const std::string reply = stage.exchange(encoded({"INFO", "SlotWay"}));
  CHECK(reply.find("\r\n# Slotway\r\nslotway_version:" SLOTWAY_VERSION "\r\n") != std::string::npos);
  CHECK(reply.find("\r\nworkers:1\r\n") != std::string::npos);
  CHECK(reply.find("# Server") == std::string::npos);
}

TEST_CASE("DEBUG is refused unless it is allowed, and then what is of one node alone") {
  LocalStage off;
  check_all(off, {{{"DEBUG", "SLEEP", "0"}, error(errors::kDebugOff)},
                  {{"DEBUG"}, "-ERR wrong number of arguments for 'debug' command\r\n"}});
  config::Config config;
  config.client.debug_command = config::DebugCommand::allow;
  LocalStage on(config);
  check_all(on,
            {{{"debug", "segfault"},
              "-ERR DEBUG SEGFAULT is not supported by Slotway: it is for one node alone; send it to that "
              "node\r\n"}});
}

TEST_CASE("QUIT is answered, what comes behind it is not, and the connection is closed") {
  LocalStage stage(with_password("secret"));
  CHECK(stage.exchange(encoded({"PING"}) + encoded({"QUIT"}) + encoded({"PING"})) ==
        error(errors::kNoAuth) + "+OK\r\n");
  CHECK(stage.closed());
  CHECK(stage.counters().clients_closed.get() == 1);
}

TEST_CASE("What the proxy refuses it names, and goes on") {
  LocalStage stage;
  check_all(stage, {
                       {{"NOSUCH", "a"}, "-ERR unknown command 'NOSUCH', with args beginning with: 'a' \r\n"},
                       {{"CLIENT", "NOSUCH"}, "-ERR unknown subcommand 'NOSUCH'. Try CLIENT HELP.\r\n"},
                       {{"CLIENT"}, "-ERR wrong number of arguments for 'client' command\r\n"},
                       {{"GET"}, "-ERR wrong number of arguments for 'get' command\r\n"},
                       {{"CLIENT", "ID", "x"}, "-ERR wrong number of arguments for 'client|id' command\r\n"},
                       {{"CLUSTER", "RESET"}, "-ERR command 'cluster|reset' is not supported by Slotway\r\n"},
                       {{"RENAME", "a", "b"}, error(errors::kCrossSlot)},
                       {{"PING"}, "+PONG\r\n"},
                   });
}

TEST_CASE("a subscriber's PING is answered like a message") {
  LocalStage stage;
  stage.session().state().facts.subscriber = true;
  check_all(
      stage,
      {
          {{"PING"}, "*2\r\n$4\r\npong\r\n$0\r\n\r\n"},
          {{"PING", "a b"}, "*2\r\n$4\r\npong\r\n$3\r\na b\r\n"},
          {{"PING", "a", "b"}, "-ERR wrong number of arguments for 'ping' command\r\n"},
          {{"ECHO", "a"},
           "-ERR Can't execute 'echo': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are "
           "allowed in this context\r\n"},
          {{"RESET"}, "+RESET\r\n"},
      });
}
