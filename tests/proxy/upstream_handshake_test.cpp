#include "proxy/upstream/upstream_handshake.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace slotway;
using namespace slotway::proxy;
using Status = UpstreamHandshake::Status;

namespace {

config::UpstreamConfig login(std::string username, std::string password) {
  config::UpstreamConfig upstream;
  upstream.username = std::move(username);
  upstream.password = std::move(password);
  return upstream;
}

}  // namespace

TEST_CASE("The handshake says AUTH if there is a password, and nothing else") {
  struct Case {
    config::UpstreamConfig upstream;
    std::string greeting;
  };
  const Case cases[] = {
      {login("", ""), ""},
      {login("user", ""), ""},
      {login("", "secret"), "*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n"},
      {login("user", "secret"), "*3\r\n$4\r\nAUTH\r\n$4\r\nuser\r\n$6\r\nsecret\r\n"},
      {login("", "a b\r\n\"c"), "*2\r\n$4\r\nAUTH\r\n$7\r\na b\r\n\"c\r\n"},
  };
  for (const Case& c : cases) CHECK(UpstreamHandshake(c.upstream, {}).start() == c.greeting);
}

TEST_CASE("For RESP3 it is HELLO, with the password if there is one") {
  CHECK(UpstreamHandshake(login("", ""), {.resp3 = true}).start() == "*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n");
  CHECK(UpstreamHandshake(login("", "pw"), {.resp3 = true}).start() ==
        "*5\r\n$5\r\nHELLO\r\n$1\r\n3\r\n$4\r\nAUTH\r\n$7\r\ndefault\r\n$2\r\npw\r\n");
  CHECK(UpstreamHandshake(login("me", "pw"), {.resp3 = true}).start() ==
        "*5\r\n$5\r\nHELLO\r\n$1\r\n3\r\n$4\r\nAUTH\r\n$2\r\nme\r\n$2\r\npw\r\n");
  const config::UpstreamConfig upstream;
  UpstreamHandshake handshake(upstream, {.resp3 = true});
  handshake.start();
  CHECK(handshake.on_reply("%1\r\n$5\r\nproto\r\n:3\r\n") == Status::done);
}

TEST_CASE("One good reply ends the handshake") {
  const config::UpstreamConfig upstream = login("", "secret");
  UpstreamHandshake handshake(upstream, {});
  REQUIRE_FALSE(handshake.start().empty());
  CHECK(handshake.on_reply("+OK\r\n") == Status::done);
  CHECK(handshake.error().empty());
}

TEST_CASE("A connection that may have to be named is asked for its id last, and can do without") {
  const std::string ask = "*2\r\n$6\r\nCLIENT\r\n$2\r\nID\r\n";
  const config::UpstreamConfig none = login("", "");
  UpstreamHandshake plain(none, {.asks_id = true});
  CHECK(plain.start() == ask);
  CHECK(plain.on_reply(":1234\r\n") == Status::done);
  CHECK(plain.client_id() == 1234);
  CHECK(plain.start() == ask);
  CHECK(plain.client_id() == 0);
  CHECK(plain.on_reply("-NOPERM this user has no permissions to run the 'client|id' command\r\n") ==
        Status::done);
  CHECK(plain.client_id() == 0);

  const config::UpstreamConfig secret = login("", "pw");
  for (const bool resp3 : {false, true}) {
    UpstreamHandshake handshake(secret, {.resp3 = resp3, .asks_id = true});
    CHECK(handshake.start() == UpstreamHandshake(secret, {.resp3 = resp3}).start() + ask);
    CHECK(handshake.on_reply("+OK\r\n") == Status::waiting);
    CHECK(handshake.on_reply(":7\r\n") == Status::done);
    CHECK(handshake.client_id() == 7);
    handshake.start();
    CHECK(handshake.on_reply("-WRONGPASS invalid username-password pair or user is disabled.\r\n") ==
          Status::failed);
  }
}

TEST_CASE("A refusal says what it means and where to look, and the next attempt starts afresh") {
  const config::UpstreamConfig upstream = login("user", "secret");
  UpstreamHandshake handshake(upstream, {});
  const std::string greeting = handshake.start();
  CHECK(handshake.on_reply("-WRONGPASS invalid username-password pair or user is disabled.\r\n") ==
        Status::failed);
  CHECK(handshake.error() ==
        "wrong username or password: check upstream.username and upstream.password (or "
        "upstream.password_file)");
  CHECK(handshake.start() == greeting);
  CHECK(handshake.error().empty());
  CHECK(handshake.on_reply("+OK\r\n") == Status::done);
}

TEST_CASE("A node that repeats the password in its error does not get it into ours") {
  // As Redis quotes it: at most 128 bytes, line ends as blanks.
  const auto [password, quoted] = GENERATE(table<std::string, std::string>({
      {"secret", "secret"},
      {std::string(200, 's'), std::string(128, 's')},
      {"se\r\ncret", "se  cret"},
      {"sec'ret", "sec'ret"},
  }));
  CAPTURE(password);
  const config::UpstreamConfig upstream = login("", password);
  UpstreamHandshake handshake(upstream, {});
  handshake.start();
  CHECK(handshake.on_reply("-ERR unknown command 'AUTH', with args beginning with: '" + quoted + "' \r\n") ==
        Status::failed);
  CHECK(handshake.error() == "AUTH was refused with ERR: check upstream.username and upstream.password");
  handshake.start();
  CHECK(handshake.on_reply("-" + quoted + "\r\n") == Status::failed);
  CHECK(handshake.error() == "AUTH was refused with an error: check upstream.username and upstream.password");
}

TEST_CASE("A password that was changed meanwhile is used by the next connection") {
  config::UpstreamConfig upstream = login("", "old");
  UpstreamHandshake handshake(upstream, {});
  CHECK(handshake.start() == "*2\r\n$4\r\nAUTH\r\n$3\r\nold\r\n");
  upstream.password = "newer";
  CHECK(handshake.start() == "*2\r\n$4\r\nAUTH\r\n$5\r\nnewer\r\n");
}

TEST_CASE("A connection for clients with NO-TOUCH says so to the node, which may refuse") {
  const std::string no_touch = "*3\r\n$6\r\nCLIENT\r\n$8\r\nNO-TOUCH\r\n$2\r\nON\r\n";
  const std::string ask = "*2\r\n$6\r\nCLIENT\r\n$2\r\nID\r\n";
  const config::UpstreamConfig secret = login("", "pw");
  UpstreamHandshake handshake(secret, {.asks_id = true, .no_touch = true});
  for (const bool refused : {false, true, false}) {
    CHECK(handshake.start() == UpstreamHandshake(secret, {}).start() + no_touch + ask);
    CHECK(handshake.on_reply("+OK\r\n") == Status::waiting);
    CHECK(handshake.on_reply(refused ? "-ERR unknown subcommand 'NO-TOUCH'. Try CLIENT HELP.\r\n"
                                     : "+OK\r\n") == Status::waiting);
    CHECK(handshake.on_reply(":7\r\n") == Status::done);
    CHECK(handshake.no_touch_refused() == refused);
    CHECK(handshake.client_id() == 7);
  }
  const config::UpstreamConfig none = login("", "");
  UpstreamHandshake plain(none, {.no_touch = true});
  CHECK(plain.start() == no_touch);
  CHECK(plain.on_reply("+OK\r\n") == Status::done);
}
